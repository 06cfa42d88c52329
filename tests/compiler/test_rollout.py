"""A candidate beside the stable release: what is added, what changes, what stays, and what is refused."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.compiler.render import RenderedCluster
from comb_compiler.compiler.rollout import BadStable, read_stable, render_step
from comb_compiler.release.release import parse_release
from tests.render.rendering import rendered_cluster

PASSES: dict[str, Any] = {"out": "ocr.v1.Frame", "devices": ["cpu"]}
OPERATORS: dict[str, Any] = {"find": PASSES, "read": PASSES, "tidy": {}}
GRAPH = {"find": "find(frame=$request)", "read": "read(frame=find)", "tidy": "tidy(frame=read)", "return": "tidy"}
STEPS = {"steps": ["1%", "12.5%", "50%"]}
ONE, EIGHTH, HALF = Decimal("0.01"), Decimal("0.125"), Decimal("0.5")
CLUSTER = {"prometheus": {"url": "http://prometheus.monitoring.svc:9090", "serviceMonitors": True}}
Object = dict[str, Any]


def version(directory: Path, code: str, **said: Any) -> RenderedCluster:
    """A release of a comb; other code is another release. What is None is left out."""
    said = {"graph": GRAPH, "rollout": STEPS, "sla": {"p99": "2s", "errorRate": "1%"}, **said}
    operators = said.pop("operators", OPERATORS)
    operators = {**operators, "find": {"resources": {"cpu": 1}, **operators["find"], "run": f"code:{code}"}}
    platform = said.pop("platform", None)
    comb = {name: value for name, value in said.items() if value is not None}
    return rendered_cluster(directory, operators, platform, CLUSTER, **comb)


def step(old: RenderedCluster, new: RenderedCluster, share: Decimal = ONE) -> RenderedCluster:
    return render_step(new, read_stable(old.files), share)


def objects(files: Mapping[str, bytes]) -> dict[str, Object]:
    return {name: yaml.safe_load(content) for name, content in files.items() if name.endswith(".yaml")}


def weights(made: RenderedCluster) -> Any:
    return json.loads(objects(made.files)["configmap-ocr--weights.yaml"]["data"]["weights.json"])


def test_nothing_of_the_stable_release_changes_but_weights_and_the_list(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    made = step(old, new)
    changed = {name for name, content in old.files.items() if made.files[name] != content}
    assert changed == {"configmap-ocr--weights.yaml", "kustomization.yaml", "release.json"}
    assert objects(made.files)["kustomization.yaml"]["resources"] == sorted(
        name for name in made.files if name.endswith(".yaml") and name != "kustomization.yaml"
    )


def test_promoted_the_new_release_has_the_names_and_selectors_of_the_old(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    for kind in ("deployment-", "service-"):
        selectors = [
            {name: one["spec"]["selector"] for name, one in objects(made.files).items() if name.startswith(kind)}
            for made in (old, step(old, new), new)
        ]
        assert selectors[0] == selectors[2]
        assert selectors[0].items() <= selectors[1].items()


def test_no_selector_of_one_track_finds_pods_of_the_other(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    made = step(old, new)
    pods = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in objects(made.files).items()
            if name.startswith("deployment")}  # fmt: skip
    assert len(pods) == 6
    for name, one in objects(made.files).items():
        if name == "kustomization.yaml":
            continue
        for selector in own_selectors(one):
            found = {pod in old.files for pod, labels in pods.items() if selector.items() <= labels.items()}
            assert found == {name in old.files}, name


def own_selectors(one: Object) -> list[Mapping[str, str]]:
    """What an object says of the pods that it is for."""
    spec = one.get("spec", {})
    if one["kind"] == "Service":
        return [spec["selector"]]
    if one["kind"] == "NetworkPolicy":
        return [spec["podSelector"]["matchLabels"]]
    if one["kind"] in ("Deployment", "PodDisruptionBudget"):
        return [spec["selector"]["matchLabels"]]
    return []


def test_weights_name_the_candidate_by_what_its_pods_are_told(tmp_path: Path) -> None:
    arms = {"key": "request.user", "arms": {"a": {"weight": 9}, "b": {"weight": 1}}}
    old, new = version(tmp_path, "Old", experiment=arms), version(tmp_path, "New", experiment=arms)
    made = step(old, new, EIGHTH)
    found = objects(made.files)
    said = weights(made)
    assert said["arms"] == {"a": 9, "b": 1}
    assert {one: said["candidate"][one] for one in ("weight", "address")} == {
        "weight": 12.5,
        "address": "ocr--candidate.vision.svc:50051",
    }
    [container] = found["deployment-ocr--candidate.yaml"]["spec"]["template"]["spec"]["containers"]
    assert {"name": "COMB_RELEASE", "value": said["candidate"]["release"]} in container["env"]
    assert found["service-ocr--candidate.yaml"]["spec"]["selector"] == {"comb.dev/process": "ocr--candidate"}
    # It has weights of its own, and sends nobody on.
    own = json.loads(found["configmap-ocr--weights--candidate.yaml"]["data"]["weights.json"])
    assert own == {"arms": {"a": 9, "b": 1}}


def test_the_candidate_calls_its_own_processes(tmp_path: Path) -> None:
    made = step(version(tmp_path, "Old"), version(tmp_path, "New"))
    [container] = objects(made.files)["deployment-ocr--candidate.yaml"]["spec"]["template"]["spec"]["containers"]
    assert "--process=ocr" in container["args"]
    assert [one for one in container["args"] if one.startswith("--peer=")] == [
        "--peer=ocr--find=ocr--find--candidate.vision.svc:50051",
        "--peer=ocr--read=ocr--read--candidate.vision.svc:50051",
    ]


def test_between_steps_only_the_weights_change(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    first = step(old, new)
    second = step(first, new, EIGHTH)
    changed = {name for name, content in second.files.items() if first.files.get(name) != content}
    assert changed == {"configmap-ocr--weights.yaml", "release.json"}
    assert first.files.keys() == second.files.keys()
    assert weights(second)["candidate"]["weight"] == 12.5
    assert second.files == step(old, new, EIGHTH).files


def test_the_release_names_both_and_the_step(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    made = parse_release(step(old, new, HALF).files["release.json"])
    assert made.rollout is not None
    assert (made.rollout.base, made.rollout.candidate, made.rollout.step) == (old.release.digest, new.release.digest, 2)
    assert made.subject == new.release.subject
    assert set(made.carried) == {*old.files, "stable.json"} - {
        "release.json",
        "configmap-ocr--weights.yaml",
        "kustomization.yaml",
    }


def test_what_the_stable_release_was_is_found_again_byte_by_byte(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    found = read_stable(step(old, new).files)
    assert {**found.files, "release.json": found.content} == old.files


def test_a_candidate_is_as_large_as_its_largest_step_needs(tmp_path: Path) -> None:
    find = {**PASSES, "resources": {"cpu": 1}, "scale": {"min": 3, "max": 9, "targets": {"cpu": "70%"}}}
    operators = {**OPERATORS, "find": find, "read": {**PASSES, "scale": {"min": 4}}}
    old, new = (version(tmp_path, one, operators=operators) for one in ("Old", "New"))
    found = objects(step(old, new).files)
    scaler = found["horizontalpodautoscaler-ocr--find--cpu--candidate.yaml"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["scaleTargetRef"]["name"] == "ocr--find--cpu--candidate"
    assert found["deployment-ocr--read--cpu--candidate.yaml"]["spec"]["replicas"] == 2
    added = {one.object["kind"] for one in step(old, new).manifests}
    assert {"PodDisruptionBudget", "PrometheusRule"}.isdisjoint(added)
    assert "ServiceMonitor" in added


def test_a_patch_of_an_object_is_for_the_candidates_too(tmp_path: Path) -> None:
    merge = {"spec": {"minReadySeconds": 7}}
    patches = {"slow": {"why": "x", "target": {"kind": "Deployment", "name": "ocr--find--cpu"}, "merge": merge}}
    old, new = (version(tmp_path, one, platform={"patches": patches}) for one in ("Old", "New"))
    found = objects(step(old, new).files)
    assert found["deployment-ocr--find--cpu--candidate.yaml"]["spec"]["minReadySeconds"] == 7
    assert "minReadySeconds" not in found["deployment-ocr--candidate.yaml"]["spec"]


def test_pods_that_are_to_be_apart_are_so_across_tracks(tmp_path: Path) -> None:
    operators = {**OPERATORS, "find": {**PASSES, "affinity": {"apart": ["read"]}}}
    old, new = (version(tmp_path, one, operators=operators) for one in ("Old", "New"))
    pod = objects(step(old, new).files)["deployment-ocr--find--cpu--candidate.yaml"]["spec"]["template"]["spec"]
    terms = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert [one["labelSelector"]["matchLabels"] for one in terms] == [
        {"comb.dev/process": "ocr--read--candidate"},
        {"comb.dev/process": "ocr--read"},
    ]


def test_who_cannot_be_beside_each_other_is_told(tmp_path: Path) -> None:
    old, new, third = (version(tmp_path, one) for one in ("Old", "New", "Third"))
    with pytest.raises(BadStable, match="another candidate is on its way"):
        step(step(old, new), third)
    with pytest.raises(BadStable, match="nothing to try on users"):
        step(old, version(tmp_path, "Old", metadata={"name": "ocr", "labels": {"a": "b"}}))
    with pytest.raises(BadStable, match="the stable release has no `rollout`"):
        step(version(tmp_path, "Old", rollout=None), new)
    arms = {"key": "request.user", "arms": {"a": {"weight": 1}}}
    with pytest.raises(BadStable, match="the stable release has no `rollout`"):
        step(version(tmp_path, "Old", rollout=None, experiment=arms), new)


def test_a_directory_that_was_changed_is_no_stable_release(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    with pytest.raises(BadStable, match=r"holds no `release\.json`"):
        read_stable({})
    with pytest.raises(BadStable, match=r"`deployment-ocr\.yaml` is not as `release\.json` says"):
        read_stable({**old.files, "deployment-ocr.yaml": b"kind: Deployment\n"})
    with pytest.raises(BadStable, match=r"`release\.json`: it is no JSON"):
        read_stable({**old.files, "release.json": b"{"})
    beside = step(old, new).files
    with pytest.raises(BadStable, match=r"`stable\.json` is not as"):
        read_stable({**beside, "stable.json": new.files["release.json"]})
