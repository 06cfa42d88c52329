"""Bytes of a YAML file → `Document`: plain data by the YAML 1.2 core schema, and the place of every piece of it.

Pure: nothing here opens a file. libyaml (through PyYAML) finds the structure; limits are applied to its events,
before anything is built, and scalars are resolved by YAML 1.2, whatever YAML 1.1 would make of them.

Names are loaded when they are first used: who only wants a `SourceSet` does not pay for a parser.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comb_compiler.source.compose import Parsed, parse
    from comb_compiler.source.limits import DEFAULT_LIMITS, Limits
    from comb_compiler.source.nodes import Document, Entry, Mapping, Node, Path, Scalar, Sequence
    from comb_compiler.source.sourceset import SourceSet, Unavailable
    from comb_compiler.source.text import SourceFile, decode

__all__ = [
    "DEFAULT_LIMITS",
    "Document",
    "Entry",
    "Limits",
    "Mapping",
    "Node",
    "Parsed",
    "Path",
    "Scalar",
    "Sequence",
    "SourceFile",
    "SourceSet",
    "Unavailable",
    "decode",
    "parse",
]

_HOME = {
    "DEFAULT_LIMITS": "limits",
    "Document": "nodes",
    "Entry": "nodes",
    "Limits": "limits",
    "Mapping": "nodes",
    "Node": "nodes",
    "Parsed": "compose",
    "Path": "nodes",
    "Scalar": "nodes",
    "Sequence": "nodes",
    "SourceFile": "text",
    "SourceSet": "sourceset",
    "Unavailable": "sourceset",
    "decode": "text",
    "parse": "compose",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
