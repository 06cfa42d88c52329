"""Requirements and a kind of base → the wheels of an image, as pip itself finds them."""

import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.images.model import ImageError
from comb_compiler.images.pip import pip, shortened
from comb_compiler.images.remembering import file_digest
from comb_compiler.images.tags import parse_wheel_name
from comb_compiler.images.targets import Target

__all__ = ["Unresolved", "Wheel", "fetch", "locked_lines", "resolve"]


_WORD = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?")


class Wheel(NamedTuple):
    """A wheel by its file name and the SHA-256 of its bytes, in hexadecimal."""

    file: str
    sha256: str


class Unresolved(NamedTuple):
    """There are no such wheels: pip's own words, shortened, and all of them that may be names, normalised, in order."""

    words: str
    names: tuple[str, ...]


def resolve(wanted: Sequence[str], limits: Sequence[str], target: Target) -> tuple[Wheel, ...] | Unresolved:
    """The wheels that are wanted on a kind of base, and all that they require, sorted by file.

    Nothing is installed and nothing is built. `wanted` and `limits` are requirements, a line each, as
    `comb_compiler.spec.requirements` lets them pass: options among them would be followed. Raises PipFailed where pip
    is missing, or its index does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="comb-requirements-") as scratch:
        report = Path(scratch, "report.json")
        options = ["install", "--dry-run", "--ignore-installed", "--report", str(report)]
        files = [*_file(scratch, "-r", wanted), *_file(scratch, "-c", limits)]
        done = pip([*options, *target.options(), "--target", str(Path(scratch, "none")), *files], target, scratch)
        if done.returncode:
            words = shortened(done)
            return Unresolved(words, tuple(dict.fromkeys(_normal(one) for one in _WORD.findall(words))))
        told = json.loads(report.read_bytes())
    return tuple(sorted(_wheel(one) for one in told["install"]))


def _file(scratch: str, option: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    path = Path(scratch, f"lines{option}.txt")
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [option, str(path)]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _wheel(told: dict[str, Any]) -> Wheel:
    found = told["download_info"]
    file = found["url"].partition("#")[0].rpartition("/")[2].replace("%2B", "+").replace("%21", "!")
    hashes = found.get("archive_info", {}).get("hashes", {})
    parse_wheel_name(file)
    if "sha256" not in hashes:
        raise ImageError(f"the index of pip gives no SHA-256 of {file}, so that nothing pins it")
    return Wheel(file, hashes["sha256"])


def fetch(wheels: Iterable[Wheel], target: Target, directory: Path) -> tuple[Path, ...]:
    """The files of wheels, in `directory` by their digests; what is there already, and whole, is not asked for again.

    Raises ImageError where what pip brings is not what is pinned, and PipFailed as `resolve` does.
    """
    places = {wheel: directory / wheel.sha256 / wheel.file for wheel in wheels}
    missing = [wheel for wheel, path in places.items() if not path.is_file() or file_digest(path) != wheel.sha256]
    if missing:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=directory) as scratch:
            _download(missing, target, scratch)
            for wheel in missing:
                places[wheel].parent.mkdir(exist_ok=True)
                Path(scratch, wheel.file).replace(places[wheel])
    return tuple(places.values())


def locked_lines(wheels: Iterable[tuple[str, str]]) -> list[str]:
    """Requirements, a line each, that nothing but these wheels meets: they are given by file and digest."""
    named = [(parse_wheel_name(file), sha256) for file, sha256 in wheels]
    return [f"{name.name}=={name.version} --hash=sha256:{sha256}" for name, sha256 in named]


def _download(wheels: Sequence[Wheel], target: Target, scratch: str) -> None:
    """pip compares the digests, and takes no file that has another."""
    lines = locked_lines(wheels)
    options = ["download", "--no-deps", "--require-hashes", *target.options(), "--dest", scratch]
    done = pip([*options, *_file(scratch, "-r", lines)], target, scratch)
    if done.returncode:
        raise ImageError(f"the wheels that comb.lock pins cannot be had: {shortened(done)}")
    for wheel in wheels:
        if not Path(scratch, wheel.file).is_file():
            raise ImageError(f"pip brought another file than {wheel.file}, which comb.lock pins: run `comb lock`")
