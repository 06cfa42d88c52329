"""What `comb run` serves: a comb that is clean, what is said of it, and whether its files have changed."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.models import model_locator
from comb_compiler.cli.opening import open_clean

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Addresses, Source

__all__ = ["Looks", "Opened", "changed_since", "greeting", "looks_of", "open_comb"]

Looks = dict[str, tuple[int, int]]
"""Files by path, each with when it was changed and its size."""

_LEFT_OUT = frozenset(("__pycache__", "node_modules", "venv"))
_MOST_FILES = 20_000
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")


class Opened(NamedTuple):
    """A clean comb: where it is, and what a service is made from."""

    path: str
    directory: Path
    source: "Source"


def open_comb(path: str, console: Console) -> Opened | None:
    """Check a comb.yaml, and show what there is to say; None where it has mistakes."""
    from comb_compiler.runtime.service import Source

    clean = open_clean(path, console, "can run")
    if clean is None:
        return None
    source = Source(clean.plan, model_locator(clean.checkout, clean.main), clean.directory)
    return Opened(path, clean.directory, source)


def greeting(opened: Opened, addresses: "Addresses", *, secure: bool) -> str:
    """What one needs to ask it something: lines for other terminals."""
    from comb_compiler.runtime.service import curl_arguments

    plan = opened.source.plan
    method = f"{plan.method.service}/{plan.method.name}"
    scheme, plain = ("https", "-insecure") if secure else ("http", "-plaintext")
    told = [f"{plan.comb} answers {method}", f"  gRPC  {addresses.grpc}", f"  HTTP  {scheme}://{addresses.http}"]
    if plan.experiment is not None:
        arms = ", ".join(f"{arm.name} {arm.weight}" for arm in plan.experiment.arms)
        told.append(f"  arms  {arms} (choose one with the header comb-arm)")
    picture = _picture(opened.directory)
    asked = curl_arguments(plan, f"{scheme}://{addresses.http}", picture or "FILE")
    told += [
        "",
        f"  curl {'-k ' if secure else ''}{asked}",
        f"  grpcurl {plain} {addresses.grpc} describe {plan.method.service}",
    ]
    return "\n".join([*told, "", "Ctrl-C ends it."])


def _picture(directory: Path) -> str | None:
    """A picture of the comb's samples, as a path from here."""
    for root, folders, files in os.walk(directory / "samples"):
        folders.sort()
        for file in sorted(files):
            if file.endswith(_PICTURES):
                return os.path.relpath(os.path.join(root, file))
    return None


def looks_of(directory: Path) -> Looks:
    """How the files below a directory look, but for hidden ones, those that tools make, and our own output."""
    looks: Looks = {}
    own = _own_output()
    for root, folders, files in os.walk(directory):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in _LEFT_OUT]
        for file in files:
            if file.startswith(".") or file.endswith("~"):
                continue
            path = os.path.join(root, file)
            try:
                found = os.stat(path)
            except OSError:
                continue
            if (found.st_dev, found.st_ino) not in own:
                looks[path] = (found.st_mtime_ns, found.st_size)
        if len(looks) > _MOST_FILES:
            break
    return looks


def _own_output() -> set[tuple[int, int]]:
    """The files that stdout and stderr go to: what is said of a change would be the next one."""
    own = set()
    for descriptor in (1, 2):
        with suppress(OSError):
            found = os.fstat(descriptor)
            own.add((found.st_dev, found.st_ino))
    return own


def changed_since(before: Looks, now: Looks) -> str:
    """The files that differ, in few words."""
    differ = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    first = os.path.relpath(differ[0])
    return first if len(differ) == 1 else f"{first} and {len(differ) - 1} more"
