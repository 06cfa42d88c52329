"""Every object that is rendered, and every one in a golden case, is what the schema of its kind says."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.objects import Object
from tests.cluster.rendering import EXAMPLES, GOLDEN, golden, render_example
from tests.cluster.schemas import FILE, offences
from tests.cluster.sharing import SHARING, platform_sharing_by
from tests.conftest import RequiresTool
from tests.servers.provision import definitions
from tests.servers.schemas import make_schemas

DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a"},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}},
    },
}


@pytest.mark.parametrize("back_end", SHARING)
@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_object_of_every_example_is_of_its_kind(
    example: str, environment: str, back_end: str, tmp_path: Path
) -> None:
    found: dict[str, list[str]] = {}
    for made in render_example(example, platform_sharing_by(back_end, tmp_path), environment):
        everything = {**made.grounds, **made.comb}
        found |= {f"{made.here.cluster}: {name}": offences(one) for name, one in everything.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_object_is_of_its_kind(name: str) -> None:
    assert offences(golden(name)) == []


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        (("spec", "replica"), 2, "Additional properties are not allowed ('replica' was unexpected)"),
        (("spec", "replicas"), "two", "'two' is not of type 'integer'"),
        (("spec", "template", "spec", "containers", 0, "ports"), [{"name": "x"}], "'containerPort' is a required"),
        (("metadata", "label"), {}, "Additional properties"),
        (("kind",), "Deploiment", "no schema"),
    ],
)
def test_what_is_not_of_its_kind_is_told(part: tuple[str | int, ...], value: Any, said: str) -> None:
    document = copy.deepcopy(DEPLOYMENT)
    assert offences(document) == []
    at: Any = document
    for key in part[:-1]:
        at = at[key]
    at[part[-1]] = value
    assert any(said in one for one in offences(document))


def test_the_schemas_are_those_of_the_server_and_the_definitions_that_it_learns(
    requires_tool: RequiresTool, update: bool
) -> None:
    requires_tool("go")
    silent: list[str] = []
    openapi, crds = definitions("openapi", silent.append), definitions("crds", silent.append)
    made = make_schemas(openapi / "swagger.json", crds)
    if update:
        FILE.write_text(as_text(made), encoding="utf-8")
    assert json.loads(FILE.read_text(encoding="utf-8")) == made


def as_text(schemas: dict[str, Any]) -> str:
    """A line for each schema: what a new version changes can be read."""
    parts = {
        part: ",\n".join(f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in by_name.items())
        for part, by_name in schemas.items()
    }
    return "{" + ",\n".join(f"{json.dumps(part)}: {{\n{body}\n}}" for part, body in parts.items()) + "}\n"
