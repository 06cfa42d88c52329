"""A run → what bounds it, what it costs, and what to do about it."""

from collections.abc import Callable

from comb_compiler.gates.load.guide.batches import batches_too_small, batches_wait_too_long
from comb_compiler.gates.load.guide.changed import slower_by_change
from comb_compiler.gates.load.guide.gpus import gpu_share_idle, gpu_share_too_small
from comb_compiler.gates.load.guide.instances import too_few_instances
from comb_compiler.gates.load.guide.memory import FULL, memory_grows, memory_in_use, memory_used_up
from comb_compiler.gates.load.guide.model import Advice, Bound, Cost, Guide, OperatorSeen, Scene
from comb_compiler.gates.load.guide.paths import longest, on_path, taken
from comb_compiler.gates.load.guide.reserved import cores_idle
from comb_compiler.gates.load.guide.serial import serial_for_nothing
from comb_compiler.gates.load.guide.starting import cold_start
from comb_compiler.gates.load.guide.timeouts import timeout_too_long, timeout_too_short
from comb_compiler.gates.load.guide.workers import too_few_workers

__all__ = ["RULES", "Rule", "guide_of"]

Rule = Callable[[Scene], Advice | None]

RULES: tuple[Rule, ...] = (
    slower_by_change,
    too_few_workers,
    too_few_instances,
    batches_too_small,
    batches_wait_too_long,
    serial_for_nothing,
    timeout_too_long,
    timeout_too_short,
    memory_grows,
    memory_used_up,
    cold_start,
    gpu_share_too_small,
    gpu_share_idle,
    cores_idle,
)
"""Each looks for one thing, and says nothing where it is not proven."""
_MOSTLY = 0.5


def guide_of(scene: Scene) -> Guide:
    """What gains most of what it is about comes first; of equals in the order of the rules."""
    found = [advice for advice in (rule(scene) for rule in RULES) if advice is not None]
    ranked = sorted(found, key=lambda one: -one.gain.expected)
    return Guide(scene.run.rate, scene.run.latency, _bound(scene), _cost(scene), tuple(ranked))


def _bound(scene: Scene) -> Bound | None:
    path, took = on_path(scene), taken(scene.run)
    whole = longest(scene.graph, took)[0]
    if not path or not whole:
        return None
    return Bound(path[0].operator, path[0].step, took[path[0].step] / whole, _by(path[0], scene))


def _by(one: OperatorSeen, scene: Scene) -> str:
    if one.wait > _MOSTLY * one.mean:
        return "queue"
    if one.cpu_share > _MOSTLY:
        return "cpu"
    written = scene.written.get(one.operator)
    if written is not None and written.gpu is not None and scene.run.gpus:
        return "gpu"
    return "memory" if (memory_in_use(scene) or 0.0) >= FULL else "waiting"


def _cost(scene: Scene) -> Cost:
    """What is reserved is reserved whether requests come or not."""
    run, thousand = scene.run, 1000.0
    used = None if run.cpu is None else run.cpu * thousand
    seconds = thousand / run.rate
    cores = [one.cpu * max(1, one.least) for one in scene.written.values() if one.cpu is not None]
    gpus = [one.gpu * max(1, one.least) for one in scene.written.values() if one.gpu is not None]
    return Cost(used, sum(cores) * seconds if cores else None, sum(gpus) * seconds if gpus else None)
