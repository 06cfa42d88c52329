"""Which requests are kept, and why: decided in the engine's loop, by what is known of a request that has ended."""

from collections.abc import Callable, Iterable
from random import random
from struct import Struct

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.codes import Code, OperatorError, OutOfMemory
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.engine.arms import hashed
from comb_compiler.samples.record_pb2 import ARM, ERROR, OOM, SAMPLED, SLOW, TIMEOUT

__all__ = ["chooser"]

_number = Struct(">Q").unpack
_ALL = 2**64


def chooser(plan: ExecutionPlan) -> Callable[[Finished], int]:
    """A function that gives the reason to keep a request; 0 where there is none.

    What is always kept has its reason even where the share would have taken it: 1 / share requests then stand behind
    each SAMPLED one, and one behind each other. The share goes by a hash of the request's id and the comb's name, so
    that the same request is kept, or not, by every process, arm and release; one without an id is drawn.
    """
    recording = plan.recording
    of_failure = _of_failure(frozenset(recording.always))
    looks_for_memory = "oom" in recording.always
    slow, below = recording.slow, round(recording.sample * 2**64)
    changed = frozenset(arm.name for arm in plan.experiment.arms if arm.graph) if plan.experiment else frozenset()
    arms = changed if "arm" in recording.always else frozenset()
    without_lot = SAMPLED if below == _ALL else 0
    draws = 0 < below < _ALL
    lot_of = hashed(plan.comb, "recording").copy

    def reason(request: Finished) -> int:
        if looks_for_memory and request.errors and _ran_out(request.errors.values()):
            return OOM
        error = request.error
        if error is not None:
            why = of_failure(error.code)
            if why:
                return why
        elif slow is not None and request.ended - request.began > slow:
            return SLOW
        if arms and request.arm in arms:
            return ARM
        if not draws:
            return without_lot
        if not request.request_id:
            return SAMPLED if random() < recording.sample else 0  # noqa: S311 - no secret
        lot = lot_of()
        lot.update(request.request_id.encode("utf-8", "surrogatepass"))
        return SAMPLED if _number(lot.digest())[0] < below else 0

    return reason


def _ran_out(errors: Iterable[OperatorError]) -> bool:
    return any(type(error) is OutOfMemory for error in errors)


def _of_failure(always: frozenset[str]) -> Callable[[Code], int]:
    """The reason to keep a request that failed with a code. One that ran out of time has failed, too."""
    failed = ERROR if "error" in always else 0
    late = TIMEOUT if "timeout" in always else failed
    return lambda code: late if code is Code.DEADLINE_EXCEEDED else failed
