"""Processes beside the one that answers: what they count, and what the front says without them."""

import asyncio
from pathlib import Path

from prometheus_client import parser

from comb_compiler.release import Arm, ExecutionPlan, Experiment, Process
from tests.runtime.plans import plan
from tests.runtime.service.processes import Process as Running, process
from tests.runtime.service.serving import ask, exchange, letter


def parted(**of_far: object) -> ExecutionPlan:
    """Two steps, of which the second is in a process of its own."""
    nodes = {"one": ("shout", {"letter": "request.letter"}), "two": ("thread_letter", {"letter": "one"})}
    made = plan(nodes, "two", bindings={"thread_letter": of_far})
    arms = Experiment("header/x", "s", (Arm("a", 1, 0), Arm("b", 1, 0)))
    return made._replace(processes=(Process("main", (0,)), Process("far", (1,))), experiment=arms)


async def comes_to(front: Running, status: int) -> None:
    """Wait until it is ready, or is not."""
    for _ in range(600):
        if (await exchange(front.http, "/readyz")).status == status:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"it never came to {status}")


def test_a_hosting_process_counts_its_calls_by_operator(tmp_path: Path) -> None:
    made = parted()
    with process(made, tmp_path, "--process", "far", "--settle", "0", "--release", "r1") as far:

        async def main() -> bytes:
            with process(made, tmp_path, "--peer", f"far={far.grpc}", "--settle", "0") as front:
                await comes_to(front, 200)
                for _ in range(3):
                    await ask(front.grpc, letter("a"))
                steps = (await exchange(front.http, "/metrics")).content.decode()
                assert 'comb_steps_total{arm="a,b",code="OK",operator="thread_letter",step="two"} 3.0' in steps
                assert "comb_calls_total" not in steps
            return (await exchange(far.http, "/metrics")).content

        content = asyncio.run(main()).decode()
    found = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in parser.text_string_to_metric_families(content)
        for one in family.samples
    }
    labels = (("arm", "a,b"), ("operator", "thread_letter"))
    assert found[("comb_calls_total", labels[0], ("code", "OK"), labels[1])] == 3
    assert found[("comb_call_seconds_count", *labels)] == 3
    assert found[("comb_ready",)] == 1
    assert found[("comb_calls_under_way",)] == 0
    assert found[("comb_queue_length", *labels)] == 0
    assert found[("comb_abandoned_calls",)] == 0
    assert any(name == "comb_build_info" and ("release", "r1") in rest for name, *rest in found)


def test_a_front_is_ready_without_a_process_only_where_its_graph_goes_on_without_it(tmp_path: Path) -> None:
    async def readiness(made: ExecutionPlan) -> tuple[int, list[str]]:
        with process(made, tmp_path, "--settle", "0") as front:
            answer = await exchange(front.http, "/readyz")
            return answer.status, answer.json["reasons"]

    async def main() -> None:
        assert await readiness(parted()) == (503, ["nothing says where process `far` is"])
        assert await readiness(parted(fallback={"text": "nobody"})) == (200, [])

    asyncio.run(main())


def test_a_front_follows_the_process_that_it_needs(tmp_path: Path) -> None:
    async def main() -> None:
        made = parted()
        with (
            process(made, tmp_path, "--process", "far", "--settle", "0") as far,
            process(made, tmp_path, "--peer", f"far={far.grpc}", "--settle", "0") as front,
        ):
            await comes_to(front, 200)
            far.end()
            await comes_to(front, 503)
            status = (await exchange(front.http, "/v1/status")).json
            assert status["reasons"] == ["process `far` cannot be reached"]

    asyncio.run(main())
