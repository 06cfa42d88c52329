"""Timeouts out of proportion: far beyond what calls take that are answered, or within it."""

from comb_compiler.gates.exact import lower_bound, upper_bound
from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.paths import longest, on_path, shortened, taken
from comb_compiler.gates.load.guide.wording import milliseconds, share

__all__ = ["timeout_too_long", "timeout_too_short"]

_DOUBT = 0.025
_FEWEST = 3
"""Calls that a timeout has ended: of fewer nothing is said."""
_NEARLY_ALL = 0.99
_FAR, _ROOM = 4.0, 2.0
"""A timeout is too long at so many times what calls take that are answered, and right at so many."""
_SHORT = 0.02
_HALF = 0.5
_LITTLE = 0.2
_LONG = "the share of calls that hang (Clopper and Pearson, 95%), times what each waits less"
_MEMORYLESS = "services with a tail no heavier than exponential: P(T > 2t) is at most P(T > t) squared"


def timeout_too_long(scene: Scene) -> Advice | None:
    """Calls that hang hold requests up for longer than any answer is worth waiting for."""
    for one in on_path(scene):
        timeout = _timeout(scene, one)
        usual = _answered_within(one, _NEARLY_ALL)
        if timeout is None or usual is None or one.late < _FEWEST or timeout < _FAR * usual:
            continue
        shorter = _ROOM * usual
        low, high = _shares(one)
        lower = shortened(scene, one, low * (timeout - shorter))
        upper = shortened(scene, one, high * (timeout - shorter) + one.wait)
        says = (
            f"{share(one.late / one.calls)} of the calls of `{one.operator}` hang until its timeout of "
            f"{milliseconds(timeout)}, and {share(_NEARLY_ALL)} of all others are answered within {milliseconds(usual)}"
        )
        gain = Gain(Kind.LATENCY, scene.run.latency, lower, upper, _LONG)
        return _advice("timeout-too-long", one, says, shorter, gain) if lower > 0 else None
    return None


def timeout_too_short(scene: Scene) -> Advice | None:
    """It ends calls that would have been answered a little later, and there is time for that."""
    for one in scene.run.operators:
        timeout = _timeout(scene, one)
        median = _answered_within(one, _HALF)
        if timeout is None or median is None or one.late < max(_FEWEST, _SHORT * one.calls):
            continue
        is_tail = timeout <= _FAR * median and one.wait <= _LITTLE * one.mean
        if not is_tail or not _has_room(scene, one, timeout):
            continue
        now, most = one.late / one.calls, _shares(one)[1]
        says = (
            f"the timeout of `{one.operator}`, {milliseconds(timeout)}, ends {share(now)} of its "
            f"calls, and half of the others take up to {milliseconds(median)}: it is among what calls take"
        )
        gain = Gain(Kind.LATE, now, max(0.0, now - most * most), now, _MEMORYLESS)
        return _advice("timeout-too-short", one, says, _ROOM * timeout, gain) if gain.lower > 0 else None
    return None


def _timeout(scene: Scene, one: OperatorSeen) -> float | None:
    written = scene.written.get(one.operator)
    node = next((node for node in scene.graph.nodes if node.name == one.step), None)
    return written.timeout if written is not None and (node is None or node.timeout is None) else None


def _answered_within(one: OperatorSeen, part: float) -> float | None:
    """The bound of the first bucket with such a part of the calls that no timeout ended."""
    answered = one.calls - one.late
    if answered <= 0:
        return None
    return next((bound for bound, many in one.buckets if many >= part * answered), None)


def _shares(one: OperatorSeen) -> tuple[float, float]:
    """Between which bounds the share of calls is that the timeout ends."""
    return lower_bound(one.late, one.calls, _DOUBT), upper_bound(one.late, one.calls, _DOUBT)


def _has_room(scene: Scene, one: OperatorSeen, timeout: float) -> bool:
    """Whether a request's deadline leaves time for calls of twice the timeout."""
    took = taken(scene.run) | {one.step: _ROOM * timeout}
    return scene.deadline is not None and longest(scene.graph, took)[0] < scene.deadline


def _advice(rule: str, one: OperatorSeen, says: str, seconds: float, gain: Gain) -> Advice:
    text = f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
    return Advice(rule, one.operator, one.step, says, (Write(("operators", one.operator, "timeout"), text),), gain)
