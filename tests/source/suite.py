"""The cases of the public YAML test suite, and the data that each should be read as."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["CASES", "REFUSED", "Case"]

_HOME = Path(__file__).parent / "yaml_suite"
REFUSED = _HOME / "refused.txt"
"""The valid cases that Comb refuses, by id and name."""


class Case(NamedTuple):
    """One input. `documents` is what it holds; None where Comb's data cannot say it: a key that is not a scalar."""

    id: str
    name: str
    text: str
    is_error: bool
    documents: list[Any] | None


def _load() -> Iterator[Case]:
    with (_HOME / "cases.jsonl").open(encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            yield Case(case["id"], case["name"], case["yaml"], case.get("error", False), _documents(case))


def _documents(case: dict[str, Any]) -> list[Any] | None:
    if "tree" not in case:
        documents: list[Any] | None = case.get("json")
        return documents
    try:
        return _Tree(case["tree"]).documents()
    except _Unsayable:
        return None


class _Unsayable(Exception):
    pass


class _Tree:
    """Events in the suite's notation, `+MAP`, `=VAL &a <tag> :text` and so on, → data; a key is known by its text."""

    def __init__(self, lines: list[str]) -> None:
        self._events = iter([line.strip() for line in lines])
        self._anchors: dict[str, Any] = {}

    def documents(self) -> list[Any]:
        return [self._node(next(self._events)) for event in self._events if event.startswith("+DOC")]

    def _node(self, event: str) -> Any:
        kind, _, rest = event.partition(" ")
        if kind == "=ALI":
            return self._anchors[rest.removeprefix("*")]
        words = rest.split(" ")
        anchor = next((word for word in words if word.startswith("&")), None)
        node = self._sequence() if kind == "+SEQ" else self._mapping() if kind == "+MAP" else _scalar(rest)[1]
        if anchor:
            self._anchors[anchor.removeprefix("&")] = node
        return node

    def _sequence(self) -> list[Any]:
        return [self._node(event) for event in iter(lambda: next(self._events), "-SEQ")]

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in iter(lambda: next(self._events), "-MAP"):
            if not event.startswith("=VAL"):
                raise _Unsayable
            self._node(event)
            found[_scalar(event.partition(" ")[2])[0]] = self._node(next(self._events))
        return found


def _scalar(event: str) -> tuple[str, Any]:
    """Text and value of what follows `=VAL`: maybe an anchor and a tag, then the style and the text."""
    tag = ""
    while event[:1] in "&<":
        word, _, event = event.partition(" ")
        tag = word if word.startswith("<") else tag
    style, text = event[0], event[1:].replace("\\n", "\n").replace("\\t", "\t")
    if tag == "<tag:yaml.org,2002:null>":
        return text, None
    return text, text if tag or style != ":" else _plain(text)


def _plain(text: str) -> Any:
    """The core schema, as far as JSON goes, which is as far as the cases go."""
    try:
        return json.loads(text or "null")
    except json.JSONDecodeError:
        return text


CASES: tuple[Case, ...] = tuple(_load())
