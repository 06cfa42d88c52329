"""JSON: as its schema says, and all of the picture."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from jsonschema import Draft7Validator

from comb_compiler.graph.drawing import Picture, draw_json
from comb_compiler.graph.drawing.layers import assign_layers
from tests.architecture.imports import ROOT
from tests.graph.drawing.pictures import pictures

SCHEMA = json.loads((ROOT / "schemas" / "graph.v1.schema.json").read_text(encoding="utf-8"))


def strict(schema: Any) -> Any:
    """The schema, refusing what it does not name: what is printed is all described."""
    if isinstance(schema, dict):
        closed = {"additionalProperties": False} if "properties" in schema else {}
        return {**closed, **{key: strict(value) for key, value in schema.items()}}
    return [strict(one) for one in schema] if isinstance(schema, list) else schema


STRICT = Draft7Validator(strict(SCHEMA))


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@given(pictures(cycles=True))
def test_what_is_printed_is_what_the_schema_says(one: Picture) -> None:
    assert [error.message for error in STRICT.iter_errors(json.loads(draw_json(one)))] == []


@given(pictures(cycles=True))
def test_every_step_and_every_arrow_is_there(one: Picture) -> None:
    shown = json.loads(draw_json(one))
    assert [node["name"] for node in shown["nodes"]] == list(one.boxes)
    assert [node["when"] or "" for node in shown["nodes"]] == [box.when for box in one.boxes.values()]
    timeouts = [node["timeout"] and timedelta(seconds=node["timeout"]) for node in shown["nodes"]]
    assert timeouts == [box.timeout for box in one.boxes.values()]
    edges = [(edge["from"], edge["to"], edge["port"] or "", edge["type"] or "") for edge in shown["edges"]]
    assert edges == [(arrow.source, arrow.target, arrow.port, arrow.type) for arrow in one.arrows]
    layers = assign_layers(one)
    assert shown["layers"] == layers.rows
    assert {node["name"]: node["layer"] for node in shown["nodes"]} == layers.depth
    assert (shown["criticalPath"] is None) == (one.path is None)
