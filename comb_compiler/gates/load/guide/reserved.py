"""Cores that are reserved and not used: what 1,000 requests cost that nobody gets anything for."""

from math import ceil

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.queue import SAME
from comb_compiler.gates.load.guide.wording import counted, share

__all__ = ["MOST_UNSERVED", "cores_idle"]

_AIM = 0.7
"""How much of what is reserved should be in use at the promised rate."""
_IDLE = 0.5
_LEAST = 0.05
_FEWEST = 20
MOST_UNSERVED = 0.05
"""Where more requests than that run out of time or are refused, what is idle may be so for want of calls."""
_LAW = "utilisation law: CPU time of a call, by a fifth less or more, times the promised rate, is to be 70% of it"


def cores_idle(scene: Scene) -> Advice | None:
    """The operator with most cores that would not be missed; None where many requests end before they come to it."""
    if scene.run.unserved > MOST_UNSERVED:
        return None
    found = [advice for one in scene.run.operators if (advice := _of(scene, one)) is not None]
    return max(found, key=lambda one: one.gain.lower, default=None)


def _of(scene: Scene, one: OperatorSeen) -> Advice | None:
    run, written = scene.run, scene.written.get(one.operator)
    if written is None or written.cpu is None or one.computing is None or one.timed < _FEWEST:
        return None
    least, rate = max(1, written.least), max(scene.qps or 0.0, run.rate)
    used = one.computing * one.calls / len(run.due) * rate / least
    needed = _rounded(used / _AIM)
    if needed > _IDLE * written.cpu:
        return None
    seconds = 1000.0 / run.rate * least
    lower, upper = ((written.cpu - _rounded(used * by / _AIM)) * seconds for by in (1 + SAME, 1 - SAME))
    among = f", which {least} instances share" if least > 1 else ""
    says = (
        f"`{one.operator}` asks for {counted(written.cpu, 'core')}, and uses {share(used / written.cpu)} of that at "
        f"{rate:g} requests a second{among}"
    )
    gain = Gain(Kind.COST, written.cpu * seconds, lower, upper, _LAW)
    write = Write(("operators", one.operator, "resources", "cpu"), f"{needed * 1000:.0f}m")
    return Advice("cores-idle", one.operator, one.step, says, (write,), gain)


def _rounded(cores: float) -> float:
    """Up to the next 50 millicores."""
    return max(_LEAST, ceil(cores / _LEAST - 1e-9) * _LEAST)
