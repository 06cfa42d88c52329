"""Cold start: an operator that runs nowhere while nobody asks, so that who asks first waits for it to start."""

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, Scene, Write
from comb_compiler.gates.load.guide.wording import milliseconds

__all__ = ["cold_start"]

_LAW = "what the service took to start here, half of it to twice; a pod that has to be placed first takes longer"
_DIFFERS = 2.0
"""A start reads files and compiles: it differs more from one to the next than what has been warmed up."""


def cold_start(scene: Scene) -> Advice | None:
    """An instance that stays, where starting one takes longer than a request may."""
    start = scene.run.start
    none = [name for name, written in scene.written.items() if written.least == 0]
    seen = [one for one in scene.run.operators if one.operator in none]
    if start is None or not seen or start <= (scene.deadline or scene.run.latency):
        return None
    one = seen[0]
    limit = f"its deadline is {milliseconds(scene.deadline)}" if scene.deadline else "it has no deadline"
    says = (
        f"`{one.operator}` may have no instance at all, and the service takes {milliseconds(start)} to start: a "
        f"request that finds none is late, since {limit}"
    )
    gain = Gain(Kind.START, start + scene.run.latency, start / _DIFFERS, start * _DIFFERS, _LAW)
    write = Write(("operators", one.operator, "scale", "min"), "1")
    return Advice("cold-start", one.operator, one.step, says, (write,), gain)
