"""The schema of comb.lock says what `parse_lock` says."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
from jsonschema import Draft7Validator

from comb_compiler.spec.basepins import PinnedBase
from comb_compiler.spec.lock import Lock, Pin, lock_bytes, parse_lock
from comb_compiler.spec.wheelpins import PinnedWheel, Requirements

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/lock.v1.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft7Validator(SCHEMA)
WHEELS = Requirements("0" * 64, {"cp312-musllinux_1_2_x86_64": (PinnedWheel("a-1-py3-none-any.whl", "f" * 64),)})
BASES = (PinnedBase("registry.example.com/python:3.12-slim", f"sha256:{'0' * 64}"),)
PINS = Pin("a.onnx", "0" * 64, 5, ("m@1", "m@2")), Pin("s3://b/ü.onnx", "f" * 64, 1 << 40, ("n@1",))
LOCK = Lock(PINS, None, WHEELS, BASES)

# A line break at the end is missing here: Python's `$` lets it pass, where other readers of a pattern do not.
WORDS = st.sampled_from(
    ["", "a", "m@1", "n@1", "a@b@c", "@", "m@\n1", "a b@1", "0" * 64, "F" * 64, "f" * 65, "\x7f", "ü"]
)
LEAVES = st.none() | st.booleans() | st.integers(-2, 3) | st.just(1.5) | WORDS
VALUES = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(st.sampled_from(["uri", "x"]), LEAVES, max_size=2)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at `path`."""
    if not path:
        return value
    copy = deepcopy(data)
    node = copy
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return copy


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


CHANGES = [lambda pin, value: None, lambda pin, value: pin.update(etag=value), lambda pin, value: pin.pop("size", None)]


@given(where=st.integers(0, 100), value=VALUES, change=st.sampled_from(CHANGES))
def test_both_accept_the_same(where: int, value: Any, change: Any) -> None:
    data = json.loads(lock_bytes(LOCK))
    assert VALIDATOR.is_valid(data)
    paths = places(data)
    data = replaced(data, paths[where % len(paths)], value)
    pins = data.get("artifacts") if isinstance(data, dict) else None
    for pin in pins if isinstance(pins, list) else ():
        if isinstance(pin, dict):
            change(pin, value)
    file, _ = parse_lock("comb.lock", json.dumps(data).encode())
    assert (file is not None) == VALIDATOR.is_valid(data)


def test_what_no_schema_can_say_is_known() -> None:
    """One artifact has one pin."""
    data = json.loads(lock_bytes(Lock((LOCK.artifacts[0], LOCK.artifacts[0]))))
    assert VALIDATOR.is_valid(data)
    assert parse_lock("comb.lock", json.dumps(data).encode())[0] is None
