"""A real API server takes the objects that are kept as files for people to read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.api import Api, Refused

GOLDEN = Path(__file__).parents[1] / "render" / "golden" / "by-routes"
NAMESPACE = "vision"


@pytest.fixture(scope="module", autouse=True)
def _namespace(api: Api) -> Iterator[None]:
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}})
    yield
    api.delete("v1", "Namespace", NAMESPACE)


def test_objects_that_no_example_has_are_taken(api: Api) -> None:
    refused = {}
    kinds = set()
    for file in sorted(GOLDEN.glob("*.yaml")):
        document = yaml.load(file.read_bytes(), yaml.CSafeLoader)
        if document["kind"] == "Kustomization":
            continue
        kinds.add(document["kind"])
        try:
            api.apply(document, dry=True)
        except Refused as error:
            refused[file.name] = str(error)
    assert refused == {}
    assert {"GRPCRoute", "HTTPRoute", "NetworkPolicy", "PodDisruptionBudget"} <= kinds
