"""The plan's file: what is written is read back, fits its schema, and anything else is refused with a reason."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from comb_compiler.compiler import compile_comb
from comb_compiler.release import BadPlan, ExecutionPlan, parse_plan, plan_bytes
from comb_compiler.release.jsonschema import plan_schema_text
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schemas" / "execution-plan.v1.schema.json"


def example() -> ExecutionPlan:
    compiled = compile_comb(load_sources(Checkout(ROOT), "examples/frame-moderation/comb.yaml", REMEMBERED))
    assert compiled.plan is not None, compiled.checked.diagnostics
    return compiled.plan


PLAN = example()
WRITTEN = json.loads(plan_bytes(PLAN))


def test_the_plan_is_what_the_comb_says() -> None:
    nodes = {node.name: node for node in PLAN.graphs[0].nodes}
    assert [PLAN.bindings[node.binding].operator for node in PLAN.graphs[0].nodes] == [
        "detect", "nsfw", "straighten", "recognise", "decide",
    ]  # fmt: skip
    when = nodes["unsafe"].when
    assert when is not None
    assert (when.expression, when.variables) == ("request.check_nudity", {"request": -1})
    assert (PLAN.deadline, PLAN.method.output) == (3.0, "moderation.v1.Verdict")
    assert PLAN.recording.slow == 1.2
    assert PLAN.experiment is not None
    assert {arm.name: (arm.weight, arm.graph) for arm in PLAN.experiment.arms} == {
        "control": (90, 0),
        "rotate": (10, 1),
    }


def test_an_arm_has_a_binding_of_its_own_only_for_what_it_changes() -> None:
    before, after = (PLAN.graphs[number].nodes for number in (0, 1))
    changed = [(a.binding, b.binding) for a, b in zip(before, after, strict=True) if a.binding != b.binding]
    (pair,) = [(PLAN.bindings[a], PLAN.bindings[b]) for a, b in changed]
    assert [binding.name for binding in pair] == ["straighten", "straighten@rotate"]
    assert [binding.model and binding.model.version for binding in pair] == ["1.4.0", "1.5.0"]


def test_what_is_written_reads_back_the_same() -> None:
    assert parse_plan(plan_bytes(PLAN)) == PLAN
    assert plan_bytes(parse_plan(plan_bytes(PLAN))) == plan_bytes(PLAN)


def test_the_schema_is_what_the_types_say(update: bool) -> None:
    if update:
        SCHEMA.write_text(plan_schema_text(), encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == plan_schema_text()


def test_the_schema_takes_the_plan_and_nothing_beside_it() -> None:
    validator = jsonschema.Draft7Validator(json.loads(plan_schema_text()))
    assert list(validator.iter_errors(WRITTEN)) == []
    assert list(validator.iter_errors({**WRITTEN, "more": 1}))
    assert list(validator.iter_errors({**WRITTEN, "version": 2}))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("version",), 2, "version"),
        (("version",), True, "version"),
        (("comb",), 3, "comb"),
        (("graphs",), [], "graphs"),
        (("graphs", 0, "answer"), 99, "answer"),
        (("graphs", 0, "nodes", 1, "after"), [4], "after"),
        (("graphs", 0, "nodes", 0, "inputs", 0, "source"), -2, "inputs"),
        (("graphs", 0, "nodes", 0, "binding"), -1, "binding"),
        (("graphs", 0, "nodes", 0, "timeout"), "1s", "timeout"),
        (("descriptors",), "not base64!", "descriptors"),
        (("processes",), [], "processes"),
        (("processes", 0, "bindings"), [0, 0], "processes"),
        (("experiment", "arms", 0, "graph"), 7, "arms"),
        (("bindings", 0, "frobnicate"), 1, "frobnicate"),
    ],
)
def test_a_plan_that_does_not_hang_together_is_refused(path: tuple[str | int, ...], value: Any, words: str) -> None:
    spoiled = json.loads(plan_bytes(PLAN))
    at: Any = spoiled
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(BadPlan, match=words):
        parse_plan(json.dumps(spoiled).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"null", b"[" * 100_000, b'{"version": 1}'])
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(BadPlan):
        parse_plan(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of the written plan."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, one in below for place in places(one, (*path, step)))]


@given(st.sampled_from([place for place in places(WRITTEN) if place]), JSON)
def test_nothing_else_than_a_plan_or_a_reason_comes_out(path: tuple[str | int, ...], value: Any) -> None:
    spoiled = json.loads(plan_bytes(PLAN))
    at: Any = spoiled
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    try:
        assert isinstance(parse_plan(json.dumps(spoiled).encode()), ExecutionPlan)
    except BadPlan as refused:
        assert str(refused)  # noqa: PT017
