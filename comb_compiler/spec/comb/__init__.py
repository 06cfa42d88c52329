"""`comb.yaml`: one algorithm service, as its team declares it."""

from typing import Annotated, Literal

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.comb.gates import Gates
from comb_compiler.spec.comb.graph import Node
from comb_compiler.spec.comb.models import ModelSpec
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.comb.serving import Experiment, Recording, Rollout, Sla, Storage
from comb_compiler.spec.names import CombName, Identifier, Label, LabelValue, MethodName, Name, RelativePath, Text
from comb_compiler.spec.shapes import Overlay, ShortForm

__all__ = ["Comb", "Interface", "Metadata"]


class Metadata(Model):
    """Whose comb it is."""

    name: CombName = Field(description="The comb's name, unique on the platform.", examples=["frame-moderation"])
    team: Name | None = Field(default=None, description="The team that owns it.", examples=["content-safety"])
    description: Text | None = Field(default=None, description="What it is for, for people.")
    labels: dict[Label, LabelValue] = Field(
        default_factory=dict, description="Labels for all objects of the comb.", examples=[{"tier": "online"}]
    )


class Interface(Model):
    """The Protobuf method that the comb answers."""

    proto: RelativePath = Field(
        description="The .proto file. Its imports are looked for from its directory, then from those above it.",
        examples=["protos/moderation.proto"],
    )
    method: MethodName = Field(
        description="The method, as `package.Service/Method`.", examples=["moderation.v1.Moderation/Check"]
    )
    types: list[RelativePath] = Field(
        default_factory=no_items,
        description="Further .proto files, whose messages the operators exchange and no client sees.",
        examples=[["protos/internal.proto"]],
    )
    include: list[RelativePath] = Field(
        default_factory=no_items,
        description="Further directories in which imports are looked for, as by protoc's `-I`.",
        examples=[["third_party"]],
    )


class Comb(Model):
    """One algorithm service: operators composed into a graph behind one Protobuf method."""

    api_version: Literal["comb.dev/v1"] = Field(description="The version of this file's form.")
    kind: Literal["Comb"] = Field(description="What this file declares.")
    metadata: Metadata = Field(description="Whose comb it is.")
    interface: Interface = Field(description="The Protobuf method that it answers.")
    models: dict[Name, ModelSpec] = Field(default_factory=dict, description="Models and their versions.")
    operators: dict[Name, Operator] = Field(min_length=1, description="The algorithms, by name.")
    graph: dict[Identifier, Annotated[Node, ShortForm("call")]] = Field(
        min_length=2,
        description="The steps by name, each a call of an operator; `return` names the step that answers.",
        json_schema_extra={
            "required": ["return"],
            "properties": {
                "return": {"description": "The step whose answer is the comb's.", "errorMessage": "Name a step."}
            },
        },
    )
    storage: Storage = Field(default_factory=dict, validate_default=True, description="Where operators may keep files.")
    recording: Recording = Field(
        default_factory=dict, validate_default=True, description="Which requests are kept as samples."
    )
    experiment: Experiment | None = Field(default=None, description="An A/B test.")
    rollout: Rollout | None = Field(default=None, description="A grey release.")
    sla: Sla = Field(default_factory=dict, validate_default=True, description="What the comb promises.")
    gates: Gates = Field(
        default_factory=dict, validate_default=True, description="What must be proven before a change ships."
    )
    environments: dict[Name, Overlay] = Field(
        default_factory=dict,
        description="What differs by environment: the file's own shape, merged by key. Models, graph and code do not.",
    )
