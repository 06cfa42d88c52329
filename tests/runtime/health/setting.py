"""A small comb with golden samples: two operators side by side, a third that joins them, and two arms."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from comb_compiler.release import Arm, ExecutionPlan, Experiment, Graph, Model
from comb_compiler.runtime.health import Settings
from comb_compiler.runtime.health.drift import Windows
from comb_compiler.runtime.health.rounds import Schedule
from comb_compiler.runtime.health.watching import Sampling
from comb_compiler.samples import Sample, SampleSet
from tests.runtime.health.operators import SPOILED
from tests.runtime.plans import plan

__all__ = ["QUICK", "a_plan", "goldens", "sample", "spoiled", "two_arms"]

_HERE = "tests.runtime.health.operators"
QUICK = Settings(
    schedule=Schedule(startup=2, retry=0.01, every=0.02, share=1.0, patience=0.05),
    sampling=Sampling(share=1.0, seconds=1.0, pending=10_000),
    windows=Windows(reference=200, size=200, seconds=0.0, level=0.01),
)
"""Everything at once, and everything looked at."""


def a_plan(**more: Any) -> ExecutionPlan:
    """`shout` and `count` side by side, joined by `reply`; `shout` has a model."""
    nodes = {
        "loud": (f"{_HERE}:shout", {"letter": "request.letter"}),
        "counted": (f"{_HERE}:count", {"letter": "request.letter"}),
        "answer": (f"{_HERE}:reply", {"letter": "loud", "other": "counted"}),
    }
    made = plan(nodes, "answer", **more)
    bindings = [
        one._replace(name=one.run.partition(":")[2], operator=one.run.partition(":")[2]) for one in made.bindings
    ]
    bindings[0] = bindings[0]._replace(model=Model("voice", "1.0.0", "custom", "voice.bin", "", {"volume": 11}))
    return made._replace(bindings=tuple(bindings))


def two_arms() -> ExecutionPlan:
    """Arm `new` has `shout_louder` in place of `shout`."""
    made = a_plan()
    louder = made.bindings[0]._replace(
        name="shout@new", run=f"{_HERE}:shout_louder",
        model=Model("voice", "2.0.0", "custom", "voice.bin", "", {"volume": 12}),
    )  # fmt: skip
    nodes = list(made.graphs[0].nodes)
    nodes[0] = nodes[0]._replace(binding=len(made.bindings))
    return made._replace(
        bindings=(*made.bindings, louder),
        graphs=(made.graphs[0], Graph(tuple(nodes), made.graphs[0].answer)),
        experiment=Experiment("header/x", "salt", (Arm("old", 90, 0), Arm("new", 10, 1))),
    )


def sample(name: str, text: str, expected: str | None, error: str | None = None) -> Sample:
    """A letter, and the text of the answer that it must get."""
    request = {"letter": {"text": text, "picture": base64.b64encode(text.encode()).decode()}}
    answer = None if expected is None else {"text": expected}
    return Sample(name, request, answer, error, "", (), f"digest of {name}")


def goldens(*more: Sample) -> SampleSet:
    """Three that are right."""
    samples = (
        sample("abc", "abc", "ABC 3"),
        sample("empty", "", None, "INVALID_ARGUMENT"),
        sample("hello", "hello", "HELLO 5"),
    )
    return SampleSet("standard", (*samples, *more), "digest")


@contextmanager
def spoiled(**how: str) -> Iterator[None]:
    """Operators go wrong, for as long as the block lasts."""
    SPOILED.update(how)
    try:
        yield
    finally:
        SPOILED.clear()
