"""Each rule says what it should of a planted problem, and nothing of what nearly is one."""

from collections.abc import Mapping
from random import Random

import pytest

from comb_compiler.gates.load.growth import Growth
from comb_compiler.gates.load.guide import RULES, Advice, Kind, Run, Scene, Write, Written, guide_of
from comb_compiler.gates.load.guide.batches import batches_too_small, batches_wait_too_long, fitted
from comb_compiler.gates.load.guide.changed import slower_by_change
from comb_compiler.gates.load.guide.gpus import gpu_share_idle, gpu_share_too_small
from comb_compiler.gates.load.guide.instances import too_few_instances
from comb_compiler.gates.load.guide.memory import memory_grows, memory_used_up
from comb_compiler.gates.load.guide.metrics import page_of, seen_between
from comb_compiler.gates.load.guide.model import BatchSeen, Gain, GpuSeen, OperatorSeen
from comb_compiler.gates.load.guide.paths import longest
from comb_compiler.gates.load.guide.queue import Queue, response, span
from comb_compiler.gates.load.guide.reserved import cores_idle
from comb_compiler.gates.load.guide.rules import Rule
from comb_compiler.gates.load.guide.serial import serial_for_nothing
from comb_compiler.gates.load.guide.starting import cold_start
from comb_compiler.gates.load.guide.timeouts import timeout_too_long, timeout_too_short
from comb_compiler.gates.load.guide.wording import gained
from comb_compiler.gates.load.guide.workers import too_few_workers
from comb_compiler.release import REQUEST, Graph, Input, Node

RATE, SECONDS = 20.0, 60.0


def poisson(rate: float = RATE, seconds: float = SECONDS, seed: int = 1) -> list[float]:
    draw, now, found = Random(seed), 0.0, list[float]()
    while (now := now + draw.expovariate(rate)) < seconds:
        found.append(now)
    return found


DUE = poisson()


def operator(
    name: str = "slow", service: float = 0.04, wait: float = 0.0, cpu: float = 0.0, late: float = 0.0,
    workers: int | None = 1, batches: tuple[BatchSeen, ...] = (), bounds: Mapping[float, float] = {},
) -> OperatorSeen:  # fmt: skip
    """One that every request calls once. Times are of one call; `late` is a share, and so are those within bounds."""
    calls = float(len(DUE))
    buckets = tuple((bound, part * calls) for bound, part in bounds.items())
    return OperatorSeen(
        name, name, calls, calls * (service + wait), calls, calls * wait, calls, calls * cpu, calls * late, buckets,
        workers, batches,
    )  # fmt: skip


def chain(*names: str) -> Graph:
    nodes = [
        Node(name, number, (Input("ask", number - 1 if number else REQUEST),), (number - 1,) if number else ())
        for number, name in enumerate(names)
    ]
    return Graph(tuple(nodes), len(nodes) - 1)


def scene(
    *operators: OperatorSeen, written: Written | None = None, qps: float | None = None, deadline: float | None = None,
    passed: Mapping[tuple[str, str], str] = {}, graph: Graph | None = None, latency: float | None = None,
    cores: int = 4, cpu: float | None = None, start: float | None = None, memory: float | None = None,
    growth: Growth | None = None, gpus: tuple[GpuSeen, ...] = (),
) -> Scene:  # fmt: skip
    took = sum(one.mean for one in operators) if latency is None else latency
    run = Run(RATE, SECONDS, DUE, took, operators, cores, cpu, start, memory, growth, gpus)
    known = {one.operator: written if written is not None else Written() for one in operators}
    return Scene(run, known, graph or chain(*(one.step for one in operators)), qps, deadline, passed)


def said(rule: Rule, of: Scene) -> Advice:
    found = rule(of)
    assert found is not None
    assert 0 <= found.gain.lower <= found.gain.upper
    assert found.gain.upper <= found.gain.now or found.gain.kind in (Kind.TIME, Kind.START)
    assert found.gain.law
    assert gained(found.gain)
    return found


def writes(advice: Advice) -> dict[str, str]:
    return {".".join(one.path): one.text for one in advice.writes}


