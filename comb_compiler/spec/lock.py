"""comb.lock: the digest of every artifact that a comb names, as `comb lock` found it, and the interface that it has.

JSON, since a program writes it, and one artifact takes several lines, so that two changes merge. Every kind of input
that is pinned has a member of its own beside `artifacts`. An older Comb refuses a member that it does not know, and so
never drops what it would not verify; a member that changes its meaning raises `version`.
"""

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Document, Path, SourceFile, SourceSet, Unavailable, parse
from comb_compiler.spec.basepins import PinnedBase, bases_from, bases_member
from comb_compiler.spec.lockform import is_of_later_version, problems, shortened
from comb_compiler.spec.published import Interface, interface_from, interface_member
from comb_compiler.spec.wheelpins import Requirements, requirements_from, requirements_member

__all__ = [
    "LOCK_FILE",
    "Lock",
    "LockFile",
    "Pin",
    "is_of_later_comb",
    "lock_bytes",
    "lock_path",
    "make_lock",
    "parse_lock",
    "read_lock",
]

LOCK_FILE = "comb.lock"
VERSION = 1
_ANEW = "`comb lock` writes it anew"
_LATER = "use that Comb, or a later one: this one would lose what it pins"
_MERGE_MARK = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?= |$)", re.MULTILINE)


class Pin(NamedTuple):
    """One artifact: its URI as the comb writes it, the SHA-256 and the size of its bytes, and the `model@version`s."""

    uri: str
    sha256: str
    size: int
    models: tuple[str, ...]


class Lock(NamedTuple):
    """What is pinned; artifacts are sorted by URI, each there once. `interface` is what later versions are held to.

    `requirements` are the wheels of each kind of base, where the comb has any; `bases` are images to build on, where
    the platform names none.
    """

    artifacts: tuple[Pin, ...] = ()
    interface: Interface | None = None
    requirements: Requirements | None = None
    bases: tuple[PinnedBase, ...] = ()


class LockFile(NamedTuple):
    """A lock as it is written."""

    source: SourceFile
    lock: Lock

    def span(self, *path: str | int) -> Span:
        """Where the value at `path` is written."""
        return _span(self.source, path)


def lock_path(main: str) -> str:
    """The lock of the comb.yaml `main`: beside it."""
    return posixpath.join(posixpath.dirname(main), LOCK_FILE)


def make_lock(
    pins: Iterable[Pin], interface: Interface | None = None, requirements: Requirements | None = None
) -> Lock:
    """The lock of these pins, whatever their order; of one URI there is one pin, with the models of all."""
    models: dict[str, set[str]] = {}
    by_uri: dict[str, Pin] = {}
    for pin in pins:
        by_uri[pin.uri] = pin
        models.setdefault(pin.uri, set()).update(pin.models)
    unique = tuple(by_uri[uri]._replace(models=tuple(sorted(models[uri]))) for uri in sorted(by_uri))
    return Lock(unique, interface, requirements)


def lock_bytes(lock: Lock) -> bytes:
    """The file's content: the same for the same lock."""
    artifacts = [{**pin._asdict(), "models": list(pin.models)} for pin in lock.artifacts]
    members: dict[str, Any] = {"version": VERSION, "artifacts": artifacts}
    if lock.interface is not None:
        members["interface"] = interface_member(lock.interface)
    if lock.requirements is not None:
        members["requirements"] = requirements_member(lock.requirements)
    if lock.bases:
        members["bases"] = bases_member(lock.bases)
    text = json.dumps(members, indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def read_lock(sources: SourceSet) -> tuple[LockFile | None, tuple[Diagnostic, ...]]:
    """The lock of a comb, None where there is none; and what is wrong with it."""
    path = lock_path(sources.main)
    content = sources.files.get(path)
    if content is None or (isinstance(content, Unavailable) and content.code is codes.FILE_NOT_FOUND):
        return None, ()
    if isinstance(content, Unavailable):
        hints = (content.hint,) if content.hint else ()
        return None, (diagnose(content.code, content.message, Span.whole_file(path), hints=hints),)
    return parse_lock(path, content)


def parse_lock(path: str, content: bytes) -> tuple[LockFile | None, tuple[Diagnostic, ...]]:
    """A lock from its bytes, or all that is wrong with it (BAD_LOCK), each at its place. Never raises."""
    try:
        source = SourceFile(path, content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, (_bad(Span.whole_file(path), "the lock is not UTF-8 text"),)
    try:
        data = _load(source.text)
    except json.JSONDecodeError as problem:
        return None, (_syntax(source, problem.pos),)
    except _Repeated as repeated:
        return None, (_repeated(source, repeated.key),)
    except (ValueError, RecursionError):
        return None, (_bad(Span.whole_file(path), "the lock is no JSON that can be read"),)
    found = problems(data, VERSION)
    if found:
        hint = _LATER if is_of_later_version(data, VERSION) else _ANEW
        return None, tuple(_bad(_span(source, problem.path), problem.message, hint=hint) for problem in found)
    pins = [Pin(pin["uri"], pin["sha256"], pin["size"], tuple(pin["models"])) for pin in data["artifacts"]]
    interface = interface_from(data["interface"]) if "interface" in data else None
    wheels = requirements_from(data["requirements"]) if "requirements" in data else None
    bases = bases_from(data.get("bases", ()))
    return LockFile(source, Lock(tuple(pins), interface, wheels, bases)), ()


def is_of_later_comb(content: bytes) -> bool:
    """Whether a later Comb wrote a lock: this one must not write over what it pins."""
    try:
        return is_of_later_version(_load(content.decode("utf-8-sig")), VERSION)
    except (ValueError, RecursionError, _Repeated):
        return False


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)


class _Repeated(Exception):
    """A key is there twice; never leaves this module."""

    def __init__(self, key: str) -> None:
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise _Repeated(names.most_common(1)[0][0])
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _syntax(source: SourceFile, at: int) -> Diagnostic:
    lines = Lines(source.text)
    mark = _MERGE_MARK.search(source.text)
    if mark is not None:
        span = Span(source.path, lines.position(mark.start()), lines.position(mark.end()))
        return _bad(
            span, "the lock holds the marks of an unfinished merge", hint=f"merge comb.yaml first; then {_ANEW}"
        )
    start = lines.position(at)
    end = lines.position(min(at + 1, len(source.text)))
    return _bad(Span(source.path, start, end if end.line == start.line else start), "this is no JSON")


def _repeated(source: SourceFile, key: str) -> Diagnostic:
    message = f"`{shortened(key)}` is given twice"
    for found in parse(source).diagnostics:
        if found.code is codes.DUPLICATE_KEY and found.primary is not None:
            related = tuple(Label(label.span, "first given here") for label in found.related)
            return _bad(found.primary.span, message, related)
    return _bad(Span.whole_file(source.path), message)


def _bad(span: Span, message: str, related: tuple[Label, ...] = (), hint: str = _ANEW) -> Diagnostic:
    return diagnose(codes.BAD_LOCK, message, span, related=related, hints=(hint,))


def _span(source: SourceFile, path: Path) -> Span:
    """JSON is YAML as far as a lock goes; where it is not, the file as a whole is the place."""
    document = _document(source)
    for length in range(len(path), -1, -1) if document is not None else ():
        node = document.find(path[:length]) if document is not None else None
        if node is not None:
            return node.span
    return Span.whole_file(source.path)


@lru_cache(maxsize=8)
def _document(source: SourceFile) -> Document | None:
    documents = parse(source).documents
    return documents[0] if documents else None
