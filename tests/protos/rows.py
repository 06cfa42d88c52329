"""The table of changes in `breaking_rows/`: what was, what is, and which rules of buf's say that it breaks something.

    # A title, which may go on with a reason.
    = a line of both .proto files
    - a line of the old one
    + a line of the new one
    - [b.proto] a line of another file than a.proto
    WIRE: RULES        of that category; JSON is WIRE_JSON, SOURCE both PACKAGE and FILE,
    ALL: RULES         ENCODING both WIRE and WIRE_JSON
    BUF MORE: RULES    what buf says and we do not, or LESS

A file that does not begin with a syntax, an edition or a package is proto3, of the package v1.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from grpc_tools import protoc

from comb_compiler.protos import Schema
from comb_compiler.protos.breaking import Category
from comb_compiler.protos.decode import decode
from comb_compiler.protos.places import ProtoTexts

__all__ = ["ROWS", "Row", "compile_protos", "schema_of"]

_WORDS = {
    "WIRE": (Category.WIRE,),
    "JSON": (Category.WIRE_JSON,),
    "PACKAGE": (Category.PACKAGE,),
    "FILE": (Category.FILE,),
    "SOURCE": (Category.PACKAGE, Category.FILE),
    "ENCODING": (Category.WIRE, Category.WIRE_JSON),
    "ALL": tuple(Category),
}
_LINE = re.compile(r"(?P<sign>[=+-]) (?:\[(?P<file>[^\]]+)\] )?(?P<text>.*)")
_INCLUDES = Path(protoc.__file__).parent / "_proto"


class Row(NamedTuple):
    """One row: the files of each side by import name, and what is expected."""

    title: str
    old: Mapping[str, str]
    new: Mapping[str, str]
    breaks: Mapping[Category, frozenset[str]]
    buf_more: frozenset[str]
    buf_less: frozenset[str]


def _read(text: str) -> Iterator[Row]:
    for block in text.strip().split("\n\n"):
        title, *lines = block.split("\n")
        sides: dict[str, dict[str, list[str]]] = {"-": defaultdict(list), "+": defaultdict(list)}
        breaks: dict[Category, set[str]] = {category: set() for category in Category}
        buf: dict[str, set[str]] = {"BUF MORE": set(), "BUF LESS": set()}
        for line in lines:
            found = _LINE.fullmatch(line)
            if found is not None:
                for sign in "-+" if found["sign"] == "=" else found["sign"]:
                    sides[sign][found["file"] or "a.proto"].append(found["text"])
                continue
            word, rules = line.split(":")
            for names in (buf[word],) if word in buf else (breaks[category] for category in _WORDS[word]):
                names.update(rules.split())
        old, new = ({name: _file(lines) for name, lines in side.items()} for side in sides.values())
        expected = {category: frozenset(rules) for category, rules in breaks.items()}
        yield Row(title.removeprefix("# "), old, new, expected, *map(frozenset, buf.values()))


def _file(lines: list[str]) -> str:
    text = "\n".join(lines) + "\n"
    return text if re.match(r"syntax|edition|package", text) else f'syntax = "proto3"; package v1;\n{text}'


def compile_protos(files: Mapping[str, str]) -> bytes:
    """A FileDescriptorSet of .proto files, made by protoc, with imports and source information."""
    with TemporaryDirectory() as directory:
        for name, text in files.items():
            Path(directory, name).write_text(text, encoding="utf-8")
        out = Path(directory, "out")
        options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}"]
        assert protoc.main(["protoc", f"-I{directory}", f"-I{_INCLUDES}", *options, *files]) == 0, files
        return out.read_bytes()


@lru_cache(maxsize=2048)
def _schema(files: tuple[tuple[str, str], ...], has_sources: bool) -> Schema:
    content = compile_protos(dict(files))
    if not has_sources:
        return decode(content, {})
    return decode(content, {name: name for name, _ in files}, ProtoTexts({name: (name, text) for name, text in files}))


def schema_of(files: Mapping[str, str], has_sources: bool = True) -> Schema:
    """The schema of .proto files: as of a checkout, or as published, without paths and places."""
    return _schema(tuple(files.items()), has_sources)


ROWS: tuple[Row, ...] = tuple(
    row
    for path in sorted(Path(__file__).with_name("breaking_rows").glob("*.txt"))
    for row in _read(path.read_text("utf-8"))
)
