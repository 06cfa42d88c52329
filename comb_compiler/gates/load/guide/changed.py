"""A change of comb.yaml that makes its operator slower than it is now."""

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Run, Scene
from comb_compiler.gates.load.guide.paths import on_path, saved
from comb_compiler.gates.load.guide.queue import SAME, Span
from comb_compiler.gates.load.guide.wording import milliseconds

__all__ = ["slower_by_change"]

_SLOWER = 1.2
_NOTABLE = 0.05
"""The part of a request's time that it costs more: next to nothing may differ by a fifth by itself."""
_LAW = "what its calls take in the baseline, by a fifth less or more, while they wait as long or not at all"


def slower_by_change(scene: Scene) -> Advice | None:
    """The operator that costs requests most more than it did, where comb.yaml says of it what it did not."""
    run = scene.run
    slower = [
        one
        for one in on_path(scene)
        if one.operator in scene.changed and one.service > _SLOWER * run.before.get(one.step, one.service)
    ]
    one = max(slower, key=lambda each: _costs(each, run), default=None)
    if one is None or _costs(one, run) < _NOTABLE * run.latency:
        return None
    before = run.before[one.step]
    lower, upper = saved(scene, one, Span(before * (1 - SAME), one.wait + before * (1 + SAME)))
    if upper <= 0:
        return None
    says = (
        f"calls of `{one.operator}` take {milliseconds(one.service)} from their turn on, and {milliseconds(before)} in "
        "the baseline, whose comb.yaml says something else of it"
    )
    gain = Gain(Kind.LATENCY, run.latency, lower, upper, _LAW)
    return Advice("slower-by-change", one.operator, one.step, says, scene.changed[one.operator], gain)


def _costs(one: OperatorSeen, run: Run) -> float:
    """Seconds that it takes of a request more than it did."""
    return one.calls * (one.service - run.before[one.step]) / max(1, len(run.due))
