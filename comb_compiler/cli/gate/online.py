"""What is known of a baseline's latencies where it serves users: by recorded requests, and by Prometheus."""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.rollout.asking import context_of, token_of
from comb_compiler.cli.samples.stores import opened_at
from comb_compiler.gates.load.elsewhere import Online
from comb_compiler.telemetry import Prometheus, Unanswered

if TYPE_CHECKING:
    from comb_compiler.rollout.looking import Source
    from comb_compiler.samples.store import Query, SampleStore

__all__ = ["measured", "online", "prometheus_of", "recorded"]

_BEYOND = 5
"""Requests beyond a quantile: of fewer it hangs on single ones."""
_PROMETHEUS = "Prometheus"
_WINDOW = "1d"


def online(arguments: argparse.Namespace, comb: str, subject: str, shares: Sequence[float]) -> tuple[Online, ...]:
    """Quantiles of latency of what serves as `comb`, whose subject is the baseline's. Raises UsageError."""
    return (recorded(arguments.store, comb, subject, shares), _by_prometheus(arguments, comb, shares))


def recorded(given: str, comb: str, subject: str, shares: Sequence[float]) -> Online:
    """Of requests that were recorded by lot, and of slow ones, which are recorded always where the comb says so."""
    from comb_compiler.samples.record_pb2 import SAMPLED, SLOW
    from comb_compiler.samples.store import Query

    source = f"samples of {given}"
    try:
        with opened_at(given) as store:
            by_lot, slow = (Query(comb, subject=subject, codes=(0,), reasons=(one,)) for one in (SAMPLED, SLOW))
            lots, always = _count(store, by_lot), _count(store, slow)
            if not lots:
                return Online(source, why="no answer of the baseline, recorded by lot, is in it")
            each = _stand_for(store, by_lot)
            found = dict(_quantiles(store, (by_lot, lots, each), (slow, always, 1.0), shares))
    except UsageError as problem:
        return Online(source, why=str(problem))
    few = [share for share in shares if share not in found]
    return Online(source, found, f"{lots + always:,} requests are too few for it" if few else "")


def _count(store: "SampleStore", query: "Query") -> int:
    return sum(one.records for one in store.count(query))


def _stand_for(store: "SampleStore", query: "Query") -> float:
    """How many requests stand behind each that was recorded by lot, by the newest."""
    newest = store.find(query, limit=1).found[0].id
    share = next(iter(store.get([newest]).values())).share
    return 1.0 / share if share > 0.0 else 1.0


def _quantiles(
    store: "SampleStore",
    by_lot: "tuple[Query, int, float]",
    slow: "tuple[Query, int, float]",
    shares: Sequence[float],
) -> Iterator[tuple[float, float]]:
    """Of both together: every slow one took longer than every other."""
    below, above = by_lot[1] * by_lot[2], slow[1] * slow[2]
    for share in shares:
        place = share * (below + above)
        query, many, within = (
            (by_lot[0], by_lot[1], place / below) if place <= below else (slow[0], slow[1], (place - below) / above)
        )
        beyond = many * (1.0 - within) + (slow[1] if query is by_lot[0] else 0)
        if beyond >= _BEYOND:
            yield share, store.latency(query, (within,))[0].percentiles[0]


def prometheus_of(arguments: argparse.Namespace) -> Prometheus | None:
    """What measures a comb online, where it is named. Raises UsageError."""
    if arguments.prometheus is None:
        return None
    token, context = token_of(arguments.prometheus_token), context_of(arguments.prometheus_ca)
    try:
        return Prometheus(arguments.prometheus, token, context)
    except ValueError as problem:
        raise UsageError(f"--prometheus: {problem}") from problem


def _by_prometheus(arguments: argparse.Namespace, comb: str, shares: Sequence[float]) -> Online:
    server = prometheus_of(arguments)
    if server is None:
        return Online(_PROMETHEUS, why="none was named (--prometheus URL)")
    try:
        return measured(server, comb, shares)
    except Unanswered as problem:
        return Online(_PROMETHEUS, why=str(problem))


def measured(server: "Source", comb: str, shares: Sequence[float]) -> Online:
    """Of all that ran as this comb in the last day, and runs now. Raises Unanswered."""
    from comb_compiler.render.promql import select

    runs = f"group by (job, instance) ({select('comb_build_info', {'comb': comb})})"
    now = server.now()

    def value(expression: str) -> float:
        found = server.points(f"({expression})[2s:1s]", now)
        return found[0][1][-1][1] if found and found[0][1] else 0.0

    def grown(series: str, by: str) -> str:
        return f"sum {by}(increase({series}[{_WINDOW}]) and on (job, instance) {runs})"

    many = value(grown("comb_request_seconds_count", ""))
    told = [share for share in shares if many * (1.0 - share) >= _BEYOND]
    found = {
        share: value(f"histogram_quantile({share}, {grown('comb_request_seconds_bucket', 'by (le) ')})")
        for share in told
    }
    why = f"{many:,.0f} requests of the last day are too few for it" if len(told) < len(shares) else ""
    return Online(_PROMETHEUS, {share: seconds for share, seconds in found.items() if seconds > 0.0}, why)
