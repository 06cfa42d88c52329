"""What must be proven before a change ships."""

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import EntryPoint, FieldPath, SampleSource
from comb_compiler.spec.units import Duration, Ratio

__all__ = [
    "AvailabilityGate", "Comparison", "ErrorReplay", "Gates", "LoadGate", "OptimisedReplay", "RegularReplay",
    "ReplayGate",
]  # fmt: skip

_SAMPLES = "A directory of samples in the repository, or `recorded` for the sample store."


class AvailabilityGate(Model):
    """Every standard sample is answered, and answered right."""

    samples: SampleSource = Field(description=_SAMPLES)


class RegularReplay(Model):
    """Candidate against baseline on ordinary traffic."""

    samples: SampleSource = Field(default="recorded", description=_SAMPLES)
    count: int = Field(default=3000, ge=1, le=10_000_000, description="How many samples to replay.")
    same: Ratio = Field(
        default="99.5%", validate_default=True, description="The share of answers that must stay the same."
    )


class ErrorReplay(Model):
    """Marked errors: at least as many answered as before, none broken again."""

    samples: SampleSource = Field(description=_SAMPLES)


class OptimisedReplay(Model):
    """Samples that this change claims to improve."""

    samples: SampleSource = Field(description=_SAMPLES)
    better: Ratio = Field(description="The share of them that must be better.", examples=["60%"])


class ReplayGate(Model):
    """Recorded requests, run again."""

    regular: RegularReplay | None = Field(default=None, description="Ordinary traffic.")
    error: ErrorReplay | None = Field(default=None, description="Marked errors.")
    optimised: OptimisedReplay | None = Field(default=None, description="Claimed improvements.")


class Comparison(Model):
    """How the values of a field are compared: by one of these. What has no such rule must be the same."""

    ignore: bool = Field(default=False, description="It does not count, as the id of a request.")
    tolerance: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="The most that numbers may differ by.", examples=[0.01]
    )
    relative: Ratio | None = Field(
        default=None, description="The same, as a share of the larger one; with `tolerance` the wider of both counts."
    )
    unordered: bool = Field(default=False, description="The items of a list may stand in any order.")
    overlap: Ratio | None = Field(
        default=None,
        description="The least that boxes must overlap by: intersection over union. Of lists each with its best match.",
        examples=["80%"],
    )
    edits: Ratio | None = Field(
        default=None,
        description="The share of a text's characters that may be inserted, removed or replaced.",
        examples=["5%"],
    )
    run: EntryPoint | None = Field(
        default=None,
        description="A Python function of two values, of lists the whole, which says True where they are the same.",
        examples=["exam.compare:same_lines"],
    )


class LoadGate(Model):
    """Behaviour under load, against the SLA."""

    steps: list[float] = Field(min_length=1, description="Requests per second, rising.", examples=[[50, 100, 200]])
    hold: Duration = Field(default="30s", validate_default=True, description="How long each step lasts.")
    slower: Ratio = Field(
        default="10%",
        validate_default=True,
        description="By how much the latencies of p50 and of what `sla` promises may exceed those of what runs now.",
    )
    saturation: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Requests per second at which `sla` has to be kept as well: there is room for so many, at least.",
        examples=[400],
    )
    samples: SampleSource | None = Field(
        default=None,
        description=f"{_SAMPLES} If it is not given, those of `replay.regular`, otherwise of `availability`.",
    )


class Gates(Model):
    """What must be proven before a change ships."""

    availability: AvailabilityGate | None = Field(default=None, description="Standard samples.")
    replay: ReplayGate | None = Field(default=None, description="Recorded requests.")
    load: LoadGate | None = Field(default=None, description="Behaviour under load.")
    compare: dict[FieldPath, Comparison] = Field(
        default_factory=dict,
        description="How fields of the answer are compared, by their paths; lists are gone through.",
        examples=[{"lines.score": {"tolerance": 0.01}}],
    )
