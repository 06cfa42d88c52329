"""What was seen of a step → what it proves: against the promise, the baseline, and what memory does."""

from collections.abc import Callable, Sequence
from math import ceil, inf
from typing import NamedTuple

from comb_compiler.gates.exact import fewest
from comb_compiler.gates.load.growth import Growth, growth_of
from comb_compiler.gates.load.ratios import FEWEST_ROUNDS, Ratio, Round, ratio_of_quantiles
from comb_compiler.gates.load.seen import TIMEOUTS, Promise, Side, Step, Turned
from comb_compiler.gates.load.shares import Share, share_of
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.gates.wording import percent

__all__ = [
    "BLOCK_DOUBT", "PASS_DOUBT", "Finding", "against_baseline", "fails_more", "growing", "keeps_up", "promised",
    "quantile_name",
]  # fmt: skip

PASS_DOUBT = 0.05
"""How likely something passes that is just beyond what is allowed."""
BLOCK_DOUBT = 0.01
"""How likely something blocks that keeps what is asked: of all findings of a gate together."""
_FEWEST_BEYOND = 5
"""Requests beyond a quantile, of which a ratio is worth a look: of fewer it hangs on single ones."""
_DAY = 86_400.0
_NOTABLE = 0.03
"""Of the memory in use: what grows by less while it is looked at proves nothing."""
_GROWS = 0.01
"""Seconds of latency more for each second of load: a queue that gets 1% more than it can take."""


class Finding(NamedTuple):
    """One thing that was judged: a verdict of its own.

    `value` is what was seen, between `lower` and `upper`, and `limit` what is asked, in the unit that `what` implies:
    a share, a ratio, or bytes a second. `missing` is for how many seconds more the step would have to be held.
    """

    aspect: str
    what: str
    verdict: Verdict
    why: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    limit: float | None = None
    missing: float | None = None


def quantile_name(share: float) -> str:
    """`p95` for 0.95, `p99.9` for 0.999."""
    return f"p{round(share * 100, 3):g}"


def promised(step: Step, promise: Promise, findings: int = 1) -> list[Finding]:
    """Whether a step keeps each promise: of one that was not held without a break nothing is said. `findings` is among
    how many in all the doubt is shared.

    Where the baseline, which is what runs now, is not proven to keep a promise on this machine either, the machine
    cannot tell: what it can tell is how the two compare.
    """
    held, doubt = step.candidate, BLOCK_DOUBT / findings
    if held is None:
        return []
    return [_kept(step, held, what, limit, is_bad, doubt) for what, limit, is_bad in _objectives(promise)]


Memory = Sequence[tuple[float, float]]

_IsBad = Callable[[float, str], bool]


def _objectives(promise: Promise) -> list[tuple[str, float, _IsBad]]:
    """Each promise as a share of requests that may be bad."""
    found: list[tuple[str, float, _IsBad]] = []
    for share, bound in promise.latencies:
        found.append((f"{quantile_name(share)} within {bound * 1000:,g} ms", 1 - share, _longer_than(bound)))
    if promise.timeout_rate is not None:
        found.append(("timeouts", promise.timeout_rate, lambda _, code: code in TIMEOUTS))
    if promise.error_rate is not None:
        found.append(("errors", promise.error_rate, _is_error))
    return found


def _is_error(took: float, code: str) -> bool:
    return code != "OK" and code not in TIMEOUTS


def _longer_than(bound: float) -> _IsBad:
    """What has no answer has none within the bound."""
    return lambda took, code: took > bound or code != "OK"


def _kept(step: Step, held: Side, what: str, limit: float, is_bad: _IsBad, doubt: float) -> Finding:
    share = _share(held, is_bad)
    lower, upper = share.lower(doubt), share.upper(PASS_DOUBT)
    finding = Finding("promise", what, Verdict.PASSED, "", share.rate, lower, upper, limit)
    does = "does" if share.seen == 1 else "do"
    told = f"{share.seen:,} of {share.of:,} requests ({percent(share.rate)}) {does} not keep it; {percent(limit)} may"
    if upper <= limit:
        return finding._replace(why=told)
    before = None if step.baseline is None else _share(step.baseline, is_bad)
    if before is not None and before.upper(PASS_DOUBT) > limit and before.rate > limit:
        why = f"this machine cannot tell: of the baseline {percent(before.rate)} do not keep it here either"
        return finding._replace(verdict=Verdict.NOT_APPLICABLE, why=f"{why}, {percent(share.rate)} of the candidate")
    if lower > limit:
        return finding._replace(verdict=Verdict.BLOCKED, why=told)
    missing = _more(share, limit, step)
    return finding._replace(verdict=Verdict.UNDECIDED, why=f"{told}, and it may be {percent(upper)}", missing=missing)


