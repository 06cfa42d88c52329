"""Combs with a planted problem: loaded, mended by what the guide says, and loaded again with the same arrivals."""

import asyncio
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.guiding import guiding, run_of
from comb_compiler.cli.gate.loaded import Loaded
from comb_compiler.cli.gate.passing import passed_on
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.targets import Answers, launched
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.diagnostics.fixes import apply_fixes
from comb_compiler.gates.load.guide import Advice, Guide, Run
from comb_compiler.gates.load.seen import Step
from comb_compiler.load import Generator, Input

__all__ = ["Measured", "comb", "measured", "mended", "of"]

PROTO = """\
syntax = "proto3";
package plant.v1;
message Ask { string text = 1; }
message Tell { string text = 1; Ask ask = 2; }
service Plant { rpc Do(Ask) returns (Tell); }
"""
CODE = """\
import os
import time

from comb_compiler.runtime import Messages, operator


def spin(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


"""
CLASS = """\
{decorator}class {name}:
    def __init__(self, messages: Messages) -> None:
        self.answer = messages["plant.v1.Tell"]

    def __call__(self, ask: {list}"plant.v1.Ask"{end}) -> {list}"plant.v1.Tell"{end}:
        {body}
"""
_WARM = 1.0


class Measured(NamedTuple):
    """What was seen, and the guide of it."""

    run: Run
    guide: Guide

    def advice(self, rule: str) -> Advice:
        """The only one of a rule."""
        found = [one for one in self.guide.advice if one.rule == rule]
        assert len(found) == 1, (rule, [(one.rule, one.says) for one in self.guide.advice], self.run.operators)
        return found[0]

    @property
    def rules(self) -> set[str]:
        return {one.rule for one in self.guide.advice}


def of(name: str, body: str, decorator: str = "") -> str:
    """The code of an operator that answers in `body`, which has `ask`; of a batch where the decorator says so."""
    is_batch = "batch=True" in decorator
    return CLASS.format(
        name=name, body=body, decorator=f"{decorator}\n" if decorator else "",
        list="list[" if is_batch else "", end="]" if is_batch else "",
    )  # fmt: skip


def comb(directory: Path, operators: str, graph: str, code: str, more: str = "sla: {deadline: 10s}\n") -> Path:
    """A comb whose operators take an Ask and give a Tell."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".git").mkdir(exist_ok=True)
    text = (
        "apiVersion: comb.dev/v1\nkind: Comb\nmetadata: {name: plant, team: garden}\n"
        "interface: {proto: plant.proto, method: plant.v1.Plant/Do}\n"
        f"operators:\n{operators}graph:\n{graph}{more}"
    )
    (directory / "comb.yaml").write_text(text, encoding="utf-8")
    (directory / "plant.proto").write_text(PROTO, encoding="utf-8")
    (directory / "operators.py").write_text(CODE + code, encoding="utf-8")
    return directory


def mended(directory: Path, advice: Advice, number: int = 0) -> Path:
    """A copy with the advice applied, the first or another of a number."""
    after = directory.with_name(f"{directory.name}-{advice.rule}-{number}")
    shutil.copytree(directory, after)
    assert advice.fix is not None
    file = after / "comb.yaml"
    repair = apply_fixes(file.read_text("utf-8"), [advice.fix])
    assert repair.applied
    file.write_text(repair.text, encoding="utf-8")
    return after


def measured(
    directory: Path, rate: float, seconds: float, texts: tuple[str, ...] = ("x",), baseline: Path | None = None
) -> Measured:
    """A service of the comb, loaded for so long; requests have these texts, in turn by chance.

    A baseline is loaded before it, to know what its operators take.
    """
    before = None if baseline is None else measured(baseline, rate, seconds, texts).run
    clean, old = opened(directory), None if baseline is None else opened(baseline)
    source, answers = source_of(clean, "", is_patient=False), Answers(clean.plan)

    async def main() -> tuple[Run, dict[tuple[str, str], str]]:
        async with launched("candidate", source, answers) as service:
            requests = [{"text": text} for text in texts]
            inputs = tuple(Input(service.encoded(one)) for one in requests)
            passed = await passed_on(source, requests)

            def load() -> Run:
                with Generator() as generator, ExitStack() as stack:
                    target = Loaded(service, inputs, 10.0, generator, stack)
                    target.turn(rate, _WARM, 5)
                    before = target.page()
                    step = Step(rate, target.held(rate, seconds))
                    run = run_of(step, (before, target.page()), service.start)
                    assert run is not None
                    return run

            return await asyncio.to_thread(load), passed

    run, passed = asyncio.run(main())
    if before is not None:
        run = run._replace(before={one.step: one.service for one in before.operators})
    return Measured(run, guiding(clean, "", passed, old)(run))


def opened(directory: Path) -> Clean:
    """The comb of a directory, which is right."""
    clean = open_clean(str(directory / "comb.yaml"), Console(), "is loaded")
    assert clean is not None
    return clean
