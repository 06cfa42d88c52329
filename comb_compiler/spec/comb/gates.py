"""What must be proven before a change ships."""

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import SampleSource
from comb_compiler.spec.units import Duration, Ratio

__all__ = ["AvailabilityGate", "ErrorReplay", "Gates", "LoadGate", "OptimisedReplay", "RegularReplay", "ReplayGate"]

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


class LoadGate(Model):
    """Behaviour under load, against the SLA."""

    steps: list[float] = Field(min_length=1, description="Requests per second, rising.", examples=[[50, 100, 200]])
    hold: Duration = Field(default="30s", validate_default=True, description="How long each step lasts.")


class Gates(Model):
    """What must be proven before a change ships."""

    availability: AvailabilityGate | None = Field(default=None, description="Standard samples.")
    replay: ReplayGate | None = Field(default=None, description="Recorded requests.")
    load: LoadGate | None = Field(default=None, description="Behaviour under load.")
