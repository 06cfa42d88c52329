"""A real scheduler does with rendered combs what their plans say: places them, or cannot, or takes places for them."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from comb_compiler.plan import ClusterPlan
from tests.cluster.api import Api
from tests.cluster.nodes import device_classes, nodes
from tests.cluster.objects import Object
from tests.cluster.rendering import Planned, example_platform, plan, render_example, written
from tests.support.trials import Trial

NAMESPACE = "trials"
CARD = {"memory": "16Gi"}
SLICED: dict[str, Any] = {"memory": "40Gi", "mig": {"1g.10gb": {"memory": "10Gi", "compute": "14%", "perDevice": 4}}}
LARGE = {"memory": "20Gi", "compute": "42%", "perDevice": 2}
CUT = {"1g.10gb": 2, "3g.20gb": 1}
SECONDS = 240.0
QUIET = 1.5
"""So long nothing changes when a scheduler has nothing left to do."""
TRIALS = 16
MADE = (
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
)
"""What a trial leaves behind in its namespace."""


def platform(pools: Mapping[str, Any]) -> dict[str, Any]:
    """One cluster with these pools, a namespace without a quota, and two priorities."""
    return {
        "apiVersion": "comb.dev/v1",
        "kind": "Platform",
        "metadata": {"name": "test"},
        "devices": {"card": CARD, "sliced": SLICED},
        "clusters": {"east": {"nodePools": dict(pools), "zones": {"a": {"storageClass": "nas"}}}},
        "namespaces": {NAMESPACE: {}},
        "priorities": {"high": {"value": 1000}, "low": {"value": 10, "default": True}},
        "environments": {"production": {"clusters": ["east"], "namespace": NAMESPACE}},
        "environmentRepository": {"url": "ssh://git.example.com/environments.git", "branch": "main"},
        "registry": {"push": "registry.example.com/combs"},
        "sampleStore": {"embedded": {"directory": ".comb/samples"}},
    }


class Cluster:
    """Nodes and combs on the API server, for one trial: the combs in one namespace."""

    def __init__(self, api: Api, namespace: str = NAMESPACE) -> None:
        self._api = api
        self._namespace = namespace

    def start(self, planned: Planned) -> None:
        """Give it the platform's own objects, and its nodes."""
        self._api.apply_all(planned.grounds)
        self._api.apply_all(nodes(planned.platform, planned.here.cluster))

    def run(self, documents: tuple[Object, ...]) -> dict[str, int]:
        """Apply a comb, and count the pods that have a node by Deployment, once nothing changes any more."""
        self._api.apply_all(documents)
        return self.settled()

    def settled(self) -> dict[str, int]:
        """How many pods of each Deployment have a node, once that has stayed so for a while."""
        deadline, before, since = time.monotonic() + SECONDS, None, time.monotonic()
        while True:
            now = self._state()
            if now != before:
                before, since = now, time.monotonic()
            if now is not None and time.monotonic() - since > QUIET:
                return now
            assert time.monotonic() < deadline, f"the cluster does not come to rest: {now}"
            time.sleep(0.1)

    def _state(self) -> dict[str, int] | None:
        """Pods with a node by Deployment; None while some are missing or were not looked at by the scheduler."""
        found: dict[str, int] = {}
        for one in self._api.list("apps/v1", "Deployment", self._namespace):
            name, wanted = one["metadata"]["name"], one["spec"]["replicas"]
            pods = self._api.list("v1", "Pod", self._namespace, f"app.kubernetes.io/instance={name}")
            pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            if len(pods) != wanted or not all(_is_decided(pod) for pod in pods):
                return None
            found[name] = sum("nodeName" in pod["spec"] for pod in pods)
        return found

    def clear(self) -> None:
        """Take everything away again."""
        for version, kind in MADE:
            self._api.delete_all(version, kind, self._namespace)
        self._api.delete_all("v1", "PersistentVolume")
        self._api.delete_all("resource.k8s.io/v1", "ResourceSlice")
        self._api.delete_all("v1", "Node")
        self._api.delete_all("scheduling.k8s.io/v1", "PriorityClass", labels="app.kubernetes.io/managed-by=comb")


