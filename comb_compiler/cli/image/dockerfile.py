"""Write a Dockerfile, with all that it is built of, for a team that must run something on the way.

The directory is a whole context: the operators' code, the models by their digests, the runtime, and the wheels that
comb.lock pins, as requirements with hashes. A Dockerfile that is there already stays as it is; the rest is made anew.
A directory that holds other things is refused.
One image has all operators, so that images.json names it for every process. `comb image build` needs none of this.

example:
  comb image dockerfile . --base python:3.12-slim -o context
  docker build -t ocr context
"""

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.images.targets import Target
    from comb_compiler.spec.wheelpins import PinnedWheel

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("comb", metavar="COMB", help="a comb.yaml, or the directory with one")
    add("--base", metavar="IMAGE", required=True, help="the base image, by its digest if it is to stay the same")
    add("--target", metavar="TARGET", help="which of comb.lock's targets it is (default: the only one)")
    add("-o", "--output", metavar="DIR", required=True, help="the directory to build from")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.images.model import ImageError

    clean = open_clean(arguments.comb, console, "has images")
    if clean is None:
        return Exit.FINDINGS
    target, wheels = _wheels(clean, arguments.target)
    context = Path(arguments.output)
    try:
        is_new = _written(context, clean, arguments.base, wheels)
    except ImageError as problem:
        raise UsageError(str(problem)) from problem
    except OSError as problem:
        raise OutsideFailure(f"`{context}` cannot be written: {problem.strerror}") from problem
    console.note(f"{context}: {'written' if is_new else 'made anew, but for its Dockerfile'}; docker build {context}")
    if not is_new and arguments.base not in (context / "Dockerfile").read_text(encoding="utf-8", errors="replace"):
        console.note(f"its Dockerfile does not name {arguments.base}: remove it to have it made anew, too")
    console.note(f"its wheels are for a base with {target.words}; `--target` names another of comb.lock's")
    return Exit.CLEAN


def _wheels(clean: Clean, name: str | None) -> "tuple[Target, tuple[PinnedWheel, ...]]":
    from comb_compiler.cli.image.locked import locked_targets
    from comb_compiler.images.targets import parse_target

    targets = locked_targets(clean)
    if name is None and len(targets) == 1:
        (name,) = targets
    target = parse_target(name) if name is not None and name in targets else None
    if name is None or target is None:
        there = ", ".join(targets) or "none: run `comb lock . --target TARGET`"
        raise UsageError(f"which target is the base? comb.lock has {there}")
    return target, targets[name]


def _written(context: Path, clean: Clean, base: str, wheels: "tuple[PinnedWheel, ...]") -> bool:
    """Whether there was no Dockerfile before. All is known to be well before anything that is there is removed."""
    from comb_compiler.cli.image.contents import contents_of
    from comb_compiler.cli.image.locked import runtime_of
    from comb_compiler.images.dockerfile import CODE, IGNORED, MODELS, REQUIREMENTS, Recipe, dockerfile
    from comb_compiler.images.layout import replace_whole
    from comb_compiler.images.ownwheel import runtime_wheel
    from comb_compiler.images.requirements import locked_lines
    from comb_compiler.workspace.operators import CONTEXT_MARK

    mark = context / CONTEXT_MARK
    if context.is_dir() and any(context.iterdir()) and not mark.is_file():
        raise UsageError(f"-o {context}: it holds other things: name a directory that is new or empty")
    whole = contents_of(clean)
    context.mkdir(parents=True, exist_ok=True)
    mark.touch()
    wheel = runtime_wheel(context, runtime_of(clean))
    # A context has all of them: nothing would push those that pods fetch, and pods fetch none that an image has.
    models = {one.sha256: one.path for one in (*whole.models, *whole.fetched)}
    places = whole.artifacts, whole.code_directory
    text = dockerfile(Recipe(clean.plan.comb, base, wheel.name, sorted(models), *places, whole.labels))
    for directory in (MODELS, CODE):
        shutil.rmtree(context / directory, ignore_errors=True)
    (context / REQUIREMENTS).write_text("".join(f"{line}\n" for line in locked_lines(wheels)), encoding="utf-8")
    (context / ".dockerignore").write_text("".join(f"{line}\n" for line in IGNORED), encoding="utf-8")
    _write(context / CODE, dict(whole.code))
    for sha256, path in models.items():
        (context / MODELS).mkdir(exist_ok=True)
        shutil.copyfile(path, context / MODELS / sha256)
    if (context / "Dockerfile").exists():
        return False
    replace_whole(context / "Dockerfile", text.encode())
    return True


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    directory.mkdir(parents=True)
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
