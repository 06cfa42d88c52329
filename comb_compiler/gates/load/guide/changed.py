"""A change of comb.yaml that makes its operator slower than it is now."""

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, Scene
from comb_compiler.gates.load.guide.paths import on_path, shortened
from comb_compiler.gates.load.guide.queue import SAME
from comb_compiler.gates.load.guide.wording import milliseconds

__all__ = ["slower_by_change"]

_SLOWER = 1.2
_LAW = "what its calls take in the baseline, measured by turns, by a fifth less or more"


def slower_by_change(scene: Scene) -> Advice | None:
    """The operator that costs requests most more than it did, where comb.yaml says of it what it did not."""
    found = [
        (shortened(scene, one, one.mean - scene.run.before[one.step]), one)
        for one in on_path(scene)
        if one.operator in scene.changed and one.mean > _SLOWER * scene.run.before.get(one.step, one.mean)
    ]
    if not found:
        return None
    one = max(found, key=lambda each: each[0])[1]
    before = scene.run.before[one.step]
    lower, upper = (shortened(scene, one, one.mean - before * by) for by in (1 + SAME, 1 - SAME))
    if lower <= 0:
        return None
    says = (
        f"calls of `{one.operator}` take {milliseconds(one.mean)}, and {milliseconds(before)} in the baseline, whose "
        "comb.yaml says something else of it"
    )
    gain = Gain(Kind.LATENCY, scene.run.latency, lower, upper, _LAW)
    return Advice("slower-by-change", one.operator, one.step, says, scene.changed[one.operator], gain)
