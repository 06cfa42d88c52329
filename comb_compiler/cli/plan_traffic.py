"""What a plan says of its traffic → lines for a terminal."""

from collections.abc import Iterator

from comb_compiler.cli.plan_style import Style
from comb_compiler.plan.model import GreyRelease, Traffic
from comb_compiler.plan.wording import percent
from comb_compiler.spec.units import format_duration

__all__ = ["traffic_lines"]


def traffic_lines(traffic: Traffic, style: Style) -> Iterator[str]:
    """The arms by weight, and how a new release takes over; nothing where all get the same at once."""
    if traffic.arms:
        said = ", ".join(f"{name} {weight}" for name, weight in traffic.arms.items())
        yield from style.filled(f"arms by weight: {said}", "", "  ")
    if traffic.rollout is not None:
        yield from style.filled(f"grey release: {_steps(traffic.rollout)}; {_back(traffic.rollout)}", "", "  ")


def _steps(rollout: GreyRelease) -> str:
    return f"{' → '.join(percent(one) for one in rollout.steps)}, {format_duration(rollout.hold)} each"


def _back(rollout: GreyRelease) -> str:
    limits = {
        "errorRate": None if rollout.error_rate is None else percent(rollout.error_rate),
        "timeoutRate": None if rollout.timeout_rate is None else percent(rollout.timeout_rate),
        "p99": None if rollout.p99 is None else format_duration(rollout.p99),
    }
    said = ", ".join(f"{name} {value}" for name, value in limits.items() if value is not None)
    return f"back at {said}" if said else "no figure brings the earlier release back"
