"""Memory that grows: how long it lasts. Code that keeps what it should let go is not mended by comb.yaml.

Memory that is used up without growing: that is mended by more of it.
"""

from math import ceil

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.queue import SAME
from comb_compiler.gates.load.guide.wording import share

__all__ = ["FULL", "memory_grows", "memory_in_use", "memory_used_up"]

_DAY = 86_400.0
_NOTABLE = 0.03
"""Of the memory in use: what grows by less while it is looked at proves nothing."""
_MEBI = 1024 * 1024
_TIMES = 2
FULL, _AIM = 0.9, 0.7
"""The share of what is asked for that is used up, and the one that should be in use."""
_SHARE = "what is in use now, by a fifth less or more, of what would be asked for"
_LAW = "what is free, by how fast it is used up (Theil and Sen's slope, 99%)"


def memory_grows(scene: Scene) -> Advice | None:
    """More of it for the operator that has most, where what there is lasts for less than a day."""
    run, growth, known = scene.run, scene.run.growth, _asked_for(scene)
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


def memory_in_use(scene: Scene) -> float | None:
    """The share of what operators ask for that is in use; None where one does not say, or it was not measured."""
    known = _asked_for(scene)
    if scene.run.memory is None or not known or len(known) < len(scene.written):
        return None
    return scene.run.memory / sum(known.values())


def memory_used_up(scene: Scene) -> Advice | None:
    """More of it for the operator that has most, where hardly any is left though it does not grow."""
    known, now = _asked_for(scene), memory_in_use(scene)
    one = _largest(scene, known)
    if now is None or now < FULL or one is None or memory_grows(scene) is not None:
        return None
    asked, limit = known[one.operator], sum(known.values())
    text = ceil((asked + limit * (now / _AIM - 1)) / _MEBI)
    after = now * limit / (limit - asked + text * _MEBI)
    says = (
        f"{share(now)} of the {limit / 1e6:,.0f} MB that operators ask for are in use, and who takes more than that is "
        f"ended: `{one.operator}` asks for most of them"
    )
    gain = Gain(Kind.ROOM, now, now - after * (1 + SAME), now - after * (1 - SAME), _SHARE)
    write = Write(("operators", one.operator, "resources", "memory"), f"{text}Mi")
    return Advice("memory-used-up", one.operator, one.step, says, (write,), gain)


def _asked_for(scene: Scene) -> dict[str, int]:
    return {name: written.memory for name, written in scene.written.items() if written.memory is not None}


def _largest(scene: Scene, known: dict[str, int]) -> OperatorSeen | None:
    return max(
        (one for one in scene.run.operators if one.operator in known), key=lambda one: known[one.operator], default=None
    )
