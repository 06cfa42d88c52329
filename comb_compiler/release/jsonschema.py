"""Records that are handed over → the JSON Schemas (draft 7) of their files, from the types and what they say."""

import json
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from comb_compiler.release.execution import ExecutionPlan
from comb_compiler.release.release import VERSION as RELEASE_VERSION, Release
from comb_compiler.release.serialised import VERSION

__all__ = ["plan_schema", "plan_schema_text", "release_schema", "release_schema_text"]

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


def plan_schema() -> dict[str, Any]:
    """The schema of an execution plan; each kind of record is a definition."""
    said = "The version of this form. An engine runs the versions that it knows."
    return _schema(ExecutionPlan, "execution-plan", "execution", {"description": said, "const": VERSION})


def release_schema() -> dict[str, Any]:
    """The schema of release.json."""
    return _schema(
        Release, "release", "release", {"description": "The version of this form.", "const": RELEASE_VERSION}
    )


def plan_schema_text() -> str:
    """The file's content."""
    return _text(plan_schema())


def release_schema_text() -> str:
    """The file's content."""
    return _text(release_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(kind: Any, name: str, module: str, version: dict[str, Any]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    _record(kind, definitions)
    root = definitions.pop(kind.__name__)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"https://comb.dev/schemas/{name}.v1.schema.json",
        "title": kind.__name__,
        "$comment": f"Generated from comb_compiler/release/{module}.py.",
        **root,
        "required": ["version", *root["required"]],
        "properties": {"version": version, **root["properties"]},
        "definitions": definitions,
    }


def _record(kind: Any, definitions: dict[str, Any]) -> None:
    if kind.__name__ in definitions:
        return
    definitions[kind.__name__] = {}
    hints = get_type_hints(kind)
    definitions[kind.__name__] = {
        "description": re.sub(r"\s+", " ", kind.__doc__).strip(),
        "type": "object",
        "required": [name for name in kind._fields if name not in kind._field_defaults],
        "additionalProperties": False,
        "properties": {name: _type(hints[name], definitions) for name in kind._fields},
    }


def _type(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = _type(next(option for option in get_args(kind) if option is not NoneType), definitions)
        return {"anyOf": [inner, {"type": "null"}]}
    if hasattr(kind, "_fields"):
        _record(kind, definitions)
        return {"$ref": f"#/definitions/{kind.__name__}"}
    if origin is tuple:
        return {"type": "array", "items": _type(get_args(kind)[0], definitions)}
    if origin is not None and issubclass(origin, Mapping):
        value = get_args(kind)[1]
        return (
            {"type": "object"}
            if value is Any
            else {"type": "object", "additionalProperties": _type(value, definitions)}
        )
    if kind is bytes:
        return {"type": "string", "contentEncoding": "base64"}
    return {"type": _SCALARS[kind]}
