"""A step → when each request arrives, and which one it is: known before the first is sent."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from comb_compiler.load.model import Step

__all__ = ["Schedule", "schedule"]


_MOST = 2**24
"""Requests of a step: their times are known before it begins, and take memory."""


class Schedule(NamedTuple):
    """Seconds since the step began, in order; and the index of an input for each."""

    due: "array[float]"
    which: "array[int]"


def schedule(step: Step, weights: Sequence[float], worker: int = 0, workers: int = 1) -> Schedule:
    """One worker's part: every `workers`-th arrival. All parts together are the same whatever their number.

    Raises ValueError where a step is none, or has more requests than fit.
    """
    if not (step.rate > 0 and step.seconds > 0 and step.rate * step.seconds < _MOST):
        raise ValueError(f"{step.rate:g} requests per second for {step.seconds:g} seconds can be no step")
    due = {"poisson": _poisson, "constant": _constant}[step.arrivals](step)
    draw, bounds = Random(f"which {step.seed}"), list(accumulate(weights))  # noqa: S311  nothing secret
    which = array("I", draw.choices(range(len(weights)), cum_weights=bounds, k=len(due)))
    return Schedule(due[worker::workers], which[worker::workers])


def _constant(step: Step) -> "array[float]":
    return array("d", (number / step.rate for number in range(round(step.rate * step.seconds))))


def _poisson(step: Step) -> "array[float]":
    """Arrivals of a Poisson process of which there are just as many as the rate has: then they are spread evenly."""
    draw = Random(f"when {step.seed}")  # noqa: S311
    return array("d", sorted(draw.uniform(0.0, step.seconds) for _ in range(round(step.rate * step.seconds))))
