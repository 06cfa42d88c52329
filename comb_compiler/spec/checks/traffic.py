"""Experiments and rollouts: who gets what."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path

__all__ = ["check_rising", "check_traffic"]


def check_traffic(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Some arm has weight; the steps of a rollout rise and stay below 100%."""
    weighed = comb.experiment is not None and any(arm.weight for arm in comb.experiment.arms.values())
    if comb.experiment and not weighed and bound.is_sound("experiment", "arms"):
        yield _no_weight(bound, tuple(comb.experiment.arms))
    if comb.rollout:
        path: Path = ("rollout", "steps")
        yield from check_rising(bound, path, comb.rollout.steps)
        for index, step in enumerate(comb.rollout.steps):
            if step in (0, 1):
                yield _pointless(bound, (*path, index), step)


def _no_weight(bound: Bound[Comb], arms: tuple[str, ...]) -> Diagnostic:
    place = bound.place("experiment", "arms")
    weights = (bound.place("experiment", "arms", name, "weight").span for name in arms[:_MOST_SHOWN])
    return diagnose(
        codes.NO_WEIGHT,
        "no arm has any weight, so nobody can be served",
        place.key_span,
        related=tuple(Label(span, "no weight") for span in weights),
        path=format_path(place.path),
        hints=("give at least one arm a weight above 0",),
    )


_MOST_SHOWN = 4


def _pointless(bound: Bound[Comb], path: Path, step: Decimal) -> Diagnostic:
    place = bound.place(*path)
    return diagnose(
        codes.OUT_OF_RANGE,
        f"a step of a rollout lies between 0% and 100%, not at {step * 100:f}%",
        place.span,
        path=format_path(place.path),
        hints=("leave it out: 100% follows the last step",),
    )


def check_rising(bound: Bound[Comb], path: Path, steps: Sequence[Decimal | float]) -> Iterator[Diagnostic]:
    """Each step is above the one before."""
    for index in range(1, len(steps)):
        if steps[index] <= steps[index - 1]:
            place, earlier = bound.place(*path, index), bound.place(*path, index - 1)
            yield diagnose(
                codes.NOT_RISING,
                f"each step of `{path[-1]}` must be above the one before",
                place.span,
                related=(Label(earlier.span, "the step before"),),
                path=format_path(place.path),
                hints=("write the steps in rising order, each once",),
            )
