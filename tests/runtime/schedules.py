"""A random schedule of faults: what each request does, when its caller goes away, and how long it has."""

import asyncio
from collections import Counter
from random import Random

from comb_compiler.release import Batch, ExecutionPlan
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Finished, Limits, Observer
from comb_compiler.runtime.engine.observation import Began
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request

__all__ = ["LIMITS", "Ledger", "erratic_plan", "send"]

LIMITS = Limits(requests=22, queue=30, stuck=20, grace=0.1)

_IN_LOOP = ["fine"] * 12 + ["later"] * 6 + ["raise", "refuse", "hang", "cling", "nothing", "wrong", "exit", "cancel"]
_IN_PROCESS = ["pid"] * 150 + ["raise", "refuse", "sys.exit"] * 5 + ["kill", "os._exit", "hang"]


def erratic_plan() -> ExecutionPlan:
    """Loop, process and batch side by side; only the batch must succeed."""
    nodes = {
        "a": ("erratic", {"letter": "request.letter"}),
        "b": ("misbehaves", {"letter": "request.other"}),
        "c": ("batch_in_thread", {"letter": "request.letter"}),
        "d": ("join_three", {"first": "a", "second": "b", "third": "c"}),
    }
    return plan(
        nodes,
        "d",
        of_nodes={"a": {"timeout": 0.1}, "b": {"optional": True, "timeout": 0.2}},
        bindings={"erratic": {"fallback": {"text": "instead"}}, "batch_in_thread": {"batch": Batch(8, 0.002)}},
        deadline=10.0,
    )


class Ledger(Observer):
    """Who began and who ended, and how often."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.ended_: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    def began(self, request: Began) -> None:
        self.begun[request.request_id] += 1

    def ended(self, request: Finished) -> None:
        self.ended_[request.request_id] += 1

    def must_balance(self) -> None:
        """Each request that began has ended, once."""
        assert set(self.begun.values()) | set(self.ended_.values()) == {1}
        assert self.begun == self.ended_


async def send(engine: Engine, ledger: Ledger, random: Random, name: str) -> None:
    """One request; notes how it ended for its caller, who gets an answer, a code, or went away."""
    request = Request(letter=Letter(text=random.choice(_IN_LOOP)), other=Letter(text=random.choice(_IN_PROCESS)))
    within = random.choice([0.0, 0.001, 0.05, 5.0, 5.0, 5.0, 5.0, 5.0])
    goes_away = random.random() < 0.1
    call = asyncio.create_task(engine.call(request, within=within, request_id=name))
    if goes_away:
        await asyncio.sleep(random.choice([0.0, 0.001, 0.01]))
        call.cancel()
    try:
        answer = await call
    except OperatorError as error:
        ledger.outcomes[Code(error.code).name] += 1
        if error.code == Code.RESOURCE_EXHAUSTED:
            await asyncio.sleep(0.03)  # or those that are refused use up the schedule
    except asyncio.CancelledError:
        assert goes_away
        ledger.outcomes["gone"] += 1
    else:
        assert isinstance(answer, Letter)
        ledger.outcomes["answered"] += 1
