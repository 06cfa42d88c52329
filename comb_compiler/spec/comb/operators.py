"""Operators: what runs, on what, with which promises."""

from typing import Annotated, Any

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.comb.scaling import Scale
from comb_compiler.spec.comb.tensors import Oip
from comb_compiler.spec.names import (
    EntryPoint,
    Identifier,
    ImageReference,
    Label,
    LabelValue,
    ModelReference,
    Name,
    Text,
    TypeName,
)
from comb_compiler.spec.shapes import ShortForm
from comb_compiler.spec.units import Bytes, Cores, Duration, GpuMemory, Ratio

__all__ = [
    "Affinity",
    "Batch",
    "Fallback",
    "Gpu",
    "Operator",
    "Port",
    "Preference",
    "Requirement",
    "Resources",
]


class Port(Model):
    """An input of an operator. The short form is the message's name alone."""

    type: TypeName = Field(description="The message that the port takes.")
    optional: bool = Field(default=False, description="Whether the operator also runs when nothing arrives here.")


class Gpu(Model):
    """What share of how many GPUs an instance needs. The platform decides how the share is made."""

    count: int = Field(default=1, ge=1, le=64, description="Devices per instance.")
    memory: GpuMemory | None = Field(default=None, description="Memory on each device: an amount, or a share of it.")
    compute: Ratio | None = Field(default=None, description="Share of each device's compute.", examples=["20%"])


class Resources(Model):
    """What one instance needs."""

    cpu: Cores | None = Field(
        default=None, description="CPU cores: `2`, `0.5`, or `500m`. A pod of which none says counts for `100m`."
    )
    memory: Bytes | None = Field(
        default=None,
        description="Main memory, in bytes with a unit. A pod of which none says counts for `256Mi`.",
        examples=["1Gi", "512Mi"],
    )
    gpu: Gpu | None = Field(default=None, description="A share of a GPU.")


class Requirement(Model):
    """Where an instance must run. All that is given must hold."""

    zone: Name | None = Field(default=None, description="A NAS zone of the platform.", examples=["nas-a"])
    labels: dict[Label, LabelValue] = Field(default_factory=dict, description="Labels that the node must carry.")


class Preference(Requirement):
    """Where an instance would best run."""

    weight: int = Field(default=50, ge=1, le=100, description="How much it counts beside the other preferences.")


class Affinity(Model):
    """Where instances run, and beside whom."""

    require: list[Requirement] = Field(default_factory=no_items, description="Places of which one must be met.")
    prefer: list[Preference] = Field(default_factory=no_items, description="Places that are better than others.")
    beside: list[Name] = Field(
        default_factory=no_items,
        alias="with",
        description="Operators to share a pod with: what they exchange stays on the node.",
    )
    apart: list[Name] = Field(default_factory=no_items, description="Operators never to share a node with.")


class Batch(Model):
    """Requests that are run together."""

    max: int = Field(ge=1, le=4096, description="The most requests in one batch.", examples=[8])
    wait: Duration | None = Field(
        default=None, description="How long the first of a batch may wait for others.", examples=["4ms"]
    )


class Fallback(Model):
    """What the graph sees when the operator fails or is late."""

    value: dict[str, Any] = Field(
        description="A message of the operator's output type, in Protobuf's JSON form, where `{}` has no field set."
    )


class Operator(Model):
    """An algorithm with typed inputs and outputs. Exactly one of `run`, `image` and `oip` says what it is."""

    run: EntryPoint | None = Field(default=None, description="The Python class or function: `package.module:Name`.")
    image: ImageReference | None = Field(default=None, description="A container image that speaks Comb's protocol.")
    oip: Oip | None = Field(default=None, description="A model on an Open Inference Protocol server.")
    description: Text | None = Field(default=None, description="What it does, for people.")
    model: ModelReference | None = Field(
        default=None, description="The model version that it is given: `model@version`."
    )
    inputs: dict[Identifier, Annotated[Port, ShortForm("type")]] = Field(
        default_factory=dict, alias="in", description="Its inputs: the port's name and the message that it takes."
    )
    out: TypeName = Field(description="The message that it answers with.")
    resources: Resources = Field(default_factory=dict, validate_default=True, description="What one instance needs.")
    devices: list[Name] = Field(
        default_factory=no_items,
        description="Device classes of the platform that it may run on, best first; `cpu` is one.",
        examples=[["nvidia-a10", "cpu"]],
    )
    affinity: Affinity = Field(
        default_factory=dict, validate_default=True, description="Where instances run, and beside whom."
    )
    priority: Name | None = Field(
        default=None,
        description="The name of a priority of platform.yaml: the higher takes the node from the lower.",
        examples=["high"],
    )
    timeout: Duration | None = Field(default=None, description="How long one call may take.", examples=["80ms"])
    batch: Batch | None = Field(default=None, description="Run requests together.")
    workers: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="How many calls an instance answers at once, in threads, or in processes with the model in each. "
        "What the code declares by default.",
        examples=[4],
    )
    retries: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How often a failed call is tried again, within its timeout. Only where repeating a call is safe.",
    )
    fallback: Fallback | None = Field(default=None, description="What the graph sees instead when it fails or is late.")
    scale: Scale = Field(
        default_factory=dict, validate_default=True, description="How many instances, and what decides it."
    )