def _is_decided(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return "nodeName" in pod["spec"] or any(one.get("reason") == "Unschedulable" for one in conditions)


@pytest.fixture
def cluster(api: Api) -> Iterator[Cluster]:
    api.apply_all(device_classes())
    made = Cluster(api)
    made.clear()
    yield made
    made.clear()


def asked(here: ClusterPlan) -> dict[str, int]:
    return {one.name: one.replicas.least for one in here.workloads}


def draw_pools(choose: Random) -> dict[str, Any]:
    """Whole cards, counted or claimed, MIG slices and CPUs; taints keep others off nodes with devices, or labels do."""
    taints = [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}] if choose.random() < 0.5 else []
    found: dict[str, Any] = {"cpus": {"nodes": choose.randint(1, 3), "cpu": choose.choice([2, 4]), "memory": "16Gi"}}
    whole = choose.choice(["exclusive", "exclusive", "dra"])
    for name, device, sharing in (("cards", "card", whole), ("slices", "sliced", "mig")):
        found[name] = {
            "nodes": choose.randint(1, 3),
            "cpu": choose.choice([2, 4, 8]),
            "memory": "32Gi",
            "device": device,
            "devices": choose.randint(1, 2),
            "sharing": sharing,
            "labels": {"device": device},
            "taints": taints,
        }
    return found


def draw_operators(choose: Random) -> dict[str, Any]:
    found = {}
    for number in range(choose.randint(1, 4)):
        devices = choose.choice([["card"], ["sliced"], ["card"], ["sliced"], ["cpu"], ["card", "cpu"]])
        gpu: dict[str, Any] = {"memory": "8Gi"}
        if devices[0] == "card":  # of slices a process uses one
            gpu["count"] = choose.choice([1, 1, 2])
        found[f"o{number}"] = {
            "devices": devices,
            "resources": {"cpu": choose.choice([1, 2, "500m"]), "memory": "1Gi", "gpu": gpu},
            "scale": {"min": choose.randint(1, 4)},
        }
        if number and choose.random() < 0.25:
            found[f"o{number}"]["affinity"] = {"apart": [f"o{choose.randrange(number)}"]}
    return found


def verdict(choose: Random, cluster: Cluster, directory: Path) -> str:
    """What is said of a comb that is drawn: what the scheduler does must not contradict it."""
    planned = plan("trial", draw_operators(choose), platform(draw_pools(choose)), directory)
    cluster.start(planned)
    has_places, wanted = cluster.run(planned.objects), asked(planned.here)
    if planned.here.fit.safe:
        assert has_places == wanted, "said to be safe"
        return "safe"
    if planned.is_impossible:
        assert sum(has_places.values()) < sum(wanted.values()), f"said to be impossible: {has_places}"
        return "impossible"
    return "fits by luck"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(TRIALS))
def test_what_is_safe_is_scheduled_and_what_is_impossible_is_not(seed: int, cluster: Cluster, tmp_path: Path) -> None:
    verdict(Random(seed), cluster, tmp_path)


@pytest.mark.prove
def test_plans_against_a_real_scheduler(trial: Trial, cluster: Cluster, tmp_path: Path) -> None:
    found: Counter[str] = Counter()
    while trial.goes_on():
        found[verdict(trial.random, cluster, tmp_path)] += 1
        cluster.clear()
        trial.note(**found)


WHOLE = {"resources": {"cpu": 1, "memory": "1Gi", "gpu": {"memory": "16Gi"}}, "devices": ["card"]}
CARDS = {"nodes": 1, "cpu": 16, "memory": "64Gi", "device": "card", "devices": 8, "sharing": "exclusive"}
CPUS = {"nodes": 2, "cpu": 4, "memory": "16Gi"}


