"""A template and answers → the files of a repository, by copier. Nothing is written where the user works."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler import __version__
from comb_compiler.cli.exits import UsageError

__all__ = ["BadAnswers", "File", "Made", "make"]

_OWN = "comb"
"""A question of templates that nobody is asked: the version of this Comb."""


class File(NamedTuple):
    """A file's bytes, and whether it is to be run."""

    content: bytes
    runs: bool = False


class Made(NamedTuple):
    """What a template makes of answers: files by their POSIX paths; and all answers, defaults among them."""

    files: Mapping[str, File]
    answers: Mapping[str, Any]


class BadAnswers(Exception):
    """The template takes no such answer; the message says which and why."""


def make(template: Path, name: str, answers: Mapping[str, Any], *, ask: bool) -> Made:
    """Make the files; `name` is that of the directory they are for, `ask` has copier ask what is not answered.

    Raises BadAnswers, UsageError where copier is not installed, and KeyboardInterrupt where the user has enough.
    """
    try:
        import copier
        from copier.errors import CopierError
    except ModuleNotFoundError as missing:
        raise UsageError("comb init needs copier: pip install 'comb-compiler[init]'") from missing
    with tempfile.TemporaryDirectory(prefix="comb-init-") as directory:
        made = Path(directory) / name
        try:
            done = copier.run_copy(str(template), made, {**answers, _OWN: __version__}, defaults=not ask, quiet=True)
        except (CopierError, ValueError) as problem:  # a KeyboardInterrupt is among the former
            if isinstance(problem, KeyboardInterrupt):
                raise KeyboardInterrupt from problem
            raise BadAnswers(str(problem)) from problem
        asked = [key for key in done.template.questions_data if key != _OWN]
        if unknown := [key for key in answers if key not in asked]:
            raise BadAnswers(f"`{unknown[0]}` is none of its questions: {', '.join(asked)}")
        files = {path.relative_to(made).as_posix(): _read(path) for path in made.rglob("*") if path.is_file()}
        known = {key: value for key, value in done.answers.combined.items() if key in asked}
    return Made(files, known)


def _read(path: Path) -> File:
    return File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
