"""What a test may not leave behind: processes, descriptors, tasks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["children", "nothing_left"]


def children() -> set[int]:
    """Process ids of this process's children that are there, zombies too."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= set(map(int, (task / "children").read_text("ascii").split()))
    return found


def descriptors() -> set[str]:
    """What this process has open, apart from what comes and goes with reading this."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{number}: {os.readlink(f'/proc/self/fd/{number}')}")
        except FileNotFoundError:
            continue
    return {one for one in found if "/proc/" not in one}


@contextmanager
def nothing_left() -> Iterator[None]:
    """At the end there are the same processes and descriptors as at the beginning."""
    before = children(), descriptors()
    yield
    after = children(), descriptors()
    assert after[0] - before[0] == set(), "processes are left"
    assert after[1] - before[1] == set(), "descriptors are left"
