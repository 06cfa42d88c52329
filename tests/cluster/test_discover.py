"""`comb platform discover` finds on a real API server what a platform.yaml said that nodes were made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.cli import main
from comb_compiler.compiler import check
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import NodePool
from tests.cluster.api import Api
from tests.cluster.nodes import nodes
from tests.cluster.objects import Object
from tests.cluster.rendering import example_platform, written
from tests.cluster.sharing import SHARING
from tests.servers.control_plane import ControlPlane

CLUSTER = "east"
STORAGE = ("nas-east-a", "nas-east-b")
PROFILES = {
    "1g.10gb": {"memory": "10Gi", "compute": "14%", "perDevice": 4},
    "3g.20gb": {"memory": "20Gi", "compute": "42%", "perDevice": 2},
}
MIG = {"backEnd": "mig", "slices": {"1g.10gb": 2, "3g.20gb": 1}}
ZONE = "topology.kubernetes.io/zone"


def sharing_by(back_end: str, directory: Path) -> Platform:
    """The example's platform, all devices shared by one back end: cut by MIG, they are larger and cut in one way."""
    platform = example_platform()
    if back_end == "mig":
        platform["devices"]["nvidia-a10"] |= {"memory": "40Gi", "mig": PROFILES}
    for cluster in platform["clusters"].values():
        for pool in cluster["nodePools"].values():
            if "device" in pool:
                pool["sharing"] = MIG if back_end == "mig" else SHARING[back_end]
    checked = check(written(platform, directory)).platform
    assert checked is not None
    assert checked.value is not None
    return checked.value


def labelled(node: Object, pool: NodePool, platform: Platform) -> Object:
    """A node with what NVIDIA's GPU feature discovery says of it."""
    if pool.device is None:
        return node
    device, sharing = platform.devices[pool.device], pool.sharing
    node["metadata"]["labels"] |= {
        "nvidia.com/gpu.product": (device.product or "").replace(" ", "-"),
        "nvidia.com/gpu.memory": str(int(device.memory) >> 20),
        "nvidia.com/gpu.count": str(pool.devices),
        "nvidia.com/gpu.sharing-strategy": sharing.back_end.value if sharing.replicas else "none",
        "nvidia.com/gpu.replicas": str(sharing.replicas or 1),
    }
    return node


def made(platform: Platform) -> Iterator[Object]:
    """The nodes of a cluster and its storage classes."""
    pools = platform.clusters[CLUSTER].node_pools
    for one in nodes(platform, CLUSTER):
        pool = pools.get(one["metadata"]["name"].rpartition("-")[0])
        yield one if pool is None or one["kind"] != "Node" else labelled(one, pool, platform)
    for name in STORAGE:
        metadata = {"name": name}
        yield {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, "provisioner": "nfs"}


@pytest.fixture
def empty(api: Api) -> Iterator[Api]:
    """The API server without nodes, before and after."""

    def clear() -> None:
        for version, kind in (("v1", "Node"), ("resource.k8s.io/v1", "ResourceSlice")):
            api.delete_all(version, kind)
        for name in STORAGE:
            api.delete("storage.k8s.io/v1", "StorageClass", name)

    clear()
    yield api
    clear()


def discovered(plane: ControlPlane, file: Path) -> Any:
    """What the command writes."""
    arguments = ["platform", "discover", "--kubeconfig", str(plane.kubeconfig), "--team", "vision", "-o", str(file)]
    assert main(arguments) == 0
    return yaml.safe_load(file.read_text("utf-8"))


@pytest.mark.parametrize("back_end", sorted(SHARING))
def test_pools_devices_and_zones_are_those_that_there_are(
    back_end: str, empty: Api, plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given").mkdir()
    platform = sharing_by(back_end, tmp_path / "given")
    empty.apply_all(made(platform))
    found = discovered(plane, tmp_path / "platform.yaml")
    wanted = platform.clusters[CLUSTER]
    pools = found["clusters"]["main"]["nodePools"].values()
    seen = sorted((pool["nodes"], pool["cpu"], pool["zone"], pool.get("devices", 0)) for pool in pools)
    assert seen == sorted(
        (pool.nodes, f"{int(pool.cpu * 1000)}m", wanted.zones[pool.zone or ""].node_labels[ZONE], pool.devices)
        for pool in wanted.node_pools.values()
    )
    assert [pool["sharing"] for pool in pools if "device" in pool] == [MIG if back_end == "mig" else SHARING[back_end]]
    (device,) = found["devices"].values()
    assert device["product"] == "NVIDIA A10"
    assert found["clusters"]["main"]["zones"].keys() == {"east-a", "east-b"}
    assert main(["check", str(tmp_path / "platform.yaml"), "--root", str(tmp_path)]) == 0
    assert "nothing to say" in capsys.readouterr().err


def test_what_is_discovered_is_not_written_over_what_is_there(plane: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text("ours\n", "utf-8")
    command = ["platform", "discover", "--kubeconfig", str(plane.kubeconfig), "-o", str(tmp_path / "platform.yaml")]
    assert main(command) == 2
    assert (tmp_path / "platform.yaml").read_text("utf-8") == "ours\n"


def test_a_cluster_without_nodes_says_so(empty: Api, plane: ControlPlane, tmp_path: Path) -> None:
    assert discovered(plane, tmp_path / "platform.yaml")["clusters"]["main"]["nodePools"] == {}
    assert "it has none" in (tmp_path / "platform.yaml").read_text("utf-8")
