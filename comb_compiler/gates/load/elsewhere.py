"""What is known from elsewhere: earlier runs on machines of the same class, and what is measured online."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from comb_compiler.gates.load.judging import Finding, quantile_name
from comb_compiler.gates.load.past import FEWEST_RUNS, usual
from comb_compiler.gates.load.seen import Promise
from comb_compiler.gates.verdicts import Verdict

__all__ = ["Online", "against_online", "against_past", "expected_online"]

_UNUSUAL = 5.0
"""Spreads above the usual: of runs that are spread normally, one in three million is so by chance."""


def against_past(what: str, earlier: Sequence[float], value: float, slower: float) -> Finding:
    """Whether a figure is what it was in earlier runs, in the order of their time; more of it is worse.

    It blocks where it is both unusual and by more than `slower` above the usual, a share.
    """
    before = usual(earlier)
    if before is None:
        runs = f"{len(earlier)} earlier runs" if len(earlier) != 1 else "1 earlier run"
        why = f"{runs} on machines of this class, since figures shifted last: {FEWEST_RUNS} are needed"
        return Finding("history", what, Verdict.NOT_APPLICABLE, why, value)
    limit = max(before.median * (1 + slower), before.median + _UNUSUAL * before.spread)
    told = f"{_figure(what, value)}; usually {_figure(what, before.median)} ± {_figure(what, before.spread)}"
    finding = Finding("history", what, Verdict.PASSED, f"{told}, of {before.runs} runs", value, None, None, limit)
    return finding._replace(verdict=Verdict.BLOCKED) if value > limit else finding


def _figure(what: str, value: float) -> str:
    return f"{value / 1e6:,.3g} MB" if what == "memory" else f"{value * 1000:,.3g} ms"


class Online(NamedTuple):
    """What is measured where the baseline serves users: latencies in seconds by their quantiles, as `source` has them.

    Where it has none of one, `why` says so.
    """

    source: str
    latencies: Mapping[float, float] = MappingProxyType({})
    why: str = ""


def against_online(compared: Sequence[Finding], promise: Promise, known: Sequence[Online]) -> Iterator[Finding]:
    """A finding for each latency that is promised, of each source; `compared` are those against the baseline."""
    by_name = {one.what: one for one in compared}
    for one in known:
        if one.why:
            yield Finding("online", one.source, Verdict.NOT_APPLICABLE, one.why)
        for share, bound in promise.latencies:
            found = by_name.get(quantile_name(share))
            if found is not None and share in one.latencies:
                expected = expected_online(found, one.latencies[share], bound)
                yield expected._replace(what=f"{expected.what}, by {one.source}")


def expected_online(compared: Finding, online: float, bound: float) -> Finding:
    """What a quantile would be online: what it is there now, in seconds, by how much slower the candidate is here.

    `compared` is the finding against the baseline, which has to be what runs online; `bound` is what is promised.
    """
    what = f"{compared.what} online"
    if compared.value is None or compared.lower is None or compared.upper is None:
        return Finding("online", what, Verdict.UNDECIDED, f"nothing to work it out from: {compared.why}", limit=bound)
    value, lower, upper = (online * one for one in (compared.value, compared.lower, compared.upper))
    now, expected, low, high = (f"{one * 1000:,.3g}" for one in (online, value, lower, upper))
    told = f"{now} ms now, {expected} ms to be expected ({low} to {high})"
    finding = Finding(
        "online", what, Verdict.PASSED, f"{told}; {bound * 1000:,g} ms are promised", value, lower, upper, bound
    )
    if upper <= bound:
        return finding
    if online > bound:
        why = f"it is not kept online now, with {online * 1000:,.3g} ms: only how the two compare can be told"
        return finding._replace(verdict=Verdict.NOT_APPLICABLE, why=why)
    return finding._replace(verdict=Verdict.BLOCKED if lower > bound else Verdict.UNDECIDED)
