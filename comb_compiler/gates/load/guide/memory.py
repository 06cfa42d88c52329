"""Memory that grows: how long it lasts. Code that keeps what it should let go is not mended by comb.yaml."""

from math import ceil

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write

__all__ = ["memory_grows"]

_DAY = 86_400.0
_NOTABLE = 0.03
"""Of the memory in use: what grows by less while it is looked at proves nothing."""
_MEBI = 1024 * 1024
_TIMES = 2
_LAW = "what is free, by how fast it is used up (Theil and Sen's slope, 99%)"


def memory_grows(scene: Scene) -> Advice | None:
    """More of it for the operator that has most, where what there is lasts for less than a day."""
    run, growth = scene.run, scene.run.growth
    known = {name: written.memory for name, written in scene.written.items() if written.memory is not None}
    if growth is None or run.memory is None or growth.lower <= 0 or len(known) < len(scene.written):
        return None
    if growth.lower * run.seconds < _NOTABLE * run.memory:
        return None
    limit = sum(known.values())
    one = _largest(scene, known)
    if one is None or limit <= run.memory or (limit - run.memory) / growth.slope > _DAY:
        return None
    more = ceil(known[one.operator] * (_TIMES - 1) / _MEBI) * _MEBI
    says = (
        f"memory grows by {growth.slope / 1e6:.3g} MB a second (at least {growth.lower / 1e6:.3g}), and of the "
        f"{limit / 1e6:,.0f} MB that operators ask for {run.memory / 1e6:,.0f} are used: look for what "
        f"`{one.operator}` keeps; more memory wins time for that"
    )
    gain = Gain(Kind.TIME, (limit - run.memory) / growth.slope, more / growth.upper, more / growth.lower, _LAW)
    text = f"{(known[one.operator] + more) // _MEBI}Mi"
    write = Write(("operators", one.operator, "resources", "memory"), text)
    return Advice("memory-grows", one.operator, one.step, says, (write,), gain)


def _largest(scene: Scene, known: dict[str, int]) -> OperatorSeen | None:
    return max(
        (one for one in scene.run.operators if one.operator in known), key=lambda one: known[one.operator], default=None
    )
