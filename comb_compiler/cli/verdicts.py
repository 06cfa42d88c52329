"""Verdicts of `comb check`, kept by content, so that checking an unchanged file costs neither a parser nor models.

An entry is found by the content of the main file, the platform's, and a fingerprint of the compiler and of what it
stands on; it is valid when every other file that the verdict looked at reads the same again, or is missing in the same
way. Nothing is trusted to a file's time stamp, but for the compiler's own modules.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import comb_compiler
from comb_compiler.diagnostics import Diagnostic, Span
from comb_compiler.diagnostics.model import Position
from comb_compiler.diagnostics.render.json import from_json, render
from comb_compiler.release.claims import Claim
from comb_compiler.source.memo import Memo
from comb_compiler.workspace.installed import installed
from comb_compiler.workspace.store import Remembering, ResultStore

__all__ = ["Verdict", "VerdictCache", "default_directory", "digest", "fingerprint"]

_FORM = 3
_DEPENDENCIES = (
    "annotated_types-",
    "cel_expr_python-",
    "grpcio_tools-",
    "protobuf-",
    "pydantic-",
    "pydantic_core-",
    "pyyaml-",
    "typing_extensions-",
)

Digests = Mapping[str, str]
"""Of every file that a verdict looked at: its digest, or why it could not be had."""


class Verdict(NamedTuple):
    """What a check found: enough to report it, and to compare names and add up claims across files.

    `claims` are what the comb claims of devices, by environment of the platform: there where it could be planned.
    `rests_on` are the other files that it looked at; None where it is not known whether these are all.
    """

    main: str
    kind: str
    name: str
    name_span: Span | None
    diagnostics: tuple[Diagnostic, ...]
    claims: Mapping[str, Claim] = {}
    rests_on: tuple[str, ...] | None = None


def digest(content: bytes) -> str:
    """The content's name."""
    return hashlib.sha256(content).hexdigest()


def default_directory() -> str:
    """Where verdicts are kept: `COMB_CACHE_DIR`, else the user's cache directory."""
    own = os.environ.get("COMB_CACHE_DIR")
    if own:
        return own
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "comb")


class VerdictCache:
    """Verdicts by what they are about, in a directory; `None` keeps nothing. What cannot be read is not there."""

    def __init__(self, directory: str | None) -> None:
        self._store = ResultStore(os.path.join(directory, "verdicts") if directory else None)
        self.memo: Memo = Remembering(ResultStore(os.path.join(directory, "results") if directory else None))
        """What of a check is slow and kept apart from its verdict: protoc's output, and conditions."""
        self.directory = directory
        self.keeps = directory is not None
        """Whether verdicts are kept at all."""

    @cached_property
    def _fingerprint(self) -> str:
        """Worked out where a verdict is asked for: it looks at every module of the compiler."""
        return fingerprint() if self.keeps else ""

    def find(self, main: str, content: bytes, platform: str, ask: Callable[[str], str]) -> Verdict | None:
        """The verdict on `main`, if everything that it looked at is still the same; `ask` gives a file's digest now."""
        kept = self._store.find(self._key(main, content, platform))
        if kept is None:
            return None
        try:
            entry = json.loads(kept)
            if any(ask(name) != known for name, known in entry["looked_at"].items()):
                return None
            return _read(main, entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, verdict: Verdict, content: bytes, platform: str, looked_at: Digests) -> None:
        """Keep a verdict with the digests of the other files that it looked at."""
        entry = json.dumps(_written(verdict, looked_at)).encode()
        self._store.keep(self._key(verdict.main, content, platform), entry)

    def _key(self, main: str, content: bytes, platform: str) -> str:
        key = "\0".join((str(_FORM), self._fingerprint, main, platform, digest(content)))
        return digest(key.encode("utf-8", "surrogateescape"))


def _written(verdict: Verdict, looked_at: Digests) -> dict[str, Any]:
    return {
        "looked_at": dict(looked_at),
        "kind": verdict.kind,
        "name": verdict.name,
        "name_span": verdict.name_span,
        "diagnostics": render(verdict.diagnostics) if verdict.diagnostics else "",
        "claims": dict(verdict.claims),
    }


def _read(main: str, entry: dict[str, Any]) -> Verdict:
    span = entry["name_span"]
    name_span = Span(span[0], Position(*span[1]), Position(*span[2])) if span else None
    diagnostics = from_json(entry["diagnostics"]) if entry["diagnostics"] else ()
    claims = {environment: Claim(*one) for environment, one in entry["claims"].items()}
    return Verdict(main, entry["kind"], entry["name"], name_span, diagnostics, claims, tuple(entry["looked_at"]))


def fingerprint() -> str:
    """What else a verdict depends on: the compiler's own modules and the packages that it reads files with."""
    package = os.path.dirname(os.path.abspath(comb_compiler.__file__))
    parts = [comb_compiler.__version__, sys.version, *sorted(_modules(package)), *installed(_DEPENDENCIES)]
    return digest("\0".join(parts).encode("utf-8", "surrogateescape"))


def _modules(package: str) -> list[str]:
    found: list[str] = []
    todo = [package]
    while todo:
        for entry in os.scandir(todo.pop()):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    todo.append(entry.path)
            elif entry.name.endswith(".py"):
                state = entry.stat()
                found.append(f"{entry.path} {state.st_size} {state.st_mtime_ns}")
    return found
