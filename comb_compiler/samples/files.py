"""A directory → SampleSet: one directory a sample, with its message as text and its pictures as pictures.

    standard/
      caption-coffee/
        request.json     the request in Protobuf's JSON form; {"$file": "frame.jpg"} stands for the bytes of a file
        frame.jpg
        expected.json    what of the answer counts, in the same form
        sample.json      {"about": …, "marks": [{"mark": "standard", "by": …, "why": …}]}

A request.json of {"$record": …, "sha256": …} stands for a request that a sample store has.
docs/reference/sample-sets.md says it all.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from comb_compiler.samples.model import ERRORS, MARKS, FileText, Flaw, Kept, Mark, Sample, SampleSet, mark_flaw

__all__ = ["MAX_FILE", "load_sample_set"]

MAX_FILE = 16 * 1024 * 1024
"""Bytes of one file; larger requests belong in a sample store."""

_REQUEST, _EXPECTED, _NOTES = "request.json", "expected.json", "sample.json"
_RECORD, _DIGEST = "$record", "sha256"
_ID, _SHA256 = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")


def load_sample_set(directory: Path) -> tuple[SampleSet, tuple[Flaw, ...]]:
    """The samples in a directory, without those that something is wrong with; and what that is.

    Files beside the samples' directories, and names that begin with a dot, are left alone. Nothing outside a sample's
    directory is read, whatever links there are. Raises nothing for what is in the files.
    """
    flaws: list[Flaw] = []
    samples = []
    for name in _names(directory, flaws):
        reading = _Reading(directory / name, name)
        sample = reading.read()
        flaws += reading.flaws
        if sample is not None and not reading.flaws:
            samples.append(sample)
    if not samples and not flaws:
        flaws.append(Flaw("", "there are no samples in this directory"))
    listed = "".join(f"{sample.name}\0{sample.digest}\n" for sample in samples)
    return SampleSet(directory.name, tuple(samples), hashlib.sha256(_encoded(listed)).hexdigest()), tuple(flaws)


def _names(directory: Path, flaws: list[Flaw]) -> list[str]:
    try:
        found = sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as problem:
        flaws.append(Flaw("", f"the directory cannot be read: {problem.strerror}"))
        return []
    flaws += [Flaw(path.name, "this is a link; a sample is a directory") for path in found if path.is_symlink()]
    return [path.name for path in found if not path.is_symlink()]


class _Wrong(Exception):
    """What is wrong with the value at hand."""


class _Reading:
    """Reads one sample, and collects what is wrong with it."""

    def __init__(self, directory: Path, name: str) -> None:
        self.flaws: list[Flaw] = []
        self._directory = directory
        self._name = name
        self._read: dict[str, bytes] = {}

    def read(self) -> Sample | None:
        request = self._object(_REQUEST)
        notes = self._object(_NOTES) if self._has(_NOTES) else {}
        expected = self._object(_EXPECTED) if self._has(_EXPECTED) else None
        if request is None or notes is None:
            return None
        kept = self._checked(_REQUEST, lambda: _kept(request)) if _RECORD in request else None
        request = {} if _RECORD in request else self._checked(_REQUEST, lambda: _filled(request, self._bytes))
        error, about, marks = self._notes(notes)
        if (error is None) == (not self._has(_EXPECTED)):
            self._flaw(_NOTES, f'a sample has either {_EXPECTED} or an "error" here')
        for left in sorted(path.name for path in self._directory.iterdir()):
            if left not in self._read and not left.startswith("."):
                self._flaw(left, f"nothing in {_REQUEST} refers to it")
        return Sample(self._name, request or {}, expected, error, about, marks, self._digest(), kept)

    def _notes(self, notes: Mapping[str, Any]) -> tuple[str | None, str, tuple[Mark, ...]]:
        unknown = sorted(set(notes) - {"about", "error", "marks"})
        if unknown:
            self._flaw(_NOTES, f"`{unknown[0]}` is none of about, error, marks")
        error, about = notes.get("error"), notes.get("about", "")
        if error is not None and error not in ERRORS:
            self._flaw(_NOTES, f"`error` is {error!r}, which is no code of gRPC's, as INVALID_ARGUMENT is")
        if not isinstance(about, str):
            self._flaw(_NOTES, "`about` is no text")
        return error, str(about), self._checked(_NOTES, lambda: _marks(notes.get("marks", []))) or ()

    def _has(self, name: str) -> bool:
        return (self._directory / name).is_file()

    def _object(self, name: str) -> Any:
        content = self._checked(name, lambda: self._bytes(name))
        if content is None:
            return None
        value = None
        try:
            value = json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            self.flaws.append(Flaw(f"{self._name}/{name}", f"this is no JSON: {error.msg}", error.lineno))
        except _Wrong as wrong:
            self._flaw(name, str(wrong))
        except (ValueError, RecursionError):  # no UTF-8, a number of thousands of digits, thousands of brackets
            self._flaw(name, "this is no JSON in UTF-8, or one that is too deep")
        else:
            if not isinstance(value, dict):
                self._flaw(name, "this is no JSON object")
        return value if isinstance(value, dict) else None

    def _bytes(self, name: str) -> bytes:
        path = self._directory / name
        try:
            if not path.resolve().is_relative_to(self._directory.resolve()) or Path(name).is_absolute():
                raise _Wrong(f"`{name}` is outside the sample's directory")
            if not path.is_file():
                raise _Wrong(f"there is no file `{name}`")
            if path.stat().st_size > MAX_FILE:
                raise _Wrong(f"`{name}` has more than {MAX_FILE:,} bytes")
            content = path.read_bytes()
        except (OSError, RuntimeError, ValueError) as problem:
            raise _Wrong(f"`{name}` cannot be read") from problem
        self._read[Path(name).parts[0]] = b""
        self._read[name] = content
        return content

    def _checked(self, file: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except _Wrong as wrong:
            self._flaw(file, str(wrong))
        except RecursionError:
            self._flaw(file, "this is too deep")
        return None

    def _flaw(self, file: str, message: str) -> None:
        self.flaws.append(Flaw(f"{self._name}/{file}", message))

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for name, content in sorted(self._read.items()):
            digest.update(_encoded(f"{name}\0{len(content)}\0") + content)
        return digest.hexdigest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # names of files need not be UTF-8


def _kept(reference: Mapping[str, Any]) -> Kept:
    """A request that is in a store."""
    if reference.keys() != {_RECORD, _DIGEST}:
        raise _Wrong(f'a request in a store is {{"{_RECORD}": ID, "{_DIGEST}": DIGEST}} and nothing else')
    for name, form, what in ((_RECORD, _ID, "32"), (_DIGEST, _SHA256, "64")):
        if not isinstance(reference[name], str) or not form.fullmatch(reference[name]):
            raise _Wrong(f"`{name}` has {what} hexadecimal digits, in small letters: `comb samples add` writes it")
    return Kept(reference[_RECORD], reference[_DIGEST])


def _filled(value: Any, read: Callable[[str], bytes]) -> Any:
    """A request with what its files hold: {"$file": …} as base64, {"$text": …} as text."""
    if isinstance(value, list):
        return [_filled(one, read) for one in value]
    if not isinstance(value, dict):
        return value
    if _RECORD in value:
        raise _Wrong(f"`{_RECORD}` stands for a whole request, not for a part of one")
    if value.keys() & {"$file", "$text"}:
        return _content(value, read)
    return {name: _filled(one, read) for name, one in value.items()}


def _content(reference: dict[str, Any], read: Callable[[str], bytes]) -> str:
    ((kind, name), *others) = reference.items()
    if others or not isinstance(name, str):
        raise _Wrong(f"a reference to a file has its name and nothing else: {json.dumps(reference)[:80]}")
    content = read(name)
    if kind == "$file":
        return FileText(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Wrong(f"`{name}` is no text in UTF-8") from error


def _marks(marks: Any) -> tuple[Mark, ...]:
    if not isinstance(marks, list):
        raise _Wrong("`marks` is no list")
    return tuple(_mark(one) for one in marks)


def _mark(one: Any) -> Mark:
    form = 'a mark is {"mark": …, "by": …, "why": …}'
    if not isinstance(one, dict) or not one.keys() <= {"mark", "by", "why"}:
        raise _Wrong(form)
    if not all(isinstance(one.get(name, ""), str) for name in ("mark", "by", "why")) or not one.keys() >= {
        "mark",
        "by",
    }:
        raise _Wrong(form)
    flaw = mark_flaw(one["mark"])
    if flaw:
        raise _Wrong(f"the mark `{one['mark'][:80]}` is none of {', '.join(MARKS)}, nor a name: {flaw}")
    return Mark(one["mark"], one["by"], one.get("why", ""))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    together = dict(pairs)
    if len(together) < len(pairs):
        raise _Wrong(f"`{Counter(name for name, _ in pairs).most_common(1)[0][0]}` is there twice")
    return together


def _refuse(constant: str) -> Any:
    raise _Wrong(f'{constant} is no JSON; Protobuf writes it as "{constant}"')
