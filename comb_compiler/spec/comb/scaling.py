"""How many instances, and what decides it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Name, Text
from comb_compiler.spec.shapes import BY_WORD
from comb_compiler.spec.units import Ratio

__all__ = ["Query", "Scale", "ScaleTargets", "ScalingPace"]


class Query(Model):
    """Any Prometheus query that yields one number for the workload."""

    query: Text = Field(description="PromQL.", examples=['sum(rate(requests_total{comb="ocr"}[1m]))'])
    target: float = Field(gt=0, description="The value to hold per instance.", examples=[100])


class ScaleTargets(Model):
    """Values to hold per instance. With several, the one that asks for most instances wins."""

    gpu_utilization: Ratio | None = Field(
        default=None, description="Share of the time that the GPU computes.", examples=["70%"]
    )
    gpu_memory: Ratio | None = Field(
        default=None, description="Used share of the GPU memory that it was given.", examples=["80%"]
    )
    cpu: Ratio | None = Field(default=None, description="CPU use, of what it asked for.", examples=["70%"])
    queue: int | None = Field(default=None, ge=1, description="Requests waiting per instance.", examples=[4])
    queries: dict[Name, Query] = Field(default_factory=dict, description="Any Prometheus query, by a name of yours.")


class ScalingPace(StrEnum):
    """How eagerly to follow the load."""

    CAUTIOUS = "cautious"
    """Grow late and shrink late: for load that jumps about."""
    STEADY = "steady"
    """Grow soon and shrink late: right for most."""
    FAST = "fast"
    """Grow at once and shrink soon: for load that comes in waves."""


class Scale(Model):
    """Between `min` and `max` instances; fixed at `min` when they are equal or nothing is aimed at."""

    min: int = Field(default=1, ge=0, le=10_000, description="The fewest instances.")
    max: int | None = Field(default=None, ge=1, le=10_000, description="The most instances; `min` by default.")
    targets: ScaleTargets = Field(
        default_factory=dict, validate_default=True, description="Values to hold per instance."
    )
    pace: Annotated[ScalingPace, BY_WORD] = Field(
        default=ScalingPace.STEADY, description="How eagerly to follow the load."
    )
