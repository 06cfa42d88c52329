"""Say what differs between two sample sets: which samples came, went, were renamed, or expect something else.

A set is a directory; DIR@REVISION is what a revision of git has there. With one set only, it is compared with what
the last commit has. The exit code is 1 when there is a difference.

example:
  comb samples diff samples/error                     what is not committed yet
  comb samples diff samples/error@main samples/error  what a branch changes
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.samples import SampleSet
    from comb_compiler.samples.difference import SetDifference

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sets", metavar="DIR[@REVISION]", nargs="+", help="one or two sample sets: before, after")
    add_format_argument(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.difference import difference

    sets = list(arguments.sets)
    if len(sets) > 2:
        raise UsageError("two sets can be compared, not more")
    if len(sets) == 1:
        if "@" in sets[0]:
            raise UsageError(f"{sets[0]}: with one set only, name its directory: it is compared with the last commit")
        sets.insert(0, f"{sets[0]}@HEAD")
    before, after = (_load(one, console) for one in sets)
    if before is None or after is None:
        return Exit.FINDINGS
    found = difference(before, after)
    if arguments.format == "json":
        digests = {"before": before.digest, "after": after.digest}
        console.result(json_text({**digests, **_data(found)}))
    else:
        console.result(_shown(_lines(found, before, after)))
    return Exit.CLEAN if found.is_empty else Exit.FINDINGS


def _shown(lines: Iterator[str]) -> str:
    return "\n".join(printable(line) for line in lines)


def _load(given: str, console: Console) -> "SampleSet | None":
    from comb_compiler.samples import load_sample_set

    name, at, revision = given.rpartition("@")
    with tempfile.TemporaryDirectory(prefix="comb-samples-") as scratch:
        directory = Path(given) if not at else _checked_out(Path(name), revision, Path(scratch))
        if not at and not directory.is_dir():
            raise UsageError(f"{given}: there is no such directory")
        if at and not directory.is_dir():
            from comb_compiler.samples import SampleSet

            return SampleSet(Path(name).name, (), "")  # it was not there yet
        samples, flaws = load_sample_set(directory)
    for flaw in flaws:
        console.note(printable(f"{given}/{flaw.file}: {flaw.message}"))
    return None if flaws else samples


def _checked_out(directory: Path, revision: str, scratch: Path) -> Path:
    """What a revision has in a directory, written below `scratch`."""
    from comb_compiler.cli.checking import common_root
    from comb_compiler.workspace.revision import Revision, find_commit

    above = next(one for one in (directory.absolute(), *directory.absolute().parents) if one.is_dir())
    root = common_root([str(above)])
    commit = find_commit(root, revision)
    if commit is None:
        raise UsageError(f"{directory}@{revision}: git knows no such revision here")
    target = scratch / directory.name
    inner = directory.absolute().resolve().relative_to(Path(root).resolve()).as_posix()
    for path, content in Revision(root, commit).below(inner):
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return target


def _lines(found: "SetDifference", before: "SampleSet", after: "SampleSet") -> Iterator[str]:
    for name in found.added:
        yield f"+ {name}"
    for name in found.removed:
        yield f"- {name}"
    for old, new in found.moved:
        yield f"  {old} is now {new}"
    for name, parts in found.changed:
        yield f"~ {name}: {', '.join(parts)}"
    counts = ((len(found.added), "new"), (len(found.removed), "gone"), (len(found.moved), "renamed"))
    said = [f"{number} {word}" for number, word in (*counts, (len(found.changed), "changed")) if number]
    yield f"{', '.join([*said, f'{found.same} the same'])}"
    if before.digest:
        yield f"before {before.digest[:12]}, after {after.digest[:12]}"


def _data(found: "SetDifference") -> dict[str, object]:
    return {
        "added": list(found.added),
        "removed": list(found.removed),
        "renamed": [{"from": old, "to": new} for old, new in found.moved],
        "changed": [{"name": one.name, "parts": list(one.parts)} for one in found.changed],
        "same": found.same,
    }