# --- what the gains are reckoned with ---


@pytest.mark.parametrize("busy", [0.3, 0.5, 0.8])
def test_a_queue_of_one_waits_as_pollaczek_and_khinchin_say(busy: float) -> None:
    service = busy / 50
    arrivals = poisson(50, 4000)
    fixed = response(arrivals, Queue(1, service))
    assert fixed - service == pytest.approx(busy * service / (2 * (1 - busy)), rel=0.1)
    spread = response(arrivals, Queue(1, service), varies=True)
    assert spread == pytest.approx(service / (1 - busy), rel=0.1)


def test_a_queue_of_two_waits_as_erlang_says() -> None:
    arrivals, service = poisson(50, 4000), 0.03
    load = 50 * service
    waits = load**2 / 2 / (1 - load / 2) / (1 + load + load**2 / 2 / (1 - load / 2))
    expected = service + waits / (2 / service - 50)
    assert response(arrivals, Queue(2, service), varies=True) == pytest.approx(expected, rel=0.1)


def test_batches_wait_for_others_only_as_long_as_it_pays() -> None:
    assert response([0.0, 0.01, 0.02], Queue(1, 0.0, 0.1, 8, 0.0)) == pytest.approx((0.1 + 0.19 + 0.18) / 3)
    assert response([0.0, 0.01, 0.02], Queue(1, 0.0, 0.1, 3, 0.5)) == pytest.approx((0.12 + 0.11 + 0.10) / 3)
    assert response([0.0, 0.01], Queue(1, 0.0, 0.1, 3, 0.5)) == pytest.approx((0.125 + 0.115) / 2, abs=1e-3)
    assert response([0.0, 1.0], Queue(1, 0.0, 0.1, 3, 0.5)) == pytest.approx(0.1), "nobody is to be expected in time"
    assert response([], Queue(1, 1.0)) == 0.0
    assert span(DUE, Queue(1, 0.04)).lower < response(DUE, Queue(1, 0.04)) < span(DUE, Queue(1, 0.04)).upper


def test_the_longest_path_is_that_of_what_has_to_wait() -> None:
    nodes = (
        Node("a", 0, (), ()), Node("b", 0, (), ()), Node("c", 0, (), (0,)), Node("d", 0, (), (1, 2)),
        Node("e", 0, (), ()),
    )  # fmt: skip
    took = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0, "e": 100.0}
    assert longest(Graph(nodes, 3), took) == (6.0, ("b", "d"))


def test_lines_through_batch_times() -> None:
    line = fitted((BatchSeen(1, 10, 10 * 0.03), BatchSeen(4, 5, 5 * 0.06), BatchSeen(8, 2, 99.0)))
    assert line is not None
    assert (line.fixed, line.each) == pytest.approx((0.02, 0.01)), "two of a size prove nothing"
    assert fitted((BatchSeen(4, 50, 3.0),)) is None
    falling = fitted((BatchSeen(1, 10, 1.0), BatchSeen(4, 10, 0.5)))
    assert falling is not None
    assert falling.each == 0.0


# --- rules ---


def test_changes_that_make_slower() -> None:
    old = (Write(("models", "m", "versions", "1", "params", "side"), "960"),)

    def changed(before: float, *operators: OperatorSeen, of: str = "slow") -> Scene:
        found = scene(*operators)
        return found._replace(run=found.run._replace(before={one.step: before for one in operators}), changed={of: old})

    found = said(slower_by_change, changed(0.02, operator(service=0.1)))
    assert writes(found) == {"models.m.versions.1.params.side": "960"}
    assert found.gain.lower < 0.08 < found.gain.upper
    for near in (
        changed(0.09, operator(service=0.1)),  # it is hardly slower
        changed(0.001, operator("slow", 0.002), operator("long", 0.1)),  # by a hundredth of what a request takes
        changed(0.02, operator(service=0.1), of="another"),
        scene(operator(service=0.1))._replace(changed={"slow": old}),  # there is no baseline
    ):
        assert slower_by_change(near) is None


