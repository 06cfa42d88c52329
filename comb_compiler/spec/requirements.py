"""What operators' code requires, as requirements.txt, pyproject.toml, pylock.toml or uv.lock says it.

Names of packages, their versions and hashes, and nothing else: a line that would have pip read another index, build
something or install a path is refused here, before any pip sees it.
"""

import hashlib
import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Position, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import SourceFile

__all__ = [
    "Required",
    "Requirement",
    "bad_requirement",
    "parse_pylock",
    "parse_pyproject",
    "parse_requirements",
    "parse_uv_lock",
    "requirements_digest",
]

_NAME = r"[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?"
_VERSION = r"(?:===|[=~!<>]=|<|>) ?[A-Za-z0-9][-.*+!_A-Za-z0-9]*"
_VERSIONS = rf"{_VERSION}(?: ?, ?{_VERSION})*"
_SHAPE = re.compile(
    rf"(?P<name>{_NAME}) ?(?:\[[-._, A-Za-z0-9]*\])? ?(?:{_VERSIONS}|\({_VERSIONS}\))?"
    r" ?(?:; ?[-.,+*~!=<>()_'\"A-Za-z0-9 ]+)?"
)
_BLANKS = re.compile(r"[ \t]+")
_LONGEST = 2000
_OPTION = re.compile(r"(?:^|\s)(?P<name>--?[A-Za-z][-A-Za-z]*)")
_HASH = re.compile(r"\s--hash[=\s]\s*(?P<kind>\w+):(?P<digest>[0-9a-fA-F]+)(?=\s|$)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)[=\s]\s*(?P<file>[^\s-]\S*)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INDEX_HINT = "where packages come from is said by pip's own configuration: `pip config`, PIP_INDEX_URL"
_NAME_HINT = "write a name and a version, as `numpy>=2.2`; code of this repository belongs beside comb.yaml"
_DEEPEST = 10
_MOST_FILES = 200

Read = Callable[[str], bytes | None]
"""The content of a file that is named from another's directory; None where it cannot be had."""


class Requirement(NamedTuple):
    """A package by its normalised name, as a line for pip, the digests that it may have, and where; none: any."""

    name: str
    line: str
    hashes: tuple[str, ...]
    span: Span


class Required(NamedTuple):
    """What is wanted, and limits of what that may bring along; `files` say it, by their paths."""

    files: tuple[str, ...] = ()
    wanted: tuple[Requirement, ...] = ()
    limits: tuple[Requirement, ...] = ()

    def hashes(self, name: str) -> frozenset[str]:
        """The digests that a package may have; none: it may have any."""
        return frozenset(digest for one in (*self.wanted, *self.limits) if one.name == name for digest in one.hashes)


Parsed = tuple[Required, tuple[Diagnostic, ...]]


def requirements_digest(required: Required, besides: tuple[str, ...]) -> str:
    """The SHA-256 of what is asked for, together with lines `besides`: no comment and no order of lines is in it."""
    parts = [sorted({(one.line, one.hashes) for one in lines}) for lines in (required.wanted, required.limits)]
    return hashlib.sha256(json.dumps([*parts, sorted(besides)], separators=(",", ":")).encode()).hexdigest()


def bad_requirement(message: str, span: Span, *hints: str) -> Diagnostic:
    """That something is no requirement, or cannot be had."""
    return diagnose(codes.BAD_REQUIREMENT, message, span, hints=hints)


def parse_requirements(source: SourceFile, read: Read) -> Parsed:
    """A requirements.txt, with the files that it includes, which `read` reads."""
    reading = _Reading(read)
    reading.file(source, 0, is_limit=False)
    return Required(tuple(reading.files), tuple(reading.wanted), tuple(reading.limits)), tuple(reading.found)


class _Reading:
    """A requirements.txt and what it includes, while it is read."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._is_read: dict[tuple[str, bool], bool] = {}
        self.files: list[str] = []
        self.wanted: list[Requirement] = []
        self.limits: list[Requirement] = []
        self.found: list[Diagnostic] = []

    def file(self, source: SourceFile, depth: int, *, is_limit: bool) -> None:
        self.files.append(source.path)
        place = (posixpath.normpath(source.path), is_limit)
        self._is_read[place] = False
        for text, span in _logical_lines(source):
            include = _INCLUDE.fullmatch(text)
            if include is not None:
                limits = is_limit or text.startswith(("-c", "--constraint"))
                self._include(include["file"], span, depth, is_limit=limits)
                continue
            made = _requirement(text, span)
            if isinstance(made, Diagnostic):
                self.found.append(made)
            else:
                (self.limits if is_limit else self.wanted).append(made)
        self._is_read[place] = True

    def _include(self, name: str, span: Span, depth: int, *, is_limit: bool) -> None:
        directory = span.file.rpartition("/")[0]
        path = f"{directory}/{name}" if directory else name
        is_read = self._is_read.get((posixpath.normpath(path), is_limit))
        if is_read:
            return  # what it says is wanted already, whoever names it once more
        is_near = is_read is None and depth < _DEEPEST and len(self.files) < _MOST_FILES
        content = self._read(path) if is_near and "://" not in name else None
        try:
            if content is None:
                raise ValueError
            self.file(SourceFile(path, content.decode("utf-8-sig")), depth + 1, is_limit=is_limit)
        except ValueError:  # UnicodeDecodeError is one
            self.found.append(bad_requirement(f"`{_shown(name)}` is no file of this checkout that can be read", span))


def _logical_lines(source: SourceFile) -> Iterator[tuple[str, Span]]:
    """Lines with those that they go on with, without comments, and where they are; none that is empty."""
    lines = Lines(source.text)
    begun, first = "", 0
    for number in range(1, len(lines) + 1):
        text = lines[number]
        first = first or number
        goes_on = text.endswith("\\") and number < len(lines)
        begun += text[:-1] + " " if goes_on else text
        if goes_on:
            continue
        whole = _COMMENT.sub("", begun).strip()
        if whole:
            indent = len(lines[first]) - len(lines[first].lstrip())
            end = len(_COMMENT.sub("", lines[number]).rstrip().removesuffix("\\"))
            last = Position(number, max(end, 0) + 1)
            yield whole, Span(source.path, Position(first, indent + 1), last)
        begun, first = "", 0


def _requirement(text: str, span: Span) -> Requirement | Diagnostic:
    hashes = [(match["kind"], match["digest"].lower()) for match in _HASH.finditer(text)]
    plain = _BLANKS.sub(" ", _HASH.sub("", text)).strip(" ")
    option = _OPTION.search(plain)
    if option is not None:  # pip takes all that follows a blank and a hyphen for options
        hint = _NAME_HINT if option["name"] in ("-e", "--editable") else _INDEX_HINT
        return bad_requirement(f"`{_shown(option['name'])}` is an option of pip, and no requirement", span, hint)
    match = _SHAPE.fullmatch(plain) if len(plain) <= _LONGEST else None
    if match is None:
        return bad_requirement(f"`{_shown(plain)}` is no requirement that an image can have", span, _NAME_HINT)
    wrong = [kind for kind, digest in hashes if kind != "sha256" or not _SHA256.fullmatch(digest)]
    if wrong:
        return bad_requirement(f"`{_shown(plain)}` has a hash that is no SHA-256", span, "write --hash=sha256:…")
    return Requirement(_normal(match["name"]), plain, tuple(sorted(digest for _, digest in hashes)), span)


def parse_pyproject(source: SourceFile) -> Parsed:
    """What `project.dependencies` of a pyproject.toml names."""
    told = _toml(source)
    if isinstance(told, Diagnostic):
        return Required((source.path,)), (told,)
    project = told.get("project", {})
    given = project.get("dependencies", []) if isinstance(project, dict) else None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        message = "`project.dependencies` must be a list of requirements"
        return Required((source.path,)), (bad_requirement(message, Span.whole_file(source.path)),)
    made = [_requirement(one.strip(), _place(source, one)) for one in given]
    return _parted(source.path, made)


def parse_pylock(source: SourceFile) -> Parsed:
    """The packages that a pylock.toml (PEP 751) pins."""
    told = _toml(source)
    if isinstance(told, Diagnostic):
        return Required((source.path,)), (told,)
    return _parted(source.path, [_locked(one, source, one.get("marker")) for one in _packages(told, "packages")])


def parse_uv_lock(source: SourceFile) -> Parsed:
    """The packages that an uv.lock pins, as limits: what is wanted of them pyproject.toml says."""
    told = _toml(source)
    if isinstance(told, Diagnostic):
        return Required((source.path,)), (told,)
    packages = ((one, one.get("source")) for one in _packages(told, "package"))
    registered = [one for one, source in packages if isinstance(source, dict) and "registry" in source]
    required, found = _parted(source.path, [_locked(one, source, _forks(one)) for one in registered])
    return Required(required.files, (), required.wanted), found


def _packages(told: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    given = told.get(key, [])
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _forks(package: Mapping[str, Any]) -> str | None:
    """Where a version is for some machines only: uv writes one marker for each kind of them."""
    markers = package.get("resolution-markers")
    return " or ".join(f"({one})" for one in markers) if isinstance(markers, list) and markers else None


def _locked(package: Mapping[str, Any], source: SourceFile, marker: object) -> Requirement | Diagnostic:
    name, version = package.get("name"), package.get("version")
    span = _place(source, str(name))
    if not isinstance(name, str) or not isinstance(version, str):
        return bad_requirement(f"`{_shown(str(name))}` has no version, and so is from no index", span, _NAME_HINT)
    made = _requirement(f"{name}=={version}" + (f" ; {marker}" if marker else ""), span)
    if isinstance(made, Diagnostic):
        return made
    hashes = sorted(filter(None, map(_sha256, _packages(package, "wheels"))))
    if not hashes:
        message = f"`{_shown(name)}` {_shown(version)} has no wheel in this lock"
        return bad_requirement(message, span, "an image is made of wheels: nothing is built on the way")
    return made._replace(hashes=tuple(hashes))


def _sha256(wheel: Mapping[str, Any]) -> str | None:
    hashes = wheel.get("hashes")
    told = hashes.get("sha256") if isinstance(hashes, dict) else str(wheel.get("hash", "")).removeprefix("sha256:")
    return told if isinstance(told, str) and _SHA256.fullmatch(told) else None


def _parted(path: str, made: list[Requirement | Diagnostic]) -> Parsed:
    wanted = tuple(one for one in made if isinstance(one, Requirement))
    return Required((path,), wanted), tuple(one for one in made if isinstance(one, Diagnostic))


def _toml(source: SourceFile) -> dict[str, Any] | Diagnostic:
    try:
        return tomllib.loads(source.text)
    except (ValueError, RecursionError) as problem:  # a number of too many digits is no TOMLDecodeError
        return bad_requirement(f"this is no TOML: {_shown(str(problem))}", Span.whole_file(source.path))


def _place(source: SourceFile, text: str) -> Span:
    """Where a string is written first, in quotes of either kind; else the file as a whole."""
    for quote in ('"', "'"):
        at = source.text.find(f"{quote}{text}{quote}")
        if at >= 0:
            lines = Lines(source.text)
            return Span(source.path, lines.position(at), lines.position(at + len(text) + 2))
    return Span.whole_file(source.path)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _shown(text: str) -> str:
    printable = "".join(one if one.isprintable() else "�" for one in text)
    return printable if len(printable) <= 80 else printable[:79] + "…"
