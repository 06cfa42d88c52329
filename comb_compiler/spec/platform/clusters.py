"""Clusters: pools of nodes, zones, and where their monitoring is."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.names import Label, LabelValue, Name, SeriesLabel, Url
from comb_compiler.spec.platform.devices import GpuSharing
from comb_compiler.spec.shapes import BY_WORD, ShortForm
from comb_compiler.spec.units import Bytes, Cores

__all__ = ["Autoscaling", "Cluster", "Exporter", "NodePool", "Prometheus", "Taint", "TaintEffect", "Zone"]


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    """They are not placed on the node."""
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    """They are placed elsewhere while there is room."""
    NO_EXECUTE = "NoExecute"
    """They are not placed on the node, and are evicted from it."""


class Taint(Model):
    """A taint of the pool's nodes: pods that Comb places there tolerate it."""

    key: Label = Field(description="The taint's key.")
    value: LabelValue = Field(default="", description="Its value.")
    effect: Annotated[TaintEffect, BY_WORD] = Field(default=TaintEffect.NO_SCHEDULE, description="What it does.")


class NodePool(Model):
    """Nodes that are alike."""

    nodes: int = Field(ge=0, le=100_000, description="How many nodes there are.")
    cpu: Cores = Field(description="Cores of one node that pods can have.")
    memory: Bytes = Field(description="Main memory of one node that pods can have.")
    pods: int = Field(default=110, ge=1, le=10_000, description="Pods of one node that can be combs'.")
    device: Name | None = Field(default=None, description="The class of its devices; none for a pool of CPUs.")
    devices: int = Field(default=0, ge=0, le=64, description="Devices per node.")
    sharing: Annotated[GpuSharing, ShortForm("backEnd")] = Field(
        default={"backEnd": "exclusive"}, validate_default=True, description="How it shares its devices."
    )
    zone: Name | None = Field(default=None, description="The NAS zone that its nodes are in.")
    labels: dict[Label, LabelValue] = Field(
        default_factory=dict, description="Labels of its nodes, by which pods find them, and others keep off."
    )
    taints: list[Taint] = Field(default_factory=no_items, description="Taints of its nodes.")


class Zone(Model):
    """Nodes that share a file system."""

    storage_class: Name = Field(description="The StorageClass whose volumes many pods can write (ReadWriteMany).")
    node_labels: dict[Label, LabelValue] = Field(
        default_factory=dict, description="Labels by which its nodes are known."
    )


class Exporter(StrEnum):
    """What measures GPUs, and so how its series are named."""

    DCGM = "dcgm"
    """NVIDIA's DCGM exporter."""
    HAMI = "hami"
    """HAMi's own exporter, which knows of shares."""


class Autoscaling(StrEnum):
    """What moves the number of replicas."""

    HPA = "hpa"
    """The HorizontalPodAutoscaler of Kubernetes."""
    KEDA = "keda"
    """KEDA, which can scale to zero and by any query."""
    NONE = "none"
    """Nothing: every operator stays at its least."""


class Prometheus(Model):
    """Where a cluster's metrics are."""

    url: Url = Field(
        description="The server, as it is reached from inside the cluster.",
        examples=["http://prometheus.monitoring.svc:9090"],
    )
    exporter: Annotated[Exporter, BY_WORD] = Field(default=Exporter.DCGM, description="What measures GPUs.")
    pod_label: SeriesLabel = Field(
        default="exported_pod", description="The label that names the pod in the exporter's series."
    )
    namespace_label: SeriesLabel = Field(
        default="exported_namespace", description="The label that names the namespace."
    )
    service_monitors: bool = Field(
        default=True, description="Whether the Prometheus operator's objects are understood."
    )
    adapter_namespace: Name = Field(
        default="monitoring",
        description="Where the Prometheus Adapter is: a ConfigMap with its rules is put there, if HPA scales.",
    )
    labels: dict[Label, LabelValue] = Field(
        default_factory=dict,
        description="Labels by which the Prometheus operator finds its objects; none if it takes all.",
        examples=[{"release": "monitoring"}],
    )


class Cluster(Model):
    """One Kubernetes cluster."""

    node_pools: dict[Name, NodePool] = Field(min_length=1, description="Its nodes, by pool.")
    zones: dict[Name, Zone] = Field(default_factory=dict, description="Its NAS zones.")
    prometheus: Prometheus | None = Field(default=None, description="Where its metrics are.")
    traces: Url | None = Field(
        default=None,
        description="Where spans are sent to, by OTLP over gRPC, as it is reached from inside the cluster.",
        examples=["http://collector.monitoring.svc:4317"],
    )
    autoscaling: Annotated[Autoscaling, BY_WORD] = Field(
        default=Autoscaling.HPA, description="What moves the number of replicas."
    )