def test_workers() -> None:
    found = said(too_few_workers, scene(operator(service=0.04, wait=0.1)))
    assert writes(found) == {"operators.slow.workers": "2"}
    assert "wait 100 ms for their turn" in found.says
    assert found.gain.lower > 0.05
    assert found.gain.upper < 0.12
    busier = said(too_few_workers, scene(operator(service=0.15, wait=1.0, workers=3)))
    assert int(writes(busier)["operators.slow.workers"]) in (5, 6), "20 × 0.15 s is the work of three"
    for near in (
        scene(operator(wait=0.005)),
        scene(operator(wait=0.1, workers=None)),
        scene(operator(wait=0.1, cpu=0.04), cores=2, cpu=0.09),  # no core is free
        scene(operator(wait=0.1), written=Written(batch=8)),
        scene(operator(wait=0.1), operator("other", 5.0), graph=chain("other")),  # nobody waits for it
    ):
        assert too_few_workers(near) is None


def test_a_worker_that_computes_needs_a_core() -> None:
    assert too_few_workers(scene(operator(service=0.045, wait=0.2, cpu=0.045), cores=1, cpu=0.03)) is None
    assert said(too_few_workers, scene(operator(service=0.045, wait=0.2, cpu=0.045), cores=4, cpu=0.045))


def test_instances() -> None:
    busy = operator(service=0.045, wait=0.2, cpu=0.045)
    found = said(too_few_instances, scene(busy, cores=1, cpu=0.046))
    assert writes(found) == {"operators.slow.scale.min": "2"}
    for near in (
        scene(busy, cores=2, cpu=0.046),  # half of the cores are free
        scene(busy, cores=1, cpu=0.046, written=Written(least=2)),
        scene(operator(service=0.045, wait=0.2), cores=1, cpu=0.046),  # it does not compute
        scene(operator(service=0.045, wait=0.001, cpu=0.045), cores=1, cpu=0.046),
    ):
        assert too_few_instances(near) is None


SIZES = (BatchSeen(1, 5, 5 * 0.09), BatchSeen(2, 200, 200 * 0.1))
"""80 ms whatever the size, and 10 for each call."""


def test_batches_that_are_too_small() -> None:
    full = operator(service=0.1, wait=2.0, batches=SIZES)
    found = said(batches_too_small, scene(full, written=Written(batch=2)))
    assert writes(found) == {"operators.slow.batch.max": "4"}
    for near in (
        scene(full, written=Written(batch=8)),  # they are not full
        scene(full, written=Written()),
        scene(operator(service=0.1, wait=0.01, batches=SIZES), written=Written(batch=2)),
        scene(
            operator(service=0.1, wait=2.0, batches=(BatchSeen(1, 5, 5 * 0.05), BatchSeen(2, 200, 200 * 0.1))),
            written=Written(batch=2),
        ),  # twice as many take twice as long
    ):
        assert batches_too_small(near) is None


def test_batches_that_wait_too_long() -> None:
    lazy = operator(service=0.012, wait=0.06, batches=(BatchSeen(1, 9, 9 * 0.006), BatchSeen(2, 200, 200 * 0.012)))
    found = said(batches_wait_too_long, scene(lazy, written=Written(batch=8, patience=0.1)))
    assert writes(found) == {"operators.slow.batch.wait": "1us"}
    assert found.gain.upper <= 0.07
    alike = lazy._replace(batches=(BatchSeen(3, 50, 50 * 0.018),))  # a steady rate makes batches of one size
    assert writes(said(batches_wait_too_long, scene(alike, written=Written(batch=8, patience=0.1)))) == writes(found)
    dear = operator(service=0.05, wait=0.06, batches=(BatchSeen(1, 9, 9 * 0.045), BatchSeen(2, 200, 200 * 0.05)))
    for near in (
        scene(lazy, written=Written(batch=8, patience=0.0)),
        scene(dear, written=Written(batch=8, patience=0.1)),  # alone they would keep it 90% busy
    ):
        assert batches_wait_too_long(near) is None