def _share(side: Side, is_bad: _IsBad) -> Share:
    bad: list[bool] = []
    due: list[float] = []
    for turn, start in side.with_starts():
        bad += [is_bad(took, code) for took, code in zip(turn.took, turn.codes, strict=True)]
        due += [start + when for when in turn.due]
    return share_of(bad, due, max(side.seconds, 1e-9))


def _more(share: Share, limit: float, step: Step) -> float | None:
    """Seconds of load that would decide it, if all goes on as it was seen."""
    needed = fewest(share.rate, limit, PASS_DOUBT)
    if needed is None or not share.worth:
        return None
    requests = needed * share.of / share.worth
    return float(ceil(max(0.0, requests - share.of) / step.rate)) if step.rate > 0 else None


def against_baseline(step: Step, slower: float, quantiles: Sequence[float], findings: int = 1) -> list[Finding]:
    """Whether quantiles of latency are at most by a share of `slower` above the baseline's.

    It blocks where the candidate is proven slower, and by more than that as far as can be seen.
    """
    if step.turned is None:
        return []
    rounds = _rounds(step.turned)
    fewest_side = min(step.turned.baseline.requests, step.turned.candidate.requests)
    told = [one for one in quantiles if fewest_side * (1 - one) >= _FEWEST_BEYOND]
    if not told:
        needed = max(1, ceil(_FEWEST_BEYOND / (1 - min(quantiles))))
        asked = "1 request to each is" if fewest_side == 1 else f"{fewest_side:,} requests to each are"
        why = f"{asked} too few to compare: at least {needed:,} are needed"
        missing = float(ceil((needed - fewest_side) / step.rate))
        return [Finding("baseline", "latency", Verdict.UNDECIDED, why, missing=missing)]
    seconds = step.turned.candidate.seconds
    return [_compared(rounds, one, 1 + slower, BLOCK_DOUBT / findings, seconds) for one in told]


def fails_more(step: Step, findings: int = 1) -> Finding | None:
    """Whether more requests to the candidate than to the baseline end in errors, which no latency tells."""
    if step.turned is None:
        return None
    before, after = (_share(side, _is_error) for side in step.turned)
    most = before.upper(PASS_DOUBT)
    told = f"{percent(after.rate)} of the candidate's requests end in errors, {percent(before.rate)} of the baseline's"
    lower, upper = after.lower(BLOCK_DOUBT / findings), after.upper(PASS_DOUBT)
    finding = Finding("baseline", "errors", Verdict.PASSED, told, after.rate, lower, upper, most)
    if after.rate <= most:
        return finding
    return finding._replace(verdict=Verdict.BLOCKED if lower > most else Verdict.UNDECIDED)


def _rounds(turned: Turned) -> list[Round]:
    before, after = (_answered(side) for side in turned)
    pairs = min(len(before), len(after)) // 2
    return [
        Round([*before[2 * one], *before[2 * one + 1]], [*after[2 * one], *after[2 * one + 1]]) for one in range(pairs)
    ]


def _answered(side: Side) -> list[list[float]]:
    """Latencies by turn, of what was answered or given up on: an error is quick, and no latency."""
    return [
        [took for took, code in zip(one.took, one.codes, strict=True) if code == "OK" or code in TIMEOUTS]
        for one in side.turns
    ]


def _compared(rounds: Sequence[Round], share: float, limit: float, doubt: float, seconds: float) -> Finding:
    name = quantile_name(share)
    ratio = ratio_of_quantiles(rounds, share)
    if ratio is None:
        why = f"too little was answered to compare it: {FEWEST_ROUNDS} rounds with answers of both are needed"
        return Finding("baseline", name, Verdict.UNDECIDED, why)
    lower, upper = ratio.lower(doubt), ratio.upper(PASS_DOUBT)
    told = f"{_times(ratio.seen)} the baseline's, {_times(ratio.lower(PASS_DOUBT))} to {_times(upper)}"
    finding = Finding("baseline", name, Verdict.PASSED, told, ratio.seen, lower, upper, limit)
    if upper <= limit:
        return finding
    if lower > 1 and ratio.seen > limit:
        return finding._replace(verdict=Verdict.BLOCKED)
    return finding._replace(verdict=Verdict.UNDECIDED, missing=_longer(ratio, limit, seconds))


