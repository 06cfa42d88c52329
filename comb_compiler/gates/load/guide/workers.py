"""Workers too few: calls wait for their turn, while the machine has cores to spare."""

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.paths import demand, on_path, saved
from comb_compiler.gates.load.guide.queue import Queue, Span, span
from comb_compiler.gates.load.guide.wording import milliseconds, share

__all__ = ["busy", "room", "too_few_workers"]

_NOTABLE = 0.2
"""The part of a request's time, and of the operator's own service, that waiting has to be."""
_LEFT = 0.25
"""The part of the waiting that may be left."""
_FULL = 0.8
"""How busy workers and cores may be: beyond it waiting grows without measure."""
_MOST = 64
_LAW = "utilisation law; a queue with that many workers, which calls come to as they came (Kiefer and Wolfowitz)"


def too_few_workers(scene: Scene) -> Advice | None:
    """The fewest workers with which hardly anything waits."""
    for one in on_path(scene):
        batch = scene.written[one.operator].batch if one.operator in scene.written else None
        if one.workers is None or one.operator not in scene.written or (batch or 1) > 1:
            continue
        if one.wait < _NOTABLE * max(one.service, scene.run.latency):
            continue
        for workers in range(one.workers + 1, min(_MOST, room(scene, one)) + 1):
            after = span(scene.run.due, Queue(workers, one.service))
            if busy(scene, one, workers) < _FULL and after.upper - one.service * 1.2 <= _LEFT * one.wait:
                return _advice(scene, one, workers, after)
    return None


def busy(scene: Scene, one: OperatorSeen, workers: int) -> float:
    """How much of their time workers would be at work: the utilisation law."""
    return one.service * one.calls / len(scene.run.due) * scene.run.rate / workers if scene.run.due else 0.0


def room(scene: Scene, one: OperatorSeen) -> int:
    """How many workers of an operator the machine's cores can keep at work: those that only wait need none."""
    run = scene.run
    if demand(scene) >= _FULL * run.cores:
        return one.workers or 1
    return int(run.cores / one.cpu_share) if one.cpu_share > 1 / _MOST else _MOST


def _advice(scene: Scene, one: OperatorSeen, workers: int, after: Span) -> Advice | None:
    lower, upper = saved(scene, one, after)
    if lower <= 0:
        return None
    says = (
        f"calls of `{one.operator}` wait {milliseconds(one.wait)} for their turn, and are then answered in "
        f"{milliseconds(one.service)}: {one.workers} at a time {'is' if one.workers == 1 else 'are'} too few, and "
        f"{share(busy(scene, one, one.workers or 1))} busy; {workers} would be {share(busy(scene, one, workers))} busy"
    )
    write = Write(("operators", one.operator, "workers"), str(workers))
    gain = Gain(Kind.LATENCY, scene.run.latency, lower, upper, _LAW)
    return Advice("too-few-workers", one.operator, one.step, says, (write,), gain)
