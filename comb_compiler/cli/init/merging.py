"""Three versions of a repository's files → what an update makes of them: as made before, as they are, as made now."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.init.making import File

__all__ = ["Merged", "merge"]

_MARKER = b"<<<<<<< "
_LABELS = ("yours", "template before", "template now")


class Merged(NamedTuple):
    """Files to write, None for those to remove; and the line of the first conflict of each file that has one.

    A conflict at line 0 is one that no line shows: a file that is no text, or one that was changed here and left out
    there, or the other way round. It is left as it is.
    """

    written: Mapping[str, File | None]
    conflicts: Mapping[str, int]


def merge(before: Mapping[str, File], own: Mapping[str, File], now: Mapping[str, File]) -> Merged:
    """What only one side has changed is taken; where both have, git merges the lines. What was deleted stays so."""
    written: dict[str, File | None] = {}
    conflicts: dict[str, int] = {}
    for name in sorted({*before, *now}):
        base, ours, theirs = before.get(name), own.get(name), now.get(name)
        if theirs in (base, ours):
            continue
        if ours == base:
            written[name] = theirs
        elif base is not None and ours is not None and theirs is not None:
            content, line = _lines(ours.content, base.content, theirs.content)
            if content is not None:
                written[name] = File(content, theirs.runs)
            if line is not None:
                conflicts[name] = line
        elif ours is not None:
            conflicts[name] = 0
    return Merged(written, conflicts)


def _lines(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes | None, int | None]:
    """The merged bytes, None where they cannot be; and the line of the first conflict."""
    with tempfile.TemporaryDirectory(prefix="comb-init-") as directory:
        names = [str(Path(directory) / str(number)) for number in range(3)]
        for name, content in zip(names, (ours, base, theirs), strict=True):
            Path(name).write_bytes(content)
        labels = [word for label in _LABELS for word in ("-L", label)]
        command = ["git", "-c", "merge.conflictStyle=merge", "merge-file", "-p", *labels, *names]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  names are our own
    if done.returncode < 0 or done.returncode >= 128:  # git: no text, or another error; else the number of conflicts
        return None, 0
    if done.returncode == 0:
        return done.stdout, None
    return done.stdout, done.stdout[: done.stdout.index(_MARKER)].count(b"\n") + 1
