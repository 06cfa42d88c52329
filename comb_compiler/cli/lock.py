"""Pin every artifact by its digest in comb.lock, beside each comb.yaml, with the interface that the comb promises.

Every artifact is read to the end. A lock is written as a whole, when all of its comb's could be read, and only when it
changes. With --check nothing is written: the bytes must be those that are pinned.

What operators' code requires (pylock.toml, uv.lock with pyproject.toml, requirements.txt or pyproject.toml beside
comb.yaml) is resolved by pip, and pinned as wheels for each kind of base, with the runtime's own: those of --target,
else those that the lock has, else musl (as python:3.12-alpine) where every wheel is there for it, and glibc (as
python:3.12-slim) where not. Requirements that did not change keep the wheels that they have; --upgrade asks anew.
--base pins an image to build on by the digest that its registry has, for where the platform names none.

example:
  comb lock .             after a model version was added
  comb lock . --check     in CI: are the artifacts still what was locked?
  comb lock . --base docker.io/library/python:3.12-alpine
  comb lock . --target cp312-manylinux_2_36_x86_64 --target cp312-manylinux_2_36_aarch64
"""

import argparse
import re

from comb_compiler.cli.basing import Basing
from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.requiring import Requiring
from comb_compiler.diagnostics import has_errors
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.spec.lock import Lock
from comb_compiler.spec.wheelpins import TARGET
from comb_compiler.workspace.artifacts import PATIENCE, Progress
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.lock import LockReport, check_locks, write_locks

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a comb.yaml, or a directory")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a lock and the bytes differ")
    parser.add_argument(
        "--patience", metavar="SECONDS", type=_seconds, default=PATIENCE, help="how long a silent server is waited for"
    )
    parser.add_argument(
        "--target",
        metavar="TARGET",
        action="append",
        default=[],
        help="a kind of base to find wheels for, as cp312-manylinux_2_36_x86_64 or cp312-musllinux_1_2_x86_64",
    )
    parser.add_argument(
        "--base",
        metavar="IMAGE:TAG",
        action="append",
        default=[],
        help="an image to build on, as docker.io/library/python:3.12-slim",
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="find wheels, and what tags of bases name, anew though nothing changed"
    )
    parser.set_defaults(platform=None)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0 is wanted, at most {_MOST_SECONDS}")
    return seconds


_MOST_SECONDS = 86_400


def run(arguments: argparse.Namespace, console: Console) -> int:
    packages = Requiring(_targets(arguments.target), console.note, upgrade=arguments.upgrade)
    checkout = Checkout(open_root(arguments))
    mains, found = find_combs(checkout, arguments.paths)
    patience, progress = arguments.patience, _progress(console)
    if arguments.check:
        reports = check_locks(checkout, mains, patience=patience, progress=progress, packages=packages)
    else:
        bases = Basing(arguments.base, upgrade=arguments.upgrade)
        reports = write_locks(checkout, mains, patience=patience, progress=progress, packages=packages, bases=bases)
    console.progress("")
    diagnostics = [*found, *(finding for one in reports for finding in one.diagnostics)]
    console.result(report(diagnostics, "text", checkout, console))
    for failure in dict.fromkeys(str(failure) for one in reports for failure in one.failures):
        console.note(f"comb: {printable(failure)}")
    for one in reports:
        console.note(_said(one, arguments.check))
    if any(one.failures for one in reports):
        return Exit.OUTSIDE_FAILED
    return Exit.FINDINGS if diagnostics and (arguments.check or has_errors(diagnostics)) else Exit.CLEAN


def _targets(given: list[str]) -> list[str]:
    for one in given:
        if not re.fullmatch(TARGET, one):
            raise UsageError(f"--target {one}: write a Python and a platform, as cp312-manylinux_2_36_x86_64")
    return sorted(set(given))


def _progress(console: Console) -> Progress | None:
    def show(uri: str, done: int, size: int | None) -> None:
        of = f" of {size / 1e6:.0f}" if size else ""
        console.progress(f"{uri}: {done / 1e6:.0f}{of} MB")

    return show if console.interactive else None


def _said(one: LockReport, is_check: bool) -> str:
    path = printable(one.path)
    if one.diagnostics or one.failures or one.after is None:
        unknown = one.failures and not one.diagnostics
        return f"{path}: {('not checked' if unknown else 'does not hold') if is_check else 'not written'}"
    pinned = _pinned(one.after)
    if is_check:
        return f"{path}: {pinned} as pinned"
    return f"{path}: {pinned} pinned" if one.written else f"{path}: {pinned}, nothing to change"


def _pinned(lock: Lock) -> str:
    """What a lock pins, in words."""
    count = len(lock.artifacts)
    parts = [f"{count} artifact{'s' if count != 1 else ''}"] if count else []
    if lock.requirements is not None:
        most = max(map(len, lock.requirements.targets.values()), default=0)
        parts.append(f"{most} wheel{'s' if most != 1 else ''} for {', '.join(lock.requirements.targets)}")
    if lock.bases:
        parts.append(f"{len(lock.bases)} base{'s' if len(lock.bases) > 1 else ''}")
    if lock.interface is not None:
        parts.append("the interface")
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:]))) or "0 artifacts"