HANGING = {0.05: 0.5, 0.1: 0.94, 0.2: 0.95, 5.0: 0.95, 10.0: 1.0}


def test_timeouts_that_are_too_long() -> None:
    hangs = operator(service=0.3, late=0.05, bounds=HANGING)
    found = said(timeout_too_long, scene(hangs, written=Written(timeout=5.0)))
    assert writes(found) == {"operators.slow.timeout": "400ms"}, "99% of the others are answered within 200 ms"
    assert found.gain.lower < 0.05 * 4.6 < found.gain.upper
    for near in (
        scene(hangs, written=Written(timeout=0.5)),
        scene(operator(service=0.3, bounds=HANGING), written=Written(timeout=5.0)),  # nothing hangs
        scene(hangs, written=Written()),
    ):
        assert timeout_too_long(near) is None


def test_timeouts_that_are_too_short() -> None:
    cut = operator(service=0.09, late=0.1, bounds={0.05: 0.2, 0.1: 0.9, 0.2: 1.0})
    found = said(timeout_too_short, scene(cut, written=Written(timeout=0.15), deadline=2.0))
    assert writes(found) == {"operators.slow.timeout": "300ms"}
    assert 0.08 < found.gain.lower < found.gain.upper == found.gain.now
    for near in (
        scene(cut, written=Written(timeout=0.15), deadline=0.3),  # there is no time for it
        scene(cut, written=Written(timeout=0.15)),
        scene(operator(service=0.09, late=0.001, bounds={0.1: 0.9}), written=Written(timeout=0.15), deadline=2.0),
        scene(
            operator(service=0.09, wait=0.09, late=0.1, bounds={0.1: 0.9}), written=Written(timeout=0.15), deadline=2.0
        ),  # it is late since it waits
    ):
        assert timeout_too_short(near) is None


def test_steps_that_wait_for_nothing() -> None:
    first, second = operator("first", 0.1), operator("second", 0.08)
    nodes = (
        Node("first", 0, (Input("ask", REQUEST),), ()),
        Node("second", 1, (Input("ask", 0),), (0,)),
        Node("both", 2, (Input("one", 0), Input("other", 1)), (0, 1)),
    )
    graph, passed = Graph(nodes, 2), {("second", "ask"): "$request.frame"}
    found = said(serial_for_nothing, scene(first, second, operator("both", 0.01), graph=graph, passed=passed))
    assert writes(found) == {"graph.second.in.ask": "$request.frame"}
    assert found.gain.lower < 0.08 < found.gain.upper, "the shorter of the two is saved"
    assert serial_for_nothing(scene(first, second, operator("both", 0.01), graph=graph)) is None
    short = operator("second", 0.002)
    assert serial_for_nothing(scene(first, short, operator("both", 0.01), graph=graph, passed=passed)) is None
    when = nodes[1]._replace(after=(0,), inputs=(Input("ask", 0), Input("also", 0)))
    kept = Graph((nodes[0], when, nodes[2]), 2)
    assert serial_for_nothing(scene(first, second, operator("both", 0.01), graph=kept, passed=passed)) is None


def test_memory_that_grows() -> None:
    written = Written(memory=400 * 1024 * 1024)
    grows = Growth(1e6, 0.9e6, 1.1e6)
    found = said(memory_grows, scene(operator(), written=written, memory=200e6, growth=grows))
    assert writes(found) == {"operators.slow.resources.memory": "800Mi"}
    assert found.gain.kind is Kind.TIME
    assert found.gain.lower < 400 * 1.048576 < found.gain.upper
    for near in (
        scene(operator(), written=written, memory=200e6, growth=Growth(1e6, -0.1e6, 2e6)),
        scene(operator(), written=written, memory=200e6, growth=Growth(1000.0, 900.0, 1100.0)),
        scene(operator(), written=written, memory=200e6),
        scene(operator(), memory=200e6, growth=grows),  # nobody knows what there is
    ):
        assert memory_grows(near) is None