def _times(ratio: float) -> str:
    return f"{ratio:.2f} ×" if ratio < 1000 else "any number of times"


def _longer(ratio: Ratio, limit: float, seconds: float) -> float | None:
    """Seconds more, if the standard error falls with their root; None where what was seen is beyond the limit."""
    if ratio.seen >= limit or ratio.error in (0.0, inf):
        return None
    low, high = seconds, seconds
    while high < _DAY:
        high *= 1.1
        shorter = ratio._replace(error=ratio.error * (low / high) ** 0.5)
        if shorter.upper(PASS_DOUBT) <= limit:
            return float(ceil(high - seconds))
    return None


def growing(candidate: Memory, baseline: Memory, limit: float | None, findings: int = 1) -> Finding | None:
    """Whether the candidate's memory grows so that it reaches its limit within a day, and faster than the baseline's.

    What was used at which times, in bytes and seconds; None where there is too little of it. A `limit` of None is twice
    what is used.
    """
    growth = _growth(candidate, BLOCK_DOUBT / findings)
    if growth is None:
        return None
    before = _growth(baseline, BLOCK_DOUBT / findings)
    used = candidate[-1][1]
    allowed = ((limit - used) if limit is not None else max(used, 1.0)) / _DAY
    told = f"{growth.slope / 1e6:+.2f} MB a second, at least {growth.lower / 1e6:+.2f}"
    finding = Finding("memory", "growth", Verdict.PASSED, told, growth.slope, growth.lower, growth.upper, allowed)
    is_new = before is None or growth.lower > before.upper
    seconds = candidate[-1][0] - candidate[0][0]
    later = _growth(candidate[len(candidate) // 2 :], BLOCK_DOUBT / findings)
    settles = later is None or later.slope < growth.slope / 2  # as a heap that has just started does
    is_leak = growth.lower * seconds > _NOTABLE * used and not settles
    if growth.lower > max(allowed, 0.0) and is_new and is_leak:
        left = (limit - used) / growth.slope if limit is not None else used / growth.slope
        what = "reaches its limit" if limit is not None else "doubles"
        return finding._replace(verdict=Verdict.BLOCKED, why=f"{told}: it {what} within {_spell(left)}")
    return finding


def _growth(memory: Memory, doubt: float) -> Growth | None:
    return growth_of([when for when, _ in memory], [value for _, value in memory], doubt)


def _spell(seconds: float) -> str:
    for unit, name in ((3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(0.0, seconds):.0f} seconds"


def keeps_up(step: Step, findings: int = 1) -> Finding:
    """Whether the candidate answers as fast as it is asked: of one that does not, latencies grow to any length."""
    finding = Finding("promise", "keeps up", Verdict.PASSED, "latencies do not grow while it is loaded")
    growth = None if step.candidate is None else _lengthening(step.candidate, BLOCK_DOUBT / findings)
    if growth is None or growth.lower <= _GROWS:
        return finding
    told = f"latencies grow by {growth.slope * 1000:.0f} ms each second that it is loaded: it does not keep up"
    before = None if step.baseline is None else _lengthening(step.baseline, BLOCK_DOUBT / findings)
    if before is not None and before.lower > _GROWS:
        why = f"this machine cannot tell: {told}, and the baseline does not here either"
        return finding._replace(verdict=Verdict.NOT_APPLICABLE, why=why)
    return finding._replace(
        verdict=Verdict.BLOCKED, why=told, value=growth.slope, lower=growth.lower, upper=growth.upper
    )


def _lengthening(side: Side, doubt: float) -> Growth | None:
    order = sorted(
        (start + due, took)
        for turn, start in side.with_starts()
        for due, took, code in zip(turn.due, turn.took, turn.codes, strict=True)
        if code == "OK" or code in TIMEOUTS
    )
    later = [one for one in order if one[0] >= side.seconds / 4]  # the first quarter may fill a queue that stays
    return growth_of([when for when, _ in later], [took for _, took in later], doubt)
