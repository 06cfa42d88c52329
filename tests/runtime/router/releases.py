"""Plans with an experiment whose arms can be told apart by their answers, and routers over them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from comb_compiler.release import Arm, Candidate, ExecutionPlan, Experiment, Process, Weights, weights_bytes
from comb_compiler.runtime.engine import Engine, Limits
from comb_compiler.runtime.router import Router
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request

__all__ = ["HELLO", "hello", "opened", "opened_two", "tried", "with_arms", "without_arms"]

HELLO = Request(letter=Letter(text="hello"))
_OPERATORS = ("same", "shout", "same_async", "Waits")


def hello(**more: Any) -> Request:
    """A request with fields of its own, too."""
    return Request(letter=Letter(text="hello"), **more)


def without_arms(operator: str = "same") -> ExecutionPlan:
    """A plan without an experiment."""
    return chain(operator, 1)


def with_arms(weights: Mapping[str, int], *, key: str = "header/x-user-id", salt: str = "salt") -> ExecutionPlan:
    """A plan whose arms run another operator each, in order: `same`, `shout`…"""
    plans = [chain(operator, 1) for _, operator in zip(weights, _OPERATORS, strict=False)]
    first = plans[0].graphs[0]
    graphs = tuple(
        first._replace(nodes=(plan.graphs[0].nodes[0]._replace(binding=number),)) for number, plan in enumerate(plans)
    )
    arms = tuple(Arm(name, weight, number) for number, (name, weight) in enumerate(weights.items()))
    bindings = tuple(plan.bindings[0] for plan in plans)
    main = Process("main", tuple(range(len(bindings))))
    experiment = Experiment(key, salt, arms)
    return plans[0]._replace(graphs=graphs, bindings=bindings, experiment=experiment, processes=(main,))


def tried(weight: float, address: str = "", release: str = "", arms: Mapping[str, int] | None = None) -> bytes:
    """A file of weights with a candidate."""
    return weights_bytes(Weights(arms, Candidate(weight, address, release)))


@asynccontextmanager
async def opened(plan: ExecutionPlan, *, release: str = "", weights: Path | None = None) -> AsyncIterator[Router]:
    """A router over one engine, that looks at its file a hundred times a second."""
    async with Engine(plan, release=release) as engine, Router(engine, weights=weights, every=0.01) as router:
        yield router


@asynccontextmanager
async def opened_two(
    first: ExecutionPlan, second: ExecutionPlan, *, requests: int = 256
) -> AsyncIterator[tuple[Router, Engine]]:
    """A router over two engines, and the second, which is called `b7`."""
    async with (
        Engine(first) as stable,
        Engine(second, release="b7", limits=Limits(requests=requests)) as candidate,
        Router(stable, candidate) as router,
    ):
        yield router, candidate
