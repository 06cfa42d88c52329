"""What a test may not leave behind: processes, descriptors, tasks."""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["GRPC_KEEPS", "children", "descriptors", "nothing_left"]

GRPC_KEEPS = "anon_inode:[event"
"""What gRPC's own threads wait with: a few for each process, for ever."""


def children() -> set[int]:
    """Process ids of this process's children that are there, zombies too."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found |= set(map(int, (task / "children").read_text("ascii").split()))
        except FileNotFoundError:
            continue  # a thread that has ended
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
def nothing_left(*, but: str = "nothing") -> Iterator[None]:
    """At the end, or soon after it, there are the same processes and descriptors as at the beginning.

    gRPC closes its sockets in threads of its own, and keeps what these wait with: see `GRPC_KEEPS`.
    """
    before = children(), descriptors()
    yield
    bound = time.monotonic() + 60
    while (children() - before[0] or _new(before[1], but)) and time.monotonic() < bound:
        gc.collect()  # gRPC's own sockets go with the last of its objects
        time.sleep(0.05)
    assert children() - before[0] == set(), "processes are left"
    left = _new(before[1], but)
    assert not left, f"descriptors are left: {left}"


def _new(before: set[str], but: str) -> list[str]:
    return [one for one in descriptors() - before if but not in one]
