"""examples/frame-moderation for tests: its plan, its operators' modules, and an engine that runs it."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict

from comb_compiler.cli.models import model_locator
from comb_compiler.compiler import compile_comb
from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.messages import Messages, open_messages
from comb_compiler.samples import Sample
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED

__all__ = ["EXAMPLE", "Running", "code", "locate", "messages", "patient_plan", "running"]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "frame-moderation"
_PATIENCE = 240.0


@contextmanager
def code() -> Iterator[None]:
    """The example's package `operators` can be imported; another example's of that name comes back afterwards."""
    others = _forget()
    sys.path.insert(0, str(EXAMPLE))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(EXAMPLE))
        _forget()
        sys.modules.update(others)


def _forget() -> dict[str, Any]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "operators"}


locate = model_locator(Checkout(ROOT), "examples/frame-moderation/comb.yaml")
"""The file of a model version."""


@cache
def patient_plan() -> ExecutionPlan:
    """The example's plan, with time enough for a machine that does other things as well."""
    plan = compile_comb(load_sources(Checkout(ROOT), "examples/frame-moderation/comb.yaml", REMEMBERED)).plan
    assert plan is not None
    bindings = tuple(binding._replace(timeout=_PATIENCE) for binding in plan.bindings)
    return plan._replace(bindings=bindings, deadline=2 * _PATIENCE)


@cache
def messages() -> Messages:
    """The message classes of the example."""
    return open_messages(patient_plan().descriptors)


class Running:
    """The example in an engine; a request is answered when it is asked."""

    def __init__(self, engine: Engine, runner: asyncio.Runner) -> None:
        self.engine = engine
        self._runner = runner
        self._answers: dict[tuple[str, str], Any] = {}

    def ask(self, request: Any, arm: str = "control") -> Any:
        """The answer, a Verdict. Raises OperatorError."""
        return self._runner.run(self.engine.call(request, arm=arm))

    def frame(self, image: bytes, *, nudity: bool = False, arm: str = "control") -> Any:
        """The Verdict about a picture."""
        return self.ask(self.engine.request_type(frame={"image": image}, check_nudity=nudity), arm)

    def sample(self, sample: Sample, arm: str) -> Any:
        """The Verdict about a sample, in Protobuf's JSON form; worked out once."""
        key = (sample.digest, arm)
        if key not in self._answers:
            request = ParseDict(dict(sample.request), self.engine.request_type())
            self._answers[key] = MessageToDict(self.ask(request, arm))
        return self._answers[key]


@contextmanager
def running() -> Iterator[Running]:
    """The example with its real models, for as long as the block lasts."""
    with code(), asyncio.Runner() as runner:
        engine = Engine(patient_plan(), locate=locate)
        runner.run(engine.start())
        try:
            yield Running(engine, runner)
        finally:
            runner.run(engine.close())
