"""The machine's cores are used up: more instances, each of which is asked a part."""

from math import ceil

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.paths import demand, on_path, saved
from comb_compiler.gates.load.guide.queue import Queue, Span, span
from comb_compiler.gates.load.guide.wording import counted, milliseconds, share

__all__ = ["too_few_instances"]

_FULL, _AIM = 0.8, 0.6
"""How busy cores are that are full, and how busy they should be."""
_MOSTLY = 0.5
"""The part of a request's CPU time that is the operator's."""
_NOTABLE = 0.2
_LAW = "utilisation law; a queue of each instance's own, of every n-th call, each as long as now or as it computes"


def too_few_instances(scene: Scene) -> Advice | None:
    """As many as the CPU time of requests needs, for the operator of the longest path that computes most."""
    run = scene.run
    busy = demand(scene) / run.cores
    known = [one for one in on_path(scene) if one.operator in scene.written]
    computing = [one for one in known if _part(scene, one) >= _MOSTLY]
    if not computing or busy < _FULL:
        return None
    one = max(computing, key=lambda each: each.cpu)
    many = ceil(busy / _AIM)
    if many <= scene.written[one.operator].least or one.wait < _NOTABLE * run.latency:
        return None
    workers = min(one.workers or run.cores, run.cores)
    best, worst = (span(run.due[::many], Queue(workers, took)) for took in (one.computing or 0.0, one.service))
    lower, upper = saved(scene, one, Span(best.lower, worst.upper))
    if upper <= 0:
        return None
    each = milliseconds(demand(scene) / run.rate)
    says = (
        f"requests compute for {each} each, which takes {share(busy)} of {counted(run.cores, 'core')}; most of it is "
        f"`{one.operator}`, whose calls wait {milliseconds(one.wait)}: of {many} instances each would be "
        f"{share(busy / many)} busy with its part of this rate"
    )
    write = Write(("operators", one.operator, "scale", "min"), str(many))
    return Advice(
        "too-few-instances",
        one.operator,
        one.step,
        says,
        (write,),
        Gain(Kind.LATENCY, run.latency, lower, upper, _LAW),
    )


def _part(scene: Scene, one: OperatorSeen) -> float:
    """Of the CPU time of requests, what calls of an operator compute. Cores that are full make services long."""
    each = (one.computing or 0.0) * one.calls / max(1, len(scene.run.due))
    return each * scene.run.rate / demand(scene) if demand(scene) else 0.0
