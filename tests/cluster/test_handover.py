"""What a real API server and a real autoscaler do when scaling is turned on, as Flux applies it: as the sole owner."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.compiler.handover import handed_over
from comb_compiler.compiler.render import RenderedCluster
from comb_compiler.compiler.rollout import read_stable
from tests.cluster.api import Api, until
from tests.cluster.objects import Object
from tests.render.rendering import rendered_cluster

NAMESPACE = "handover"
SYNC = 60.0
"""An autoscaler looks each 15 s."""


@pytest.fixture(autouse=True)
def _namespace(api: Api) -> Iterator[None]:
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    yield
    for version, kind in (("autoscaling/v2", "HorizontalPodAutoscaler"), ("apps/v1", "Deployment")):
        api.delete_all(version, kind, NAMESPACE)


def released(directory: Path, **scale: Any) -> RenderedCluster:
    return rendered_cluster(directory, {"read": {"resources": {"cpu": 1}, "scale": scale}})


def applied(api: Api, made: RenderedCluster) -> int | None:
    """How many replicas the workload had as it was applied: an autoscaler may write its own number at once."""
    replicas: int | None = None
    for one in made.manifests:
        if one.object["kind"] in ("Deployment", "HorizontalPodAutoscaler"):
            document: Object = {**one.object}
            document["metadata"] = {**document["metadata"], "namespace": NAMESPACE}
            answer = api.apply(document)
            if document["kind"] == "Deployment":
                replicas = answer["spec"]["replicas"]
    return replicas


def replicas(api: Api) -> int:
    [one] = api.list("apps/v1", "Deployment", NAMESPACE)
    found: int = one["spec"]["replicas"]
    return found


def test_a_number_that_is_left_out_at_once_is_reset(api: Api, tmp_path: Path) -> None:
    assert applied(api, released(tmp_path, min=4)) == 4
    assert applied(api, released(tmp_path, min=2, max=8, targets={"cpu": "70%"})) == 1


def test_a_number_that_an_autoscaler_took_over_stays(api: Api, tmp_path: Path) -> None:
    fixed = released(tmp_path, min=4)
    scaled = released(tmp_path, min=2, max=8, targets={"cpu": "70%"})
    first = handed_over(scaled, read_stable(fixed.files))
    second = handed_over(scaled, read_stable(first.files))
    applied(api, fixed)
    assert applied(api, first) == 4
    until(lambda: replicas(api) == 5, SYNC)  # the autoscaler's own number
    assert applied(api, first) == 4  # Flux puts right what differs
    until(lambda: replicas(api) == 5, SYNC)
    assert applied(api, second) == 5