def test_memory_that_is_used_up() -> None:
    mebi = 1024 * 1024
    written = Written(memory=100 * mebi)
    found = said(memory_used_up, scene(operator(), written=written, memory=126.0 * mebi))
    assert writes(found) == {"operators.slow.resources.memory": "180Mi"}, "126 MiB are 70% of it"
    assert found.gain.kind is Kind.ROOM
    assert found.gain.now == pytest.approx(1.26)
    assert gained(found.gain) == "leaves 56% to 84% of it in use, of 126%"
    grows = Growth(1e6, 0.9e6, 1.1e6)
    for near in (
        scene(operator(), written=written, memory=85.0 * mebi),
        scene(operator(), written=written, memory=95.0 * mebi, growth=grows),  # another rule tells that
        scene(operator(), written=written),
        scene(operator(), memory=126.0 * mebi),  # nobody knows what there is
    ):
        assert memory_used_up(near) is None
    full = guide_of(scene(operator(), written=written, memory=126.0 * mebi))
    assert full.bound is not None
    assert full.bound.by == "memory"


def test_cold_starts() -> None:
    found = said(cold_start, scene(operator(), written=Written(least=0), start=6.0, deadline=2.0))
    assert writes(found) == {"operators.slow.scale.min": "1"}
    for near in (
        scene(operator(), written=Written(least=1), start=6.0, deadline=2.0),
        scene(operator(), written=Written(least=0), start=1.0, deadline=2.0),
        scene(operator(), written=Written(least=0), deadline=2.0),
    ):
        assert cold_start(near) is None


def gpu(level: float, spread: float = 0.01) -> tuple[GpuSeen, ...]:
    return (GpuSeen("L4", tuple(level + spread * (number % 3 - 1) for number in range(30))),)


def test_gpu_shares() -> None:
    idle = said(gpu_share_idle, scene(operator(), written=Written(gpu=0.5), gpus=gpu(0.1)))
    assert writes(idle) == {"operators.slow.resources.gpu.compute": "15%"}, "10% in use, of which 70% is to be in use"
    assert idle.gain.now == pytest.approx(0.5 * 1000 / RATE)
    assert idle.gain.lower <= 0.35 * 1000 / RATE + 1e-9
    assert idle.gain.upper >= 0.35 * 1000 / RATE - 1e-9
    small = said(gpu_share_too_small, scene(operator(service=0.04, wait=0.1), written=Written(gpu=0.2), gpus=gpu(0.2)))
    assert writes(small) == {"operators.slow.resources.gpu.compute": "30%"}
    for near in (
        scene(operator(), written=Written(gpu=0.15), gpus=gpu(0.1)),
        scene(operator(), written=Written(gpu=0.5), gpus=gpu(0.1), qps=4 * RATE),  # at what is promised it is needed
        scene(operator(), written=Written(gpu=0.5)),
        scene(operator(), operator("other"), written=Written(gpu=0.5), gpus=gpu(0.1)),  # who knows whose it is
    ):
        assert gpu_share_idle(near) is None
        assert gpu_share_too_small(near) is None


def test_cores_that_nobody_uses() -> None:
    found = said(cores_idle, scene(operator(cpu=0.01), written=Written(cpu=4.0, least=2)))
    assert writes(found) == {"operators.slow.resources.cpu": "150m"}, (
        "0.2 cores in use, of two instances, and 70% of it"
    )
    assert found.gain.now == pytest.approx(8 * 1000 / RATE)
    for near in (
        scene(operator(cpu=0.01), written=Written(cpu=0.5)),
        scene(operator(cpu=0.01), written=Written(cpu=4.0), qps=10 * RATE),
        scene(operator(cpu=0.01)),
    ):
        assert cores_idle(near) is None


def test_what_is_idle_for_want_of_calls_is_not_said_to_be_idle() -> None:
    idle = scene(operator(cpu=0.01), written=Written(cpu=4.0), gpus=gpu(0.1))
    on_gpu = scene(operator(), written=Written(gpu=0.5), gpus=gpu(0.1))
    assert cores_idle(idle) is not None
    assert gpu_share_idle(on_gpu) is not None
    for rule, one in ((cores_idle, idle), (gpu_share_idle, on_gpu)):
        assert rule(one._replace(run=one.run._replace(unserved=0.3))) is None


