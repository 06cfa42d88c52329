"""The graph as it is written. What it means is the graph stage's matter."""

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Identifier, Name, Text
from comb_compiler.spec.units import Duration

__all__ = ["Node"]


class Node(Model):
    """One step. The short form is the text of the call alone: `recognise(boxes=straight)`.

    The call is given as text (`call`), or taken apart (`operator` and `in`).
    """

    call: Text | None = Field(
        default=None,
        description="The call: `operator(port=source, …)`.",
        examples=["decide(lines=lines, unsafe=unsafe)"],
    )
    operator: Name | None = Field(default=None, description="The operator to call.", examples=["decide"])
    inputs: dict[Identifier, Text] = Field(
        default_factory=dict,
        alias="in",
        description="The source of each port: a step, or a field of the request such as `$request.frame`.",
        examples=[{"frame": "$request.frame"}],
    )
    when: Text | None = Field(
        default=None,
        description="A CEL condition over the request and earlier steps; where it does not hold, the step is skipped.",
        examples=["request.check_nudity"],
    )
    optional: bool = Field(default=False, description="Whether the graph goes on without it when it fails or is late.")
    timeout: Duration | None = Field(
        default=None, description="How long this call may take; the operator's `timeout` by default.", examples=["20ms"]
    )
