"""The metrics page: what is counted, in a form that Prometheus' own reader takes."""

import asyncio
from collections.abc import Iterator

from prometheus_client import parser as prometheus
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.samples import Sample

from comb_compiler.release import Arm, Batch, ExecutionPlan, Experiment
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.engine.meters import Measure, Meters
from comb_compiler.runtime.telemetry.metrics import FAMILIES, measures_of, page
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import until

HELLO = Request(letter=Letter(text="hello"))
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def samples(content: bytes) -> Iterator[Sample]:
    for family in prometheus.text_string_to_metric_families(content.decode("utf-8")):
        yield from family.samples


def value(content: bytes, name: str, **labels: str) -> float:
    found = [one.value for one in samples(content) if one.name == name and labels.items() <= one.labels.items()]
    assert len(found) == 1, (name, labels, found)
    return float(found[0])


def test_requests_and_calls_are_there_by_code_and_arm() -> None:
    made = chain("shout", 2)._replace(experiment=Experiment("header/x", "s", (Arm("a", 1, 0), Arm("b", 1, 0))))

    async def main() -> bytes:
        async with Engine(made) as engine:
            for arm in ("a", "a", "b"):
                await engine.run(HELLO, arm=arm)
            await engine.run(HELLO, arm="b", within=1e-9)
            measures = measures_of(engine.plan, engine.meters, engine.queues, engine.abandoned)
            return page(measures, made, engine.meters).content

    content = asyncio.run(main())
    assert value(content, "comb_requests_total", arm="a", code="OK") == 2
    assert value(content, "comb_requests_total", arm="b", code="DEADLINE_EXCEEDED") == 1
    assert value(content, "comb_request_seconds_count", arm="a") == 2
    assert value(content, "comb_steps_total", arm="a,b", step="n1", operator="shout", code="OK") == 3
    assert value(content, "comb_step_seconds_bucket", step="n0", le="+Inf") == 3
    assert value(content, "process_resident_memory_bytes") > 0


def test_what_calls_wait_and_compute_is_counted() -> None:
    async def main(made: ExecutionPlan, requests: int) -> bytes:
        async with Engine(made) as engine:
            await asyncio.gather(*(engine.call(HELLO, within=30.0) for _ in range(requests)))
            measures = measures_of(engine.plan, engine.meters, engine.queues, engine.abandoned)
            return page(measures, made, engine.meters).content

    slow = asyncio.run(main(chain("sleeps_in_thread", 1), 4))
    assert value(slow, "comb_step_turns_total", step="n0", operator="sleeps_in_thread") == 4
    assert value(slow, "comb_step_waiting_seconds_total", step="n0") >= 0.1 + 0.2 + 0.3
    assert value(slow, "comb_step_timed_total", step="n0") == 4
    assert 0 < value(slow, "comb_step_cpu_seconds_total", step="n0") < 0.2
    assert value(slow, "comb_workers", operator="sleeps_in_thread") == 1
    elsewhere = asyncio.run(main(chain("process", 1), 2))
    assert value(elsewhere, "comb_step_timed_total", step="n0") == 2
    assert 0 < value(elsewhere, "comb_step_cpu_seconds_total", step="n0") < 2
    batched = asyncio.run(main(chain("batch_in_thread", 1, bindings={"batch_in_thread": {"batch": Batch(8)}}), 9))
    many = {one.labels["size"]: one.value for one in samples(batched) if one.name == "comb_batches_total"}
    took = {one.labels["size"]: one.value for one in samples(batched) if one.name == "comb_batch_seconds_total"}
    assert many.keys() == took.keys()
    assert all(seconds > 0 for seconds in took.values())
    assert sum(int(size) * count for size, count in many.items()) == 9
    assert value(batched, "comb_step_turns_total", step="n0") == 9
    inline = asyncio.run(main(chain("shout", 1), 2))
    names = {one.name for one in samples(inline)}
    assert not {"comb_step_turns_total", "comb_workers"} & names, "nothing is known of it"


def test_calls_that_wait_are_counted_while_they_wait() -> None:
    async def main() -> None:
        async with Engine(chain("sleeps_in_thread", 1)) as engine:
            calls = [asyncio.create_task(engine.call(HELLO, within=30.0)) for _ in range(4)]
            await until(lambda: engine.queues == {"sleeps_in_thread": 3})
            measures = measures_of(engine.plan, engine.meters, engine.queues, engine.abandoned)
            assert value(page(measures).content, "comb_queue_length", operator="sleeps_in_thread") == 3
            await asyncio.gather(*calls)
            assert engine.queues == {"sleeps_in_thread": 0}

    asyncio.run(main())


def test_openmetrics_is_written_for_who_asks_for_it() -> None:
    made = chain("shout", 1)

    async def main() -> None:
        async with Engine(made) as engine:
            await engine.call(HELLO)
            written = page([], made, engine.meters, OPENMETRICS)
        assert written.content_type.startswith("application/openmetrics-text")
        names = {family.name for family in openmetrics.text_string_to_metric_families(written.content.decode())}  # type: ignore[no-untyped-call]
        assert {"comb_requests", "comb_request_seconds", "comb_steps"} <= names

    asyncio.run(main())


def test_labels_are_data() -> None:
    hostile = 'a"b\\c\nd{}'
    content = page([Measure("comb_arm_weight", {"arm": hostile}, 3)]).content
    assert value(content, "comb_arm_weight", arm=hostile) == 3


def test_every_name_is_a_good_one_and_means_one_thing() -> None:
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        assert family.name.startswith("comb_")
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.meaning.endswith(".")
        assert len(set(family.labels)) == len(family.labels)


def test_every_series_of_every_arm_is_there() -> None:
    made = chain("shout", 50)
    arms = tuple(Arm(f"a{index}", 1, index) for index in range(10))
    made = made._replace(graphs=made.graphs * 10, experiment=Experiment("header/x", "s", arms))

    async def main() -> bytes:
        async with Engine(made) as engine:
            return page([], made, engine.meters).content

    counts = [one for one in samples(asyncio.run(main())) if one.name == "comb_step_seconds_count"]
    assert len({(one.labels["arm"], one.labels["step"]) for one in counts}) == 500


def test_bindings_of_one_operator_are_told_apart_by_arm() -> None:
    bindings = {
        "sleeps_in_thread": {"name": "mood", "operator": "mood"},
        "thread_letter": {"name": "mood@b", "operator": "mood"},
    }
    made = plan({"n": ("sleeps_in_thread", {"letter": "request.letter"})}, "n", bindings=bindings)
    other = plan({"n": ("thread_letter", {"letter": "request.letter"})}, "n", bindings=bindings)
    graph = other.graphs[0]
    node = graph.nodes[0]._replace(binding=1)
    made = made._replace(
        bindings=(*made.bindings, *other.bindings),
        graphs=(*made.graphs, graph._replace(nodes=(node,))),
        experiment=Experiment("header/x", "s", (Arm("a", 1, 0), Arm("b", 1, 1), Arm("c", 1, 0))),
    )
    content = page(measures_of(made, Meters(3, (1, 1)), {"mood": 2, "mood@b": 5}, 0)).content
    assert value(content, "comb_queue_length", operator="mood", arm="a,c") == 2
    assert value(content, "comb_queue_length", operator="mood", arm="b") == 5
