"""Answer every sample with every arm, and print what was right and how long it took: `python samples/measure.py`."""

import asyncio
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict

from comb_compiler.cli.models import model_locator
from comb_compiler.compiler import compile_comb
from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime import OperatorError
from comb_compiler.runtime.engine import Engine, Finished
from comb_compiler.samples import Sample, load_sample_set
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent
SETS = ("standard", "error", "rotated")
_PATIENCE = 60.0


class Clock:
    """Sees how long each step of each request takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def began(self, request: Any) -> None:
        """Nothing is known yet."""

    def ended(self, request: Finished) -> None:
        """Keep the times of a request that was answered."""
        if request.error is not None:
            return
        for name, began, ended in zip(request.names, request.begins, request.ends, strict=True):
            if ended:
                self.seconds[name].append(ended - began)
        self.seconds["whole"].append(request.ended - request.began)


def plan() -> ExecutionPlan:
    """The comb's plan, with time enough for slow machines."""
    compiled = compile_comb(load_sources(Checkout(EXAMPLE), "comb.yaml")).plan
    if compiled is None:
        raise SystemExit("comb.yaml has mistakes: see `comb check`")
    patient = tuple(binding._replace(timeout=_PATIENCE) for binding in compiled.bindings)
    return compiled._replace(bindings=patient, deadline=4 * _PATIENCE)


async def main() -> None:
    """Print a row for each set and arm, then the times."""
    clock = Clock()
    async with Engine(plan(), locate=model_locator(Checkout(EXAMPLE), "comb.yaml"), observers=[clock]) as engine:
        for name in SETS:
            samples = [one for one in load_sample_set(HERE / name)[0].samples if one.expected is not None]
            for arm in engine.arms:
                answers = [await _answer(engine, sample, arm) for sample in samples]
                print(f"{name:9} {arm:8} {_row(samples, answers)}")
    for step, seconds in clock.seconds.items():
        ordered = sorted(seconds)
        p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
        print(f"{step:9} p50 {p50 * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms   {len(ordered)} calls")


async def _answer(engine: Engine, sample: Sample, arm: str) -> Mapping[str, Any]:
    try:
        answer = await engine.call(ParseDict(dict(sample.request), engine.request_type()), arm=arm)
    except OperatorError as error:
        return {"error": str(error)}
    return MessageToDict(answer)


def _row(samples: Sequence[Sample], answers: Sequence[Mapping[str, Any]]) -> str:
    pairs = [(sample.expected or {}, answer) for sample, answer in zip(samples, answers, strict=True)]
    decided = sum(expected["decision"] == answer.get("decision") for expected, answer in pairs)
    drawn = [text for expected, _ in pairs for text in _texts(expected)]
    exact = sum(_found(_texts(expected), _texts(answer)) for expected, answer in pairs)
    close = sum(_found(map(_joined, _texts(e)), map(_joined, _texts(a))) for e, a in pairs)
    of = len(drawn)
    return f"decisions {decided}/{len(pairs)}   lines {exact}/{of}   lines, spaces aside {close}/{of}"


def _texts(message: Mapping[str, Any]) -> list[str]:
    return [line.get("text", "") for line in message.get("lines", ())]


def _joined(text: str) -> str:
    return "".join(text.split())


def _found(wanted: Iterator[str] | Sequence[str], read: Iterator[str] | Sequence[str]) -> int:
    left = list(read)
    count = 0
    for text in wanted:
        if text in left:
            left.remove(text)
            count += 1
    return count


if __name__ == "__main__":
    sys.path.insert(0, str(EXAMPLE))
    asyncio.run(main())
