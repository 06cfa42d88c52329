"""Files made from a schema: one that says everything, and what one can do to it at each of its places."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator

__all__ = ["Path", "Schema", "at", "changed", "full_instance", "json_text", "places", "schema_nodes"]

Schema = dict[str, Any]
Path = tuple[str | int, ...]

_PARTS = ("then", "else", "if", "items", "additionalProperties", "propertyNames")
_WORDS = ("name", "1.0.0", "a/b", "a.b/c", "0" * 64, "ssh-ed25519 AAAA", "1s", "1%", "1Gi")


def full_instance(schema: Schema, root: Schema | None = None) -> Any:
    """A value that `schema` accepts, and that uses every key of it."""
    root = root or schema
    if "$ref" in schema:
        return full_instance(_resolve(schema["$ref"], root), root)
    if "const" in schema:
        return schema["const"]
    if "if" in schema:
        return full_instance(schema["then"], root)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "object" in kinds and schema["additionalProperties"] is not True:
        return _mapping(schema, root)
    for key in ("enum", "examples"):
        if key in schema:
            return schema[key][0]
    if "array" in kinds:
        return [full_instance(schema["items"], root)]
    candidates: tuple[Any, ...] = (schema.get("default"), *_WORDS, True, schema.get("minimum", 1), {})
    return next(value for value in candidates if value is not None and Draft7Validator(schema).is_valid(value))


def _mapping(schema: Schema, root: Schema) -> Schema:
    value = {key: full_instance(part, root) for key, part in schema.get("properties", {}).items()}
    entries = schema["additionalProperties"]
    if isinstance(entries, dict) and entries:
        names = Draft7Validator(schema.get("propertyNames", {}))
        fitting = [name for name in ("first", "nvidia.com/gpu") if names.is_valid(name)]
        value |= {name: full_instance(entries, root) for name in fitting[:1]}
    return value


def _resolve(reference: str, root: Schema) -> Schema:
    target: Any = root
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    assert isinstance(target, dict)
    return target


def schema_nodes(schema: Schema) -> Iterator[tuple[Path, Schema]]:
    """Every schema inside `schema`, itself first, each with its place."""
    todo: list[tuple[Path, Schema]] = [((), schema)]
    while todo:
        path, node = todo.pop()
        yield path, node
        todo += [((*path, key), node[key]) for key in _PARTS if isinstance(node.get(key), dict)]
        for key in ("properties", "definitions"):
            todo += [((*path, key, name), part) for name, part in node.get(key, {}).items()]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a value, the whole first."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield from places(below, (*path, key))


def at(value: Any, path: Path) -> Any:
    """What stands at a place."""
    for step in path:
        value = value[step]
    return value


def changed(value: Any, path: Path, to: Any) -> Any:
    """A copy of `value` with `to` at a place."""
    if not path:
        return to
    copied = copy.deepcopy(value)
    at(copied, path[:-1])[path[-1]] = to
    return copied


def json_text(value: Any) -> str:
    """YAML that every reader takes for this value: JSON."""
    return json.dumps(value, ensure_ascii=False)