def test_an_urgent_comb_takes_the_devices_of_another(cluster: Cluster, tmp_path: Path) -> None:
    """Eight cards: six are taken, four are wanted. Four of the six stay, and two wait."""
    pools = platform({"cards": CARDS, "cpus": CPUS})
    low = plan("patient", {"score": {**WHOLE, "priority": "low", "scale": {"min": 6}}}, pools, tmp_path)
    high = plan("urgent", {"score": {**WHOLE, "priority": "high", "scale": {"min": 4}}}, pools, tmp_path)
    cluster.start(low)
    assert cluster.run(low.objects) == {"patient--card": 6}
    assert cluster.run(high.objects) == {"patient--card": 4, "urgent--card": 4}


def test_who_does_not_preempt_waits(cluster: Cluster, tmp_path: Path) -> None:
    """The same, and the priority of the second says that it takes nothing from others."""
    pools = platform({"cards": CARDS, "cpus": CPUS})
    pools["priorities"]["high"]["preempts"] = False
    low = plan("patient", {"score": {**WHOLE, "priority": "low", "scale": {"min": 6}}}, pools, tmp_path)
    high = plan("urgent", {"score": {**WHOLE, "priority": "high", "scale": {"min": 4}}}, pools, tmp_path)
    cluster.start(low)
    cluster.run(low.objects)
    assert cluster.run(high.objects) == {"patient--card": 6, "urgent--card": 2}


def test_another_value_of_a_priority_is_another_class(cluster: Cluster, api: Api, tmp_path: Path) -> None:
    """None can be changed in place; who was not rendered since keeps the one that it asks for."""
    pools = platform({"cpus": CPUS})
    steady = {"resources": {"cpu": 1, "memory": "1Gi"}, "priority": "low"}
    cluster.start(plan("before", {"score": steady}, pools, tmp_path))
    pools["priorities"]["low"] = {"value": 20, "preempts": False, "default": True}
    after = plan("after", {"score": steady}, pools, tmp_path)
    cluster.start(after)
    assert sum(cluster.run(after.objects).values()) == 1
    [pod] = api.list("v1", "Pod", NAMESPACE)
    assert (pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]) == (20, "Never")
    assert {"comb-low-10", "comb-low-20-waits"} <= {
        one["metadata"]["name"] for one in api.list("scheduling.k8s.io/v1", "PriorityClass")
    }


def test_apart_is_never_on_one_node(cluster: Cluster, tmp_path: Path) -> None:
    """Two on one node: impossible, and one waits; a node more, and both have a place."""
    alone = {"devices": ["cpu"], "resources": {"cpu": 1, "memory": "1Gi"}}
    operators = {"one": alone, "other": {**alone, "affinity": {"apart": ["one"]}}}
    few = plan("parted", operators, platform({"cpus": {**CPUS, "nodes": 1}}), tmp_path)
    assert few.is_impossible
    cluster.start(few)
    assert sum(cluster.run(few.objects).values()) == 2
    cluster.clear()
    enough = plan("parted", operators, platform({"cpus": {**CPUS, "nodes": 3}}), tmp_path)
    assert enough.here.fit.safe
    cluster.start(enough)
    assert cluster.run(enough.objects) == asked(enough.here)


