"""Batches too small, so that what every batch costs is paid too often; or waiting for others that gain nothing."""

from typing import NamedTuple

from comb_compiler.gates.load.guide.model import Advice, BatchSeen, Gain, Kind, OperatorSeen, Scene, Write, Written
from comb_compiler.gates.load.guide.paths import on_path, saved
from comb_compiler.gates.load.guide.queue import Queue, Span, span
from comb_compiler.gates.load.guide.wording import milliseconds, share

__all__ = ["batches_too_small", "batches_wait_too_long", "fitted"]

_NOTABLE = 0.2
_FEWEST = 3
"""Batches of a size, of which its time is taken."""
_FIXED = 0.2
"""The part of a full batch's time that does not grow with it, from which on larger ones are worth it."""
_FULL, _ALONE = 0.75, 0.5
_WORTH = 0.8
"""The part of the time until now that may be left, at most."""
_MOST = 256
_HARDLY = "1us"
"""The shortest time that can be written."""
_LAW = "least squares of batch times by size; a queue of such batches, which calls come to as they came"


class _Cost(NamedTuple):
    """Seconds that a batch takes whatever its size, and for each call in it."""

    fixed: float
    each: float

    def of(self, size: float) -> float:
        return self.fixed + self.each * size


def batches_too_small(scene: Scene) -> Advice | None:
    """Batches that are mostly full, while calls wait: the smallest of larger ones that keeps up."""
    for one, written in _batched(scene):
        most, cost = written.batch or 1, fitted(one.batches)
        if cost is None or _mean(one) < _FULL * most or cost.fixed < _FIXED * cost.of(most):
            continue
        size = most * 2
        while size <= _MOST:
            after = span(scene.run.due, _queue(one, written, cost)._replace(most=size))
            if (after.lower + after.upper) / 2 <= _WORTH * one.mean:
                says = (
                    f"batches of `{one.operator}` are {_mean(one):.3g} calls of at most {most} on average, and calls "
                    f"wait {milliseconds(one.wait)}; a batch of {most} takes {milliseconds(cost.of(most))}, of which "
                    f"{milliseconds(cost.fixed)} are the same for any size"
                )
                return _advice(scene, one, "batches-too-small", says, ("max", str(size)), after)
            size *= 2
    return None


def batches_wait_too_long(scene: Scene) -> Advice | None:
    """Calls that wait for others, where each costs as much together as alone."""
    for one, written in _batched(scene):
        cost = fitted(one.batches) or _at_most(one.batches)
        if cost is None or not written.patience or cost.of(1) * scene.run.rate > _ALONE * (one.workers or 1):
            continue
        after = span(scene.run.due, _queue(one, written, cost)._replace(patience=0.0))
        if after.upper > _WORTH * one.mean:
            continue
        says = (
            f"calls of `{one.operator}` wait {milliseconds(one.wait)} for others, up to "
            f"{milliseconds(written.patience)}, for batches of {_mean(one):.3g} on average; run at once, each by "
            f"itself, they would keep it {share(cost.of(1) * scene.run.rate / (one.workers or 1))} busy"
        )
        return _advice(scene, one, "batches-wait-too-long", says, ("wait", _HARDLY), after)
    return None


def fitted(batches: tuple[BatchSeen, ...]) -> _Cost | None:
    """A line through the times of batches by size, each weighing as many as there were; None of less than two sizes."""
    known = [one for one in batches if one.many >= _FEWEST]
    many = sum(one.many for one in known)
    if len(known) < 2:
        return None
    middle = sum(one.size * one.many for one in known) / many
    level = sum(one.seconds for one in known) / many
    spread = sum(one.many * (one.size - middle) ** 2 for one in known)
    slope = sum(one.many * (one.size - middle) * (one.seconds / one.many - level) for one in known) / spread
    each = min(max(slope, 0.0), level / middle)
    return _Cost(max(0.0, level - each * middle), each)


def _at_most(batches: tuple[BatchSeen, ...]) -> _Cost | None:
    """What batches of one size, as a steady rate makes them, say of others: a smaller one takes no longer."""
    known = [one.seconds / one.many for one in batches if one.many >= _FEWEST]
    return _Cost(max(known), 0.0) if known else None


def _batched(scene: Scene) -> list[tuple[OperatorSeen, Written]]:
    """Those of the longest path that wait notably, and whose batches comb.yaml has."""
    found = [(one, scene.written[one.operator]) for one in on_path(scene) if one.operator in scene.written]
    return [
        (one, written)
        for one, written in found
        if written.batch is not None and one.wait >= _NOTABLE * max(one.service, scene.run.latency)
    ]


def _mean(one: OperatorSeen) -> float:
    return sum(batch.size * batch.many for batch in one.batches) / sum(batch.many for batch in one.batches)


def _queue(one: OperatorSeen, written: Written, cost: _Cost) -> Queue:
    return Queue(one.workers or 1, cost.each, cost.fixed, written.batch or 1, written.patience)


def _advice(
    scene: Scene, one: OperatorSeen, rule: str, says: str, write: tuple[str, str], after: Span
) -> Advice | None:
    lower, upper = saved(scene, one, after)
    if upper <= 0:
        return None
    key, text = write
    gain = Gain(Kind.LATENCY, scene.run.latency, lower, upper, _LAW)
    return Advice(rule, one.operator, one.step, says, (Write(("operators", one.operator, "batch", key), text),), gain)
