"""The committed schemas: what the models say today, well formed, and of use to a reader."""

import json
import os
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from comb_compiler.spec.jsonschema import SCHEMAS, schema_text
from comb_compiler.spec.jsonschema.docs import member_docs
from tests.schemas.instances import Schema, schema_nodes

ROOT = Path(__file__).parents[2]
every_schema = pytest.mark.parametrize("name", SCHEMAS)


def file(name: str) -> Path:
    return ROOT / "schemas" / f"{name}.v1.schema.json"


def load(name: str) -> Schema:
    schema: Schema = json.loads(file(name).read_text(encoding="utf-8"))
    return schema


@every_schema
def test_the_file_is_what_the_models_say(name: str, update: bool) -> None:
    if update:
        file(name).write_text(schema_text(name), encoding="utf-8")
    assert file(name).read_text(encoding="utf-8") == schema_text(name)


@every_schema
def test_another_process_writes_the_same_bytes(name: str) -> None:
    script = f"import sys; from comb_compiler.spec.jsonschema import *; sys.stdout.write(schema_text({name!r}))"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stdout == file(name).read_bytes()


@every_schema
def test_it_is_a_schema_of_draft_7(name: str) -> None:
    schema = load(name)
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    later = {"$defs", "prefixItems", "dependentRequired", "unevaluatedProperties", "nullable", "x-comb-overlay"}
    assert [path for path, node in schema_nodes(schema) if later & node.keys()] == []


@every_schema
def test_it_says_where_it_comes_from(name: str) -> None:
    schema = load(name)
    assert schema["$id"] == f"https://comb.dev/schemas/{name}.v1.schema.json"
    assert f"`comb schema {name}`" in schema["$comment"]
    assert f"comb_compiler/spec/{name}" in schema["$comment"]


@every_schema
def test_every_definition_is_used_and_there(name: str) -> None:
    schema = load(name)
    used = {node["$ref"].removeprefix("#/definitions/") for _, node in schema_nodes(schema) if "$ref" in node}
    assert used == schema["definitions"].keys()


@every_schema
def test_nothing_that_constrains_stands_beside_a_reference(name: str) -> None:
    """Readers of draft 7 ignore it there; a description they may."""
    harmless = {"$ref", "description", "markdownDescription", "default", "examples"}
    references = [(path, node) for path, node in schema_nodes(load(name)) if "$ref" in node]
    assert [path for path, node in references if node.keys() - harmless] == []


@every_schema
def test_every_field_and_every_choice_is_described(name: str) -> None:
    for path, node in schema_nodes(load(name)):
        if len(path) > 1 and path[-2] in ("properties", "definitions"):
            assert node["description"].endswith((".", ")")), path
        if "enum" in node and path[-1] != "else":
            assert len(node["enumDescriptions"]) == len(node["enum"]), path


@every_schema
def test_every_model_is_closed(name: str) -> None:
    """What is open is what people fill with data of their own."""
    objects = [(path, node) for path, node in schema_nodes(load(name)) if "object" in node.get("type", ())]
    mappings = [(path, node) for path, node in objects if "if" not in node and path[-1:] != ("if",)]
    opened = {path[-1] for path, node in mappings if node["additionalProperties"] is True}
    assert opened <= {"params", "value", "merge"}


@every_schema
def test_examples_and_defaults_are_right(name: str) -> None:
    schema = load(name)
    for path, node in schema_nodes(schema):
        shown = [*node.get("examples", ()), *([node["default"]] if "default" in node else ())]
        here = Draft7Validator({"allOf": [whole(node)], "definitions": schema["definitions"]})
        assert [value for value in shown if not here.is_valid(value)] == [], path


def whole(node: Schema) -> Schema:
    return {"$ref": node["$ref"]} if "$ref" in node else node


@every_schema
def test_patterns_match_whole_values(name: str) -> None:
    """An alternative outside of parentheses would be bound to one of the anchors only."""
    for path, node in schema_nodes(load(name)):
        if "pattern" in node:
            assert re.fullmatch(r"\^.*\$", node["pattern"], re.DOTALL), path
            assert not re.search(r"\\[wdbWDB]", node["pattern"]), f"{path}: of which alphabet?"
            assert "|" not in outside_of_parentheses(node["pattern"]), path


def outside_of_parentheses(pattern: str) -> str:
    left = re.sub(r"\\.|\[(\\.|[^\]])*\]", "", pattern)
    while (fewer := re.sub(r"\([^()]*\)", "", left)) != left:
        left = fewer
    return left


@every_schema
def test_patterns_are_those_of_javascript_too(name: str, requires_tool: Any) -> None:
    """Editors compile them with JavaScript's `u` flag, which forbids what Python forgives."""
    patterns = [node["pattern"] for _, node in schema_nodes(load(name)) if "pattern" in node]
    script = "for (const pattern of JSON.parse(require('fs').readFileSync(0))) new RegExp(pattern, 'u')"
    done = subprocess.run(
        [requires_tool("node"), "-e", script], input=json.dumps(patterns).encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


class Described(Enum):
    """Some."""

    ONE = 1
    """The first
    of them."""
    TWO = 2
    """The second."""


class Undescribed(Enum):
    ONE = 1
    """The first."""
    TWO = 2


def test_choices_are_described_where_they_are_declared() -> None:
    assert member_docs(Described) == ["The first of them.", "The second."]


def test_a_choice_without_description_is_an_error() -> None:
    with pytest.raises(LookupError, match="missing: TWO"):
        member_docs(Undescribed)


def test_the_models_do_not_load_what_writes_schemas() -> None:
    script = "import sys, comb_compiler.spec, comb_compiler.spec.platform; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "comb_compiler.spec.jsonschema" not in done.stdout.split()