@pytest.mark.parametrize("sharing", ["mig", "dra"])
def test_a_card_is_full_to_the_last_slice_of_each_profile(sharing: str, cluster: Cluster, tmp_path: Path) -> None:
    """Two cards, each cut into one large slice and two small ones: all are used, and one more of a kind is too many."""
    several = platform(
        {
            "cpus": CPUS,
            "cut": {**CARDS, "device": "sliced", "devices": 2, "sharing": {"backEnd": sharing, "slices": CUT}},
        }
    )
    several["devices"]["sliced"] = {"memory": "40Gi", "mig": {**SLICED["mig"], "3g.20gb": LARGE}}
    small = {"devices": ["sliced"], "resources": {"cpu": 1, "memory": "1Gi", "gpu": {"memory": "8Gi"}}}
    large = {"devices": ["sliced"], "resources": {"cpu": 1, "memory": "1Gi", "gpu": {"memory": "16Gi"}}}
    for more in (0, 1):
        operators = {"small": {**small, "scale": {"min": 4}}, "large": {**large, "scale": {"min": 2 + more}}}
        planned = plan("cut", operators, several, tmp_path)
        assert planned.here.fit.safe is not bool(more)
        assert planned.is_impossible is bool(more)
        cluster.start(planned)
        assert sum(cluster.run(planned.objects).values()) == sum(asked(planned.here).values()) - more
        cluster.clear()


def test_a_node_takes_no_more_pods_than_it_says(cluster: Cluster, tmp_path: Path) -> None:
    small = {"resources": {"cpu": "10m", "memory": "16Mi"}, "scale": {"min": 12}}
    for pods in (12, 11):
        planned = plan("many", {"score": small}, platform({"cpus": {**CPUS, "nodes": 1, "pods": pods}}), tmp_path)
        assert planned.is_impossible is (pods < 12)
        cluster.start(planned)
        assert sum(cluster.run(planned.objects).values()) == pods
        cluster.clear()


def test_pods_stay_on_the_nodes_that_the_plan_gives_them(cluster: Cluster, api: Api, tmp_path: Path) -> None:
    """Nodes with devices keep others off by a taint; a zone that is required is where they are."""
    taints = [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]
    pools = platform(
        {
            "cards": {**CARDS, "taints": taints, "labels": {"device": "card"}},
            "here": {**CPUS, "zone": "a", "labels": {"where": "here"}},
            "there": CPUS,
        }
    )
    pools["clusters"]["east"]["zones"] = {"a": {"storageClass": "nas", "nodeLabels": {"zone": "a"}}}
    zoned = {"resources": {"cpu": 1, "memory": "1Gi"}, "affinity": {"require": [{"zone": "a"}]}, "scale": {"min": 3}}
    planned = plan("placed", {"near": zoned, "score": {**WHOLE, "scale": {"min": 5}}}, pools, tmp_path)
    cluster.start(planned)
    assert cluster.run(planned.objects) == {"placed": 1, "placed--near": 3, "placed--score--card": 5}
    allowed = {one.name: one.pools for one in planned.here.workloads}
    for pod in api.list("v1", "Pod", NAMESPACE):
        workload, node = pod["metadata"]["labels"]["app.kubernetes.io/instance"], pod["spec"]["nodeName"]
        assert node.rpartition("-")[0] in allowed[workload], (workload, node)


def test_the_example_runs_on_its_platform(cluster: Cluster, api: Api, tmp_path: Path) -> None:
    """Every instance of it is placed in both clusters, where devices are divided in different ways."""
    cluster = Cluster(api, "moderation")
    platform = written(example_platform(), tmp_path)
    for made in render_example("frame-moderation", platform, "production"):
        api.apply_all(made.grounds.values())
        api.apply_all(nodes(made.platform, made.here.cluster))
        documents = [one for one in made.comb.values() if one["kind"] != "Kustomization"]
        api.apply_all(volume(one) for one in documents if one["kind"] == "PersistentVolumeClaim")
        api.apply_all(documents)
        for name, least in asked(made.here).items():
            api.scale(name, "moderation", least)  # what an autoscaler begins with
        assert cluster.settled() == asked(made.here)
        cluster.clear()


def volume(claim: Object) -> Object:
    """What a NAS's provisioner would make for a claim."""
    spec, name = claim["spec"], claim["metadata"]["name"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": spec["resources"]["requests"],
            "storageClassName": spec["storageClassName"],
            "nfs": {"server": "127.0.0.1", "path": "/"},
        },
    }
