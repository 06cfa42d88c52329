"""A schema's text: the same bytes for the same schema, in an order that people can read."""

import json
from typing import Any

__all__ = ["as_text"]

_FIRST = (
    "$schema",
    "$id",
    "$comment",
    "$ref",
    "title",
    "description",
    "markdownDescription",
    "default",
    "examples",
    "errorMessage",
    "patternErrorMessage",
    "type",
    "const",
    "enum",
    "enumDescriptions",
)
_LAST = ("defaultSnippets", "definitions")
_BY_NAME = ("properties", "definitions")
"""Keywords whose keys are names, not keywords."""
_DATA = ("const", "default", "enum", "examples", "defaultSnippets")
"""Keywords whose values are no schemas: their order is their author's."""


def as_text(schema: dict[str, Any]) -> str:
    """JSON with a newline at its end."""
    return json.dumps(_ordered(schema), indent=2, ensure_ascii=False) + "\n"


def _ordered(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    return {key: _value(key, schema[key]) for key in sorted(schema, key=_rank)}


def _rank(keyword: str) -> tuple[int, str]:
    if keyword in _FIRST:
        return _FIRST.index(keyword), ""
    return (len(_FIRST) + 1 + _LAST.index(keyword), "") if keyword in _LAST else (len(_FIRST), keyword)


def _value(keyword: str, value: Any) -> Any:
    if keyword in _DATA:
        return value
    if keyword in _BY_NAME:
        names = sorted(value) if keyword == "definitions" else value
        return {name: _ordered(value[name]) for name in names}
    return _ordered(value)
