"""What differs between two sets of objects, and what nobody needs to look at."""

import json
from typing import Any

import pytest

from comb_compiler.changes import Fate, ObjectChange
from comb_compiler.changes.compare import Compared, compare
from comb_compiler.changes.noise import PLACES
from comb_compiler.changes.sides import side_of_files
from comb_compiler.render import emit

_HASH = "0123456789"


def deployment(**spec: Any) -> dict[str, Any]:
    """A Deployment with one container, changed where `spec` says so."""
    container = {
        "name": "comb",
        "image": "r/a@sha256:1",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    }
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container | spec.pop("container", {})]}}
    template["spec"] |= spec.pop("pod", {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "n", **spec.pop("metadata", {})},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "replicas": 2, "template": template, **spec},
    }


def config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, "data": data}


def compared(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Compared:
    old, new = (
        side_of_files({f"{n}.yaml": emit(one).encode() for n, one in enumerate(each)}) for each in (before, after)
    )
    return compare(old, new)


def parts(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The parts of the one object that differ."""
    found = compared([before], [after]).objects
    return [(hunk.path, hunk.before, hunk.after) for one in found for hunk in one.hunks]


def the(found: Compared) -> ObjectChange:
    (one,) = found.objects
    return one


def test_the_same_is_no_change() -> None:
    found = compared([deployment()], [deployment()])
    assert (found.objects, found.unchanged, found.reworded) == ((), 1, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"container": {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}},
         {"container": {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}}),
        ({"pod": {"tolerations": [{"key": "a"}, {"key": "b"}]}},
         {"pod": {"tolerations": [{"key": "b"}, {"key": "a"}]}}),
        ({"pod": {"volumes": [{"name": "x", "emptyDir": {}}, {"name": "y", "emptyDir": {}}]}},
         {"pod": {"volumes": [{"name": "y", "emptyDir": {}}, {"name": "x", "emptyDir": {}}]}}),
        ({"container": {"ports": [{"containerPort": 1}, {"containerPort": 2}]}},
         {"container": {"ports": [{"containerPort": 2}, {"containerPort": 1, "protocol": "TCP"}]}}),
    ],
    ids=["by their names", "as a set", "volumes", "a protocol that is the default"],
)  # fmt: skip
def test_a_list_in_another_order_is_no_change_but_restarts_pods(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = compared([deployment(**before)], [deployment(**after)])
    hunks = [hunk for one in found.objects for hunk in one.hunks if hunk.path.endswith("protocol") is False]
    assert hunks == []
    assert [one.workload for one in found.effects.restarts] == ["a"]


def test_the_order_of_arguments_and_of_variables_that_hold_others_counts() -> None:
    args = [deployment(container={"args": one}) for one in (["-a", "-b"], ["-b", "-a"])]
    assert parts(*args) != []
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]
    assert parts(deployment(container={"env": env}), deployment(container={"env": env[::-1]})) != []


def test_an_item_is_known_by_its_key() -> None:
    before = deployment(container={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    after = deployment(container={"env": [{"name": "C", "value": "0"}, {"name": "B", "value": "3"}]})
    env = "spec.template.spec.containers[comb].env"
    assert parts(before, after) == [
        (f"{env}[C]", None, {"name": "C", "value": "0"}),
        (f"{env}[B].value", "2", "3"),
        (f"{env}[A]", {"name": "A", "value": "1"}, None),
    ]


def test_true_is_not_one() -> None:
    assert parts(deployment(paused=True), deployment(paused=1)) == [("spec.paused", True, 1)]


def test_another_version_of_the_api_is_the_same_object() -> None:
    after = deployment() | {"apiVersion": "apps/v2"}
    assert parts(deployment(), after) == [("apiVersion", "apps/v1", "apps/v2")]


def test_json_in_a_text_is_compared_as_what_it_says() -> None:
    before = config("c", **{"x.json": json.dumps({"a": [{"name": "n", "v": 1}], "b": 2})})
    same = config("c", **{"x.json": json.dumps({"b": 2, "a": [{"name": "n", "v": 1}]}, indent=4)})
    other = config("c", **{"x.json": json.dumps({"a": [{"name": "n", "v": 3}], "b": 2})})
    assert (compared([before], [same]).objects, compared([before], [same]).reworded) == ((), 1)
    assert parts(before, other) == [('data["x.json"].a[n].v', 1, 3)]


def test_comments_and_quotes_are_counted_and_not_shown() -> None:
    plain = emit(config("c", a="1")).encode()
    found = compare(side_of_files({"c.yaml": plain}), side_of_files({"c.yaml": b"# made today\n" + plain}))
    assert (found.objects, found.unchanged) == ((), 1)


def test_digests_are_folded_and_a_change_beside_them_is_not() -> None:
    before = deployment(metadata={"annotations": {"checksum/config": "a" * 64, "owner": "x"}})
    after = deployment(metadata={"annotations": {"checksum/config": "b" * 64, "owner": "y"}})
    found = compared([before], [after])
    assert {hunk.path: bool(hunk.folded) for hunk in the(found).hunks} == {
        'metadata.annotations["checksum/config"]': True,
        "metadata.annotations.owner": False,
    }
    assert not the(found).is_noise


def test_a_row_that_leaves_a_dashboard_moves_the_others_and_changes_none() -> None:
    def board(*titles: str) -> dict[str, Any]:
        panels = [
            {"id": number, "title": title, "gridPos": {"x": 0, "y": number}, "targets": [{"refId": "A", "expr": title}]}
            for number, title in enumerate(titles, 1)
        ]
        return config("d", **{"d.json": json.dumps({"panels": panels})})

    found = the(compared([board("Arms", "Models", "Cores")], [board("Models", "Cores")]))
    assert [hunk.path for hunk in found.hunks if not hunk.folded] == ['data["d.json"].panels[Arms]']
    assert {hunk.folded for hunk in found.hunks} == {"", PLACES}


def test_a_query_of_a_panel_is_known_by_the_panels_title() -> None:
    before, after = (
        config("d", **{"d.json": json.dumps({"panels": [{"title": "Cores", "targets": targets}]})})
        for targets in ([{"refId": "A", "expr": "a"}, {"refId": "B", "expr": "b"}], [{"refId": "B", "expr": "c"}])
    )
    found = [path for path, _, _ in parts(before, after)]
    assert found == [f'data["d.json"].panels[Cores].targets{one}' for one in ("[B].expr", "[A]")]


def test_a_thousand_thousandths_are_one() -> None:
    before, after = (deployment(container={"resources": {"requests": {"cpu": one}}}) for one in ("1", "1000m"))
    assert the(compared([before], [after])).is_noise


def test_a_name_that_content_makes_is_replaced() -> None:
    before, after = config(f"a--plan-{_HASH}", x="1"), config(f"a--plan-{_HASH[::-1]}", x="2")
    found = the(compared([before], [after]))
    assert (found.fate, [hunk.path for hunk in found.hunks if not hunk.folded]) == (Fate.REPLACED, ["data.x"])


def test_what_comes_and_what_goes_is_told_whole() -> None:
    found = compared([config("old", x="1")], [config("new", x="2")])
    assert [(one.fate, one.identity.name) for one in found.objects] == [(Fate.CREATED, "new"), (Fate.DELETED, "old")]
    assert "name: new" in found.objects[0].text


def test_a_claim_that_goes_is_lost() -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "n"}}
    assert compared([claim], []).effects.lost == ("c",)


def test_only_another_template_restarts_pods() -> None:
    assert compared([deployment()], [deployment(replicas=5)]).effects.restarts == ()
    (one,) = compared([deployment()], [deployment(container={"image": "r/a@sha256:2"})]).effects.restarts
    assert (one.workload, one.because) == ("a", ("containers[comb].image",))


def test_replicas_and_resources_are_added_up() -> None:
    asked = {"resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "500m", "nvidia.com/gpu": "1"}}}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a", "namespace": "n"},
        "spec": {"scaleTargetRef": {"name": "a"}, "minReplicas": 3, "maxReplicas": 6},
    }
    effects = compared([deployment(container=asked)], [deployment(container=asked), scaler]).effects
    assert [(one.name, one.before, one.after) for one in effects.replicas] == [("a", (2, 2), (3, 6))]
    usage = {one.resource: tuple(map(str, one[1:5])) for one in effects.usage}
    assert usage["nvidia.com/gpu"] == ("2", "2", "3", "6")
    assert [float(one) for one in usage["cpu"]] == [1, 1, 1.5, 3]


@pytest.mark.parametrize("content", [b"\0", b"- 1\n", b"{", b"kind: [", b"kind: 3\n", b""])
def test_a_file_without_an_object_is_named(content: bytes) -> None:
    assert side_of_files({"x.yaml": content}).unread == ("x.yaml",)
