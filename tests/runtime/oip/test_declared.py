"""From a comb.yaml to answers of its model server, and to what the graph gives without one."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comb_compiler.compiler import compile_comb
from comb_compiler.release import ExecutionPlan, Process, parse_plan, plan_bytes
from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.peers import Peer
from comb_compiler.runtime.service.assembly import Source, answering
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.runtime.oip.serving import SIZE, Server, free_port
from tests.runtime.waiting import run

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: score}
interface: {proto: score.proto, method: score.v1.Score/Rate}
operators:
  rate:
    oip:
      endpoint: ENDPOINT
      model: nsfw
      tensors:
        in: {"input:0": {field: frame.pixels.values, shape: [-1, 224, 224, 3]}}
        out: {outputs: {field: scores, shape: [-1, 2]}}
    in: {frame: score.v1.Frame}
    out: score.v1.Scores
    batch: {max: 4, wait: 1ms}
    FALLBACK
graph:
  scores: rate(frame=$request.frame)
  return: scores
"""


def compiled(directory: Path, endpoint: str, fallback: str = "") -> ExecutionPlan:
    shutil.copy(Path(__file__).parent / "score.proto", directory)
    text = (directory / "score.proto").read_text() + "\nservice Score { rpc Rate(Request) returns (Scores); }\n"
    (directory / "score.proto").write_text(text)
    (directory / "comb.yaml").write_text(COMB.replace("ENDPOINT", endpoint).replace("FALLBACK", fallback))
    made = compile_comb(load_sources(Checkout(directory), "comb.yaml"))
    assert made.plan is not None, made.checked.diagnostics
    assert parse_plan(plan_bytes(made.plan)) == made.plan
    return made.plan


async def asked(plan: ExecutionPlan) -> tuple[list[float], tuple[str, ...], list[Measure]]:
    """The answer to a grey picture, why the service is not ready, and the batches that it counts."""
    async with answering(Source(plan, lambda model: Path(model.artifact)), Settings()) as served:
        request: Any = served.answering.request_type()
        request.frame.pixels.values.extend(np.full(SIZE, 0.5, "<f4").ravel().tolist())
        finished = await served.answering.run(request)
        reasons = tuple(reason for part in served.ready for reason in part.reasons())
        batches = [one for one in served.measures() if one.name == "comb_batches_total"]
        return ([] if finished.error else list(finished.answer.scores)), reasons, batches


@pytest.mark.parametrize("server", ["mlserver"], indirect=True)
def test_a_comb_that_declares_a_model_server_is_answered_by_it(server: Server, tmp_path: Path) -> None:
    async def main() -> None:
        plan, bound = compiled(tmp_path, server.endpoint), time.monotonic() + 60
        scores, reasons, batches = await asked(plan)
        while reasons and time.monotonic() < bound:  # it listens before its model is there, on a busy machine for long
            await asyncio.sleep(0.5)
            scores, reasons, batches = await asked(plan)
        assert reasons == ()
        assert [(one.labels["operator"], one.labels["size"], one.value) for one in batches] == [("rate", "1", 1)]
        assert abs(sum(scores) - 1) < 1e-5  # the network ends in a softmax

    run(main())


def test_without_its_server_a_comb_is_not_ready(tmp_path: Path) -> None:
    async def main() -> None:
        found = await asked(compiled(tmp_path, f"grpc://127.0.0.1:{free_port()}"))
        assert found[:2] == ([], ("`rate`: its server cannot be reached",))

    run(main())


def test_with_a_fallback_a_comb_is_ready_without_its_server(tmp_path: Path) -> None:
    fallback = "fallback: {value: {scores: [0.5, 0.5]}}"

    async def main() -> None:
        found = await asked(compiled(tmp_path, f"grpc://127.0.0.1:{free_port()}", fallback))
        assert found[:2] == ([0.5, 0.5], ())

    run(main())


def test_no_other_process_hosts_a_model_server(tmp_path: Path) -> None:
    plan = compiled(tmp_path, f"grpc://127.0.0.1:{free_port()}")
    parted = plan._replace(processes=(Process("main", ()), Process("far", (0,))))

    async def main() -> None:
        async with Peer(parted, "far"):
            assert (await asked(parted))[:2] == ([], ("`rate`: its server cannot be reached",))

    run(main())
