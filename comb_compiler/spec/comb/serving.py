"""Storage, recording, experiment, rollout, promises."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.names import FieldPath, Name, StickyKey, Text
from comb_compiler.spec.shapes import BY_WORD, Overlay, ShortForm
from comb_compiler.spec.units import Bytes, Duration, Ratio

__all__ = [
    "Abort",
    "Always",
    "Arm",
    "Experiment",
    "MarkRule",
    "Recording",
    "Rollout",
    "Sla",
    "Storage",
    "Workspace",
    "WorkspaceScope",
]


class WorkspaceScope(StrEnum):
    """Who sees the same files."""

    POD = "pod"
    """The operators of one pod."""
    ZONE = "zone"
    """All pods of a NAS zone; they must then run in a zone."""


class Workspace(Model):
    """A file system for large intermediate results, so that they are not uploaded."""

    size: Bytes = Field(description="Its size, in bytes with a unit.", examples=["50Gi"])
    shared: Annotated[WorkspaceScope, BY_WORD] = Field(
        default=WorkspaceScope.POD, description="Who sees the same files: the pod, or all pods of a NAS zone."
    )


class Storage(Model):
    """Where operators may keep files."""

    workspace: Workspace | None = Field(default=None, description="A file system for intermediate results.")


class Always(StrEnum):
    """Requests that are recorded whatever the sample rate."""

    ERROR = "error"
    """Requests that fail."""
    TIMEOUT = "timeout"
    """Requests that run out of time."""
    OOM = "oom"
    """Requests whose process is killed for want of memory."""
    SLOW = "slow"
    """Requests that take longer than the promised `p99`, or `p95` where no `p99` is promised."""
    ARM = "arm"
    """Requests that an arm of the experiment answers otherwise than the comb as written would."""


class MarkRule(Model):
    """What is probably wrong with an answer. The short form is the condition alone."""

    when: Text = Field(
        description="A CEL condition over the request and steps; what it holds for is kept, and marked `error`.",
        examples=["verdict.confidence < 0.4"],
    )
    why: Text | None = Field(
        default=None, description="What people read; the condition by default.", examples=["not sure of itself"]
    )


class Recording(Model):
    """Which requests are kept as samples."""

    sample: Ratio = Field(default="1%", validate_default=True, description="The share of requests to record.")
    always: list[Annotated[Always, BY_WORD]] = Field(
        default=[Always.ERROR, Always.TIMEOUT, Always.OOM], description="What is recorded whatever the share."
    )
    keep: Duration = Field(default="30d", validate_default=True, description="How long samples are kept.")
    redact: list[FieldPath] = Field(
        default_factory=no_items,
        description="Fields that never leave the process.",
        examples=[["request.frame.user_id"]],
    )
    patterns: list[Text] = Field(
        default_factory=no_items,
        description="What is hidden in all texts: `email`, `phone`, `card`, `token`, or a `/regular expression/`.",
        examples=[["email", "/order-[0-9]{8}/"]],
    )
    files: list[FieldPath] = Field(
        default_factory=no_items,
        description="Fields of the request that name files in the workspace, which are kept with it.",
        examples=[["request.frame.path"]],
    )
    marks: dict[Name, Annotated[MarkRule, ShortForm("when")]] = Field(
        default_factory=dict,
        description="Rules by name: requests that they hold for are kept, and marked as errors.",
        examples=[{"nothing-found": "size(verdict.lines) == 0"}],
    )


class Arm(Model):
    """One variant of an experiment."""

    weight: int = Field(ge=0, le=1_000_000, description="Its share, beside the other arms' weights.", examples=[10])
    overlay: Overlay = Field(
        default_factory=dict,
        alias="set",
        description="What differs from the comb: the file's own shape, merged by key; null takes a key away.",
    )


class Experiment(Model):
    """An A/B test: each user sticks to one arm."""

    key: StickyKey = Field(description="What a user is known by: a header, or a field of the request.")
    salt: Name | None = Field(
        default=None, description="Changes who falls into which arm; the comb's name by default.", examples=["again"]
    )
    arms: dict[Name, Arm] = Field(min_length=1, description="The variants by name.")


class Abort(Model):
    """Figures that end a rollout and bring the previous release back. What is not given is the SLA's."""

    error_rate: Ratio | None = Field(default=None, description="Share of requests that fail.", examples=["1%"])
    timeout_rate: Ratio | None = Field(
        default=None, description="Share of requests that run out of time.", examples=["1%"]
    )
    p99: Duration | None = Field(default=None, description="Latency that 99% of requests keep.", examples=["200ms"])


class Rollout(Model):
    """A grey release: the share of traffic that a new release gets, step by step."""

    steps: list[Ratio] = Field(
        min_length=1,
        description="Rising shares of the traffic; 100% follows the last.",
        examples=[["1%", "10%", "50%"]],
    )
    hold: Duration = Field(default="10m", validate_default=True, description="How long each step is watched.")
    abort: Abort = Field(default_factory=dict, validate_default=True, description="Figures that end it.")


class Sla(Model):
    """What the comb promises."""

    qps: float | None = Field(default=None, gt=0, description="Requests per second.", examples=[200])
    deadline: Duration | None = Field(
        default=None, description="The longest that any request may take.", examples=["300ms"]
    )
    p50: Duration | None = Field(default=None, description="Latency that half of the requests keep.", examples=["40ms"])
    p90: Duration | None = Field(default=None, description="Latency that 90% of the requests keep.", examples=["90ms"])
    p95: Duration | None = Field(default=None, description="Latency that 95% of the requests keep.", examples=["120ms"])
    p99: Duration | None = Field(default=None, description="Latency that 99% of the requests keep.", examples=["150ms"])
    timeout_rate: Ratio | None = Field(
        default=None, description="Share of requests that may run out of time.", examples=["0.5%"]
    )
    error_rate: Ratio | None = Field(default=None, description="Share of requests that may fail.", examples=["0.5%"])