def test_a_gain_whose_bounds_are_told_alike_is_one_figure() -> None:
    assert gained(Gain(Kind.COST, 667.0, 633.2, 633.4, "law")).startswith("frees 633 of 667 seconds")
    assert gained(Gain(Kind.COST, 667.0, 600.0, 633.0, "law")).startswith("frees 600 to 633 of 667 seconds")


# --- all together ---


def test_what_gains_most_comes_first_with_what_bounds_the_path_and_its_cost() -> None:
    both = scene(
        operator("slow", 0.04, 0.4),
        operator("quick", 0.01, cpu=0.001),
        written=Written(cpu=2.0, timeout=1.0),
        cpu=0.002,
    )
    found = guide_of(both)
    assert found.bound is not None
    assert (found.bound.operator, found.bound.by) == ("slow", "queue")
    assert found.bound.share == pytest.approx(0.44 / 0.45)
    assert [one.gain.expected for one in found.advice] == sorted(
        (one.gain.expected for one in found.advice), reverse=True
    )
    assert {one.rule for one in found.advice} == {"too-few-workers", "cores-idle"}
    assert found.cost.used == pytest.approx(2.0)
    assert found.cost.cores == pytest.approx(2 * 2.0 * 1000 / RATE)
    assert found.cost.gpus is None
    computes = guide_of(scene(operator(cpu=0.035)))
    assert computes.bound is not None
    assert computes.bound.by == "cpu"
    on_gpu = guide_of(scene(operator(), written=Written(gpu=0.5), gpus=gpu(0.4)))
    assert on_gpu.bound is not None
    assert on_gpu.bound.by == "gpu"


def test_of_nothing_nothing_is_said() -> None:
    empty = Scene(Run(RATE, 0.0, (), 0.0, (), 1), {}, chain("slow"))
    assert all(rule(empty) is None for rule in RULES)
    assert guide_of(empty).bound is None


def test_metrics_of_a_service_are_read() -> None:
    before = page_of(b'comb_step_seconds_count{arm="",operator="slow",step="s"} 2\n')
    text = b"""# HELP comb_step_seconds How long
comb_step_seconds_bucket{arm="",le="0.1",operator="slow",step="s"} 7.0
comb_step_seconds_bucket{arm="",le="+Inf",operator="slow",step="s"} 12.0
comb_step_seconds_count{arm="",operator="slow",step="s"} 10.0
comb_step_seconds_count{arm="b",operator="slow",step="s"} 2.0
comb_step_seconds_sum{arm="",operator="slow",step="s"} 2.5
comb_step_turns_total{arm="",operator="slow",step="s"} 10.0
comb_step_waiting_seconds_total{arm="",operator="slow",step="s"} 1.5
comb_step_timed_total{arm="",operator="slow",step="s"} 10.0
comb_step_cpu_seconds_total{arm="",operator="slow",step="s"} 0.5
comb_steps_total{arm="",code="DEADLINE_EXCEEDED",operator="slow",step="s"} 3.0
comb_steps_total{arm="",code="OK",operator="slow",step="s"} 9.0
comb_workers{arm="",operator="slow"} 2.0
comb_batches_total{arm="",operator="slow",size="4"} 5.0
comb_batch_seconds_total{arm="",operator="slow",size="4"} 0.5
comb_step_seconds_count{arm="",operator="never",step="t"} 0.0
nonsense
\xff
"""
    (one,) = seen_between(before, page_of(text))
    assert (one.step, one.operator, one.calls, one.late, one.workers) == ("s", "slow", 10.0, 3.0, 2)
    assert (one.mean, one.wait, one.service, one.computing) == pytest.approx((0.25, 0.15, 0.1, 0.05))
    assert one.cpu_share == pytest.approx(0.5)
    assert one.buckets == ((0.1, 7.0),)
    assert one.batches == (BatchSeen(4, 5.0, 0.5),)
    assert seen_between({}, {}) == ()
