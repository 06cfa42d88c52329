"""Gates that could never decide: what they would have to see is more than they are given.

A rate is proven at 95% (one-sided) when its exact binomial bound is on the right side (Clopper and Pearson 1934). With
not one failure among n trials the bound is 1 - 0.05^(1/n), so that a rate r takes at least ln 0.05 / ln(1 - r) trials:
299 for 1%, 2,995 for 0.1%. That is the least that a gate of this strictness needs, however well it goes.
"""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.view import View
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.units import format_duration

__all__ = ["check_gates", "percent", "trials_needed"]

_DOUBT = 0.05


def trials_needed(rate: Decimal | float) -> int | None:
    """How many trials without a failure prove a failure rate of at most `rate` (0 to 1) at 95%; None: none ever do."""
    share = float(rate)
    if share <= 0:
        return None
    return 1 if share >= 1 - _DOUBT else math.ceil(math.log(_DOUBT) / math.log1p(-share))


def check_gates(view: View) -> Iterator[Diagnostic]:
    """The replay gate's shares and the load gate's rates."""
    if view.bound.is_sound("gates"):
        yield from _replay(view)
        yield from _load(view)


def _replay(view: View) -> Iterator[Diagnostic]:
    replay = view.comb.gates.replay
    if replay is None:
        return
    if replay.optimised is not None and replay.optimised.better == 1:
        yield _never(view.bound.place("gates", "replay", "optimised", "better"), "that all samples are better")
    regular = replay.regular
    if regular is None:
        return
    same, count = (view.bound.place("gates", "replay", "regular", field) for field in ("same", "count"))
    needed = trials_needed(1 - regular.same)
    if needed is None:
        yield _never(same, "that no answer ever differs")
    elif regular.count < needed:
        place = count if count.path[-1] == "count" else same
        yield diagnose(
            codes.UNDECIDABLE_GATE,
            f"{regular.count:,} samples cannot prove that {percent(regular.same)} of the answers stay the same",
            place.span,
            related=(Label(same.span, "asked here"),) if place is count and same.path[-1] == "same" else (),
            path=format_path(place.path),
            hints=(f"replay at least {needed:,} samples: as many prove it when not one of them differs", _WHY),
        )


_WHY = "`comb explain undecidable-gate` has the numbers for other rates"


def _never(place: Place, what: str, hint: str = "ask for a share below 100%") -> Diagnostic:
    return diagnose(
        codes.UNDECIDABLE_GATE,
        f"no number of samples can prove {what}",
        place.span,
        path=format_path(place.path),
        hints=(hint, _WHY),
    )


def _load(view: View) -> Iterator[Diagnostic]:
    load = view.comb.gates.load
    if load is None:
        return
    sla = view.comb.sla
    promised = Decimal(str(sla.qps)) if sla.qps is not None else None
    steps = [Decimal(str(step)) for step in load.steps]
    judged = next((step for step in sorted(steps) if promised is not None and step >= promised), max(steps))
    requests = int(judged * Decimal(str(load.hold.total_seconds())))
    promises: list[tuple[str, Decimal | float | None, str]] = [
        ("timeoutRate", sla.timeout_rate, "a timeout rate of"),
        ("errorRate", sla.error_rate, "an error rate of"),
        ("p99", 0.01 if sla.p99 else None, "the p99 of"),
        ("p95", 0.05 if sla.p95 else None, "the p95 of"),
        ("p90", 0.1 if sla.p90 else None, "the p90 of"),
        ("p50", 0.5 if sla.p50 else None, "the p50 of"),
    ]
    unproven: list[_Promise] = []
    for field, rate, words in promises:
        if rate is None or not view.bound.is_sound("sla", field):
            continue
        place, needed = view.bound.place("sla", field), trials_needed(rate)
        if needed is None:
            yield _never(place, f"{words} 0%", "promise a rate above 0%")
        elif requests < needed:
            unproven.append(_Promise(place, f"{words} {place.value.data}", needed))
    if unproven and judged > 0:  # a step that is none is a mistake of its own
        yield _too_short(view, unproven, requests, float(judged))


class _Promise(NamedTuple):
    """A promise of the SLA, in words, and how many requests prove it when all go well."""

    place: Place
    words: str
    needed: int


def _too_short(view: View, unproven: list[_Promise], requests: int, qps: float) -> Diagnostic:
    """All that the requests of a load gate cannot prove: it is one mistake."""
    hold = view.bound.place("gates", "load", "hold")
    where = hold if hold.path[-1] == "hold" else view.bound.place("gates", "load")
    assert view.comb.gates.load is not None
    given = format_duration(view.comb.gates.load.hold)
    needed = max(promise.needed for promise in unproven)
    seconds = math.ceil(needed / qps)
    what = " and ".join(promise.words for promise in unproven)
    return diagnose(
        codes.UNDECIDABLE_GATE,
        f"{requests:,} requests ({qps:g} a second for {given}) cannot prove {what}",
        where.span if where is hold else where.key_span,
        related=tuple(Label(promise.place.span, "promised here") for promise in unproven),
        path=format_path(where.path),
        hints=(
            f"hold each step for at least {seconds}s: {needed:,} requests prove {_it(unproven)} when all go well",
            _WHY,
        ),
    )


def _it(unproven: list[_Promise]) -> str:
    return "it" if len(unproven) == 1 else "them"


def percent(share: Decimal) -> str:
    """A share in percent, with as many digits as it has."""
    text = f"{share * 100:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"
