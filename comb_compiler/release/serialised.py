"""ExecutionPlan ↔ its file: JSON, versioned, the same bytes for the same plan.

`schemas/execution-plan.v1.schema.json` says the form to other tools.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from comb_compiler.release.execution import ExecutionPlan

__all__ = ["BadPlan", "parse_plan", "plan_bytes"]

VERSION = 1


class BadPlan(Exception):
    """The bytes are no ExecutionPlan that this Comb runs; the message says why and where."""


def plan_bytes(plan: ExecutionPlan) -> bytes:
    """The plan's file. Fields that have their default are left out."""
    text = json.dumps({"version": VERSION, **_written(plan)}, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def parse_plan(content: bytes) -> ExecutionPlan:
    """A plan from its file. Raises BadPlan for anything else, also for a plan whose indexes lead nowhere."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadPlan("it is no JSON") from error
    if not isinstance(data, dict):
        raise BadPlan("a plan is a JSON object")
    version = data.pop("version", None)
    if version != VERSION or isinstance(version, bool):
        raise BadPlan(f"its version is {version!r}, and this Comb runs version {VERSION}")
    plan: ExecutionPlan = _read(ExecutionPlan, data, "")
    _must_hang_together(plan)
    return plan


def _written(value: Any) -> Any:
    defaults = getattr(value, "_field_defaults", None)
    if defaults is not None:
        fields = value._asdict().items()
        return {name: _written(one) for name, one in fields if name not in defaults or one != defaults[name]}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple | list):
        return [_written(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _written(one) for key, one in sorted(value.items())}
    return value


def _read(kind: Any, data: Any, path: str) -> Any:
    """`data` as a value of `kind`."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = next(option for option in get_args(kind) if option is not NoneType)
        return None if data is None else _read(inner, data, path)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _record(kind, data, path)
    if origin is tuple:
        _must(isinstance(data, list), path, "a list")
        return tuple(_read(get_args(kind)[0], one, f"{path}[{index}]") for index, one in enumerate(data))
    if origin is not None:
        _must(isinstance(data, dict), path, "an object")
        return {key: _read(get_args(kind)[1], one, f"{path}.{key}") for key, one in data.items()}
    return _scalar(kind, data, path)


def _record(kind: Any, data: Any, path: str) -> Any:
    _must(isinstance(data, dict), path, "an object")
    hints = get_type_hints(kind)
    for name in data:
        _must(name in hints, f"{path}.{name}".lstrip("."), f"one of {', '.join(hints)}")
    for name in hints:
        _must(name in data or name in kind._field_defaults, f"{path}.{name}".lstrip("."), "there")
    return kind(**{name: _read(hints[name], one, f"{path}.{name}".lstrip(".")) for name, one in data.items()})


def _scalar(kind: Any, data: Any, path: str) -> Any:
    if kind is Any:
        return data
    if kind is bytes:
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise BadPlan(f"`{path}` must be base64") from error
    if kind is float:
        _must(isinstance(data, int | float) and not isinstance(data, bool), path, "a number")
        return float(data)
    is_right = isinstance(data, kind) and (kind is bool or not isinstance(data, bool))
    _must(is_right, path, f"a value of type {kind.__name__}")
    return data


def _must(holds: bool, path: str, wanted: str) -> None:
    if not holds:
        raise BadPlan(f"`{path}` must be {wanted}" if path else f"a plan must be {wanted}")


class _Index(NamedTuple):
    """A reference by number: where it stands, what it is, and how many there are to choose from."""

    path: str
    value: int
    choices: int


def _must_hang_together(plan: ExecutionPlan) -> None:
    _must(bool(plan.graphs), "graphs", "at least one graph")
    _must(bool(plan.processes), "processes", "at least one process")
    for index in _indexes(plan):
        _must(0 <= index.value < index.choices, index.path, f"from 0 to {index.choices - 1}")
    for number, graph in enumerate(plan.graphs):
        for place, node in enumerate(graph.nodes):
            for source in (*node.after, *(one.source for one in node.inputs)):
                _must(source < place, f"graphs[{number}].nodes[{place}]", "after the nodes that it waits for")
    hosted = sorted(one for process in plan.processes for one in process.bindings)
    _must(hosted == list(range(len(plan.bindings))), "processes", "such that each binding is in exactly one")


def _indexes(plan: ExecutionPlan) -> list[_Index]:
    found: list[_Index] = []
    for number, graph in enumerate(plan.graphs):
        at, count = f"graphs[{number}]", len(graph.nodes)
        found.append(_Index(f"{at}.answer", graph.answer, count))
        for place, node in enumerate(graph.nodes):
            here = f"{at}.nodes[{place}]"
            found.append(_Index(f"{here}.binding", node.binding, len(plan.bindings)))
            found += [_Index(f"{here}.after", one, count) for one in node.after]
            found += [_Index(f"{here}.inputs", one.source + 1, count + 1) for one in node.inputs]
            if node.when is not None:
                found += [_Index(f"{here}.when", one + 1, count + 1) for one in node.when.variables.values()]
    if plan.experiment is not None:
        found += [_Index("experiment.arms", arm.graph, len(plan.graphs)) for arm in plan.experiment.arms]
    for process in plan.processes:
        found += [_Index("processes", one, len(plan.bindings)) for one in process.bindings]
    return found
