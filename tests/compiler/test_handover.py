"""Scaling that is turned on takes over what a release said, and resets nothing."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.compiler.handover import handed_over
from comb_compiler.compiler.render import RenderedCluster
from comb_compiler.compiler.rollout import read_stable
from comb_compiler.release.release import parse_release
from tests.render.rendering import rendered_cluster

URL = {"prometheus": {"url": "http://prometheus.monitoring.svc:9090"}}


def released(directory: Path, autoscaling: str, **scale: Any) -> RenderedCluster:
    targets = {"targets": {"cpu": "70%"}} if "max" in scale else {}
    operators = {"read": {"resources": {"cpu": 1}, "scale": {**scale, **targets}}}
    return rendered_cluster(directory, operators, cluster={**URL, "autoscaling": autoscaling})


def deployment(made: RenderedCluster) -> Any:
    return yaml.safe_load(made.files["deployment-ocr.yaml"])["spec"]


def bounds(made: RenderedCluster, autoscaling: str) -> tuple[int, int]:
    if autoscaling == "hpa":
        spec = yaml.safe_load(made.files["horizontalpodautoscaler-ocr.yaml"])["spec"]
        return spec["minReplicas"], spec["maxReplicas"]
    spec = yaml.safe_load(made.files["scaledobject-ocr.yaml"])["spec"]
    return spec["minReplicaCount"], spec["maxReplicaCount"]


@pytest.mark.parametrize("autoscaling", ["hpa", "keda"])
@pytest.mark.parametrize(
    ("least", "most", "kept", "between"),
    [(2, 8, 4, (5, 8)), (6, 8, 6, (7, 8)), (1, 4, 4, (5, 5))],
)
def test_the_number_stays_for_one_release_in_which_the_autoscaler_writes_another(
    tmp_path: Path, autoscaling: str, least: int, most: int, kept: int, between: tuple[int, int]
) -> None:
    fixed = released(tmp_path, autoscaling, min=4)
    assert deployment(fixed)["replicas"] == 4
    alone = released(tmp_path, autoscaling, min=least, max=most)
    first = handed_over(alone, read_stable(fixed.files))
    assert deployment(first)["replicas"] == kept
    assert bounds(first, autoscaling) == between
    assert parse_release(first.files["release.json"]).replicas == {"ocr": kept}
    second = handed_over(alone, read_stable(first.files))
    assert second.files == alone.files
    assert "replicas" not in deployment(second)
    assert bounds(second, autoscaling) == (least, most)


def test_what_was_scaled_before_is_not_touched(tmp_path: Path) -> None:
    before, after = (released(tmp_path, "hpa", min=2, max=most) for most in (4, 6))
    assert handed_over(after, read_stable(before.files)) == after


def test_a_workload_that_is_new_or_stays_fixed_is_not_touched(tmp_path: Path) -> None:
    fixed, more = (released(tmp_path, "hpa", min=number) for number in (4, 5))
    assert handed_over(more, read_stable(fixed.files)) == more
    scaled: dict[str, Any] = {"resources": {"cpu": 1}, "scale": {"min": 2, "max": 4, "targets": {"cpu": "70%"}}}
    operators: dict[str, dict[str, Any]] = {
        "look": {"out": "ocr.v1.Frame", "devices": ["cpu"]},
        "find": {"devices": ["cpu"], **scaled},
    }
    graph = {"seen": "look(frame=$request)", "text": "find(frame=seen)", "return": "text"}
    parted = rendered_cluster(tmp_path, operators, cluster={**URL, "autoscaling": "hpa"}, graph=graph)
    assert "horizontalpodautoscaler-ocr--find--cpu.yaml" in parted.files
    assert handed_over(parted, read_stable(fixed.files)) == parted
