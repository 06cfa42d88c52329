"""A GPU's share that is mostly idle, or used up."""

from math import ceil
from statistics import fmean, stdev

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.paths import saved, taken
from comb_compiler.gates.load.guide.queue import Queue, span
from comb_compiler.gates.load.guide.reserved import MOST_UNSERVED
from comb_compiler.gates.load.guide.wording import share

__all__ = ["gpu_share_idle", "gpu_share_too_small"]

_FEWEST = 8
_AIM = 0.7
"""How much of a share should be in use at the rate that is promised."""
_IDLE, _FULL = 0.5, 0.95
_STEP = 0.05
_WIDE = 2.0
"""Standard errors on either side."""
_COST = (
    "utilisation law: what is in use grows with the rate, and a share should be 70% in use at the one that is promised"
)
_FASTER = (
    "service times go with the share's inverse, where nothing but the share holds them up; a queue of such services"
)


def gpu_share_idle(scene: Scene) -> Advice | None:
    """A smaller share, where at the promised rate less than half of it would be in use."""
    found = _used(scene)
    if found is None or scene.run.unserved > MOST_UNSERVED:
        return None
    one, now, used, error = found
    needed = [_rounded(value / _AIM) for value in (used + _WIDE * error, used, max(used - _WIDE * error, 0.0))]
    if used + _WIDE * error > _IDLE * now or needed[0] >= now:
        return None
    seconds = 1000.0 / scene.run.rate * max(1, scene.written[one.operator].least)
    says = (
        f"`{one.operator}` has {share(now)} of a GPU, and {share(used)} is in use"
        f" at {_promised(scene):g} requests a second"
    )
    lower, upper = ((now - value) * seconds for value in (needed[0], needed[2]))
    gain = Gain(Kind.COST, now * seconds, lower, upper, _COST)
    return Advice("gpu-share-idle", one.operator, one.step, says, (_write(one, needed[1]),), gain)


def gpu_share_too_small(scene: Scene) -> Advice | None:
    """A larger share, where all of it is in use and calls wait."""
    found = _used(scene)
    if found is None or not scene.run.due:
        return None
    one, now, used, _ = found
    waits = one.wait >= 0.2 * scene.run.latency or one.mean * one.calls > 0.5 * sum(taken(scene.run).values())
    if used < _FULL * now or now >= 1.0 or not waits:
        return None
    more = _rounded(min(1.0, now / _AIM))
    after = span(scene.run.due, Queue(one.workers or 1, one.service * now / more))
    lower, upper = saved(scene, one, after)
    says = f"`{one.operator}` has {share(now)} of a GPU, and all of it is in use ({share(used)} of the device)"
    gain = Gain(Kind.LATENCY, scene.run.latency, lower, upper, _FASTER)
    if gain.upper <= 0:
        return None
    return Advice("gpu-share-too-small", one.operator, one.step, says, (_write(one, more),), gain)


def _used(scene: Scene) -> tuple[OperatorSeen, float, float, float] | None:
    """The only operator with a share of a GPU, that share, and how much of the device is in use at the promised rate.

    Of several operators on one device, or of several devices, nobody can say who uses what.
    """
    with_share = {name: one.gpu for name, one in scene.written.items() if one.gpu is not None}
    seen = [one for one in scene.run.operators if one.operator in with_share]
    if len(with_share) != 1 or not seen or len(scene.run.gpus) != 1:
        return None
    shares = scene.run.gpus[0].utilization
    now = with_share[seen[0].operator]
    if len(shares) < _FEWEST or now is None:
        return None
    times = _promised(scene) / scene.run.rate
    return seen[0], now, min(1.0, fmean(shares) * times), stdev(shares) * times / len(shares) ** 0.5


def _promised(scene: Scene) -> float:
    return max(scene.qps or 0.0, scene.run.rate)


def _rounded(value: float) -> float:
    """Up to the next 5%."""
    return max(_STEP, ceil(value / _STEP - 1e-9) * _STEP)


def _write(one: OperatorSeen, value: float) -> Write:
    return Write(("operators", one.operator, "resources", "gpu", "compute"), f"{value * 100:.0f}%")
