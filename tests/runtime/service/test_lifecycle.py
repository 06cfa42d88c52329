"""From start to end: what is said when it cannot start, readiness, and an end that loses nothing."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from comb_compiler.release import Process as PlanProcess, plan_bytes
from comb_compiler.runtime.service import CannotServe, Served, Service, Settings
from tests.architecture.imports import ROOT
from tests.runtime.operators import Waits
from tests.runtime.plans import plan as planned
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.service.processes import process
from tests.runtime.service.serving import METHOD, OPERATORS, ask, exchange, letter, serving, simple
from tests.runtime.waiting import run, until

HEALTH = "/grpc.health.v1.Health/"
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


class Sick:
    """Is ready when nothing is wrong."""

    def __init__(self, *wrong: str) -> None:
        self.wrong = wrong

    def reasons(self) -> tuple[str, ...]:
        """What is wrong."""
        return self.wrong


async def health(address: str, service: bytes = b"") -> bytes:
    """The answer of gRPC health, as bytes."""
    async with grpc.aio.insecure_channel(address) as channel:
        request = b"\x0a" + bytes([len(service)]) + service if service else b""
        answer: bytes = await channel.unary_unary(f"{HEALTH}Check")(request, timeout=120)
        return answer


async def refused(address: str) -> None:
    """Wait until it has settled, and takes no new connections."""
    async with asyncio.timeout(120):
        with suppress(grpc.aio.AioRpcError, OSError):
            while True:
                assert await health(address) == NOT_SERVING
                await asyncio.sleep(0.05)


def test_it_is_alive_and_not_ready_before_there_is_something_to_serve() -> None:
    async def main() -> None:
        async with Service(Settings(grpc_port=0, http_port=0)) as service:
            port = int(service.addresses.http.rpartition(":")[2])
            assert (await exchange(port, "/healthz")).status == 200
            ready = await exchange(port, "/readyz")
            assert (ready.status, ready.json) == (503, {"ready": False, "reasons": ["it is starting"]})
            assert await health(service.addresses.grpc) == NOT_SERVING
            assert (await exchange(port, "/v1/call", {})).status == 503
            assert (await exchange(port, "/")).status == 200
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ask(service.addresses.grpc, letter())
            assert (caught.value.code(), caught.value.details()) == (
                grpc.StatusCode.UNAVAILABLE,
                "the service is starting",
            )

    run(main())


def test_readiness_follows_its_parts_over_both_protocols() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            sick = Sick()
            running.service.show(Served(running.engine.plan, running.engine, ready=(sick,)))
            assert await health(running.grpc) == await health(running.grpc, b"post.v1.Post") == SERVING
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await health(running.grpc, b"another.Service")
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
            async with grpc.aio.insecure_channel(running.grpc) as channel:
                watch = channel.unary_stream(f"{HEALTH}Watch")(b"")
                assert await watch.read() == SERVING
                sick.wrong = ("model `x` is wrong",)
                assert await watch.read() == NOT_SERVING
                watch.cancel()
            ready = await exchange(running.http, "/readyz")
            assert (ready.status, ready.json["reasons"]) == (503, ["model `x` is wrong"])
            assert (await ask(running.grpc, letter("b")))[0].text == "B"

    run(main())


def test_another_plan_takes_over_and_requests_under_way_end_where_they_began() -> None:
    async def main() -> None:
        from comb_compiler.runtime.engine import Engine

        Waits.gate = asyncio.Event()
        async with serving(simple("Waits")) as running, Engine(simple("shout")) as other:
            waiting = asyncio.ensure_future(ask(running.grpc, letter("a")))
            await until(lambda: running.engine.under_way == 1)
            running.service.show(Served(other.plan, other))
            assert (await ask(running.grpc, letter("b")))[0].text == "B"
            Waits.gate.set()
            assert (await waiting)[0].text == "a"

    run(main())


def test_what_streams_answers_is_refused() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            plan = running.engine.plan
            streaming = plan._replace(method=plan.method._replace(server_streaming=True))
            with pytest.raises(CannotServe, match=r"post\.v1\.Post/Send streams its answers"):
                running.service.show(Served(streaming, running.engine))
            assert (await ask(running.grpc, letter("b")))[0].text == "B"

    run(main())


@pytest.mark.parametrize("which", ["grpc_port", "http_port"])
def test_a_port_that_is_taken_is_said(which: str) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            settings = Settings(grpc_port=0, http_port=0)._replace(**{which: taken.getsockname()[1]})
            with pytest.raises(CannotServe, match=r"cannot listen on 127\.0\.0\.1"):
                await Service(settings).start()

    run(main())


def test_a_drain_waits_for_what_is_under_way_and_takes_no_more() -> None:
    async def main() -> None:
        Waits.gate = asyncio.Event()
        async with serving(simple("Waits"), settle=2.0, drain=120.0) as running:
            over_http = asyncio.ensure_future(exchange(running.http, METHOD, {"letter": {"text": "h"}}))
            over_grpc = asyncio.ensure_future(ask(running.grpc, letter("g")))
            await until(lambda: running.engine.under_way == 2)
            draining = asyncio.ensure_future(running.service.drain())
            await until(lambda: running.service.is_going)
            assert (await exchange(running.http, "/readyz")).json["reasons"] == ["it is shutting down"]
            assert await health(running.grpc) == NOT_SERVING
            await refused(running.grpc)
            with pytest.raises((grpc.aio.AioRpcError, OSError)):
                await ask(running.grpc, letter("late"))
            assert not draining.done()
            Waits.gate.set()
            assert (await over_http).json == {"text": "h"}
            assert (await over_grpc)[0].text == "g"
            assert await draining

    run(main())


def test_a_drain_ends_in_time_and_says_what_it_cut_off() -> None:
    async def main() -> None:
        Waits.gate = asyncio.Event()
        async with serving(simple("Waits"), drain=0.2) as running:
            waiting = asyncio.ensure_future(ask(running.grpc, letter("g")))
            await until(lambda: running.engine.under_way == 1)
            assert not await running.service.drain()
            with pytest.raises(grpc.aio.AioRpcError):
                await waiting

    run(main())


# --- as a process ---


class Balancer:
    """Sends each new connection to the next of those that are ready, as a cluster does; open ones stay."""

    def __init__(self, addresses: list[str]) -> None:
        self.ready = addresses
        self.open = 0
        self._turn = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._turn += 1
        host, _, port = self.ready[self._turn % len(self.ready)].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        self.open += 1
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self.open -= 1

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
        except OSError:
            pass
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def load(target: str, options: list[Any], told: asyncio.Event) -> tuple[int, list[Any]]:
    """Calls without a pause over four connections: how many were answered, and what else came."""
    failures: list[Any] = []
    count = 0

    async def one(call: Any) -> None:
        nonlocal count
        while not told.is_set():
            try:
                await call(letter("a").SerializeToString(), timeout=300)
                count += 1
            except grpc.aio.AioRpcError as error:
                failures.append((error.code(), error.details()))

    async with AsyncExitStack() as stack:
        own = [*options, ("grpc.use_local_subchannel_pool", 1)]
        channels = [await stack.enter_async_context(grpc.aio.insecure_channel(target, options=own)) for _ in range(4)]
        calls = [channel.unary_unary(METHOD, response_deserializer=Letter.FromString) for channel in channels]
        await asyncio.gather(*(one(call) for call in calls * 4))
    return count, failures


@pytest.mark.slow
@pytest.mark.parametrize("clients", ["watch health", "are balanced"])
def test_the_end_of_one_of_two_under_load_loses_no_request(tmp_path: Path, clients: str) -> None:
    plan, settings = simple(f"{OPERATORS}:pauses"), ("--settle", "0.5", "--connection-age", "1")
    with process(plan, tmp_path, *settings) as stays, process(plan, tmp_path, *settings) as goes:

        async def main() -> tuple[int, list[Any]]:
            told = asyncio.Event()
            balancer = Balancer([stays.grpc, goes.grpc])
            server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
            if clients == "watch health":
                config = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}
                options = [("grpc.service_config", json.dumps(config))]
                loading = asyncio.ensure_future(load(f"ipv4:{stays.grpc},{goes.grpc}", options, told))
            else:
                port = server.sockets[0].getsockname()[1]
                loading = asyncio.ensure_future(load(f"127.0.0.1:{port}", [], told))
            await asyncio.sleep(0.5)
            goes.tell()
            balancer.ready = [stays.grpc]
            code = await asyncio.to_thread(goes.ended)
            assert code == 0
            await asyncio.sleep(0.3)
            told.set()
            answered = await loading
            server.close()
            await until(lambda: balancer.open == 0)
            return answered

        count, failures = asyncio.run(main())
    assert failures == []
    assert count > 16


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with process(simple(), tmp_path, "--settle", "600") as running:
        running.tell()
        running.wait_for(re.compile("(going)"))
        began = time.monotonic()
        time.sleep(0.8)
        running.tell()
        assert running.ended() == 1
        assert time.monotonic() - began < 300
        assert "ended at once" in running.said[-1]


def test_a_signal_that_comes_twice_by_way_of_a_process_group_ends_it_in_order(tmp_path: Path) -> None:
    with process(simple(), tmp_path, "--settle", "0", "--connection-age", "0") as running:
        running.tell(signal.SIGINT)
        running.tell()  # at once, as a shell does: what comes half a second later is meant
        assert running.ended() == 0
        assert "ended: every request that was taken on was answered" in running.said[-1]


def test_interrupting_ends_it_in_order(tmp_path: Path) -> None:
    with process(simple(), tmp_path, "--settle", "0") as running:
        running.tell(signal.SIGINT)
        assert running.ended() == 0
        assert "ended: every request that was taken on was answered" in running.said[-1]


def test_operators_code_that_takes_signals_for_itself_keeps_no_service_from_ending_in_order(tmp_path: Path) -> None:
    nodes = {"one": ("tests.runtime.service.deaf:same", {"letter": "request.letter"})}
    plan = planned(nodes, "one")
    for process_plan, more in (
        (plan, ()),
        (plan._replace(processes=(PlanProcess("main", ()), PlanProcess("far", (0,)))), ("--process", "far")),
    ):
        with process(process_plan, tmp_path, "--settle", "0", *more) as running:
            running.tell()
            assert running.ended() == 0


def test_a_process_other_than_the_first_hosts_operators(tmp_path: Path) -> None:
    nodes = {"one": ("shout", {"letter": "request.letter"}), "two": ("thread_letter", {"letter": "one"})}
    plan = planned(nodes, "two")._replace(processes=(PlanProcess("main", (0,)), PlanProcess("far", (1,))))
    with process(plan, tmp_path, "--process", "far", "--settle", "0") as far:
        assert asyncio.run(exchange(far.http, "/readyz")).status == 200
        with process(plan, tmp_path, "--peer", f"far={far.grpc}", "--settle", "0") as main:
            answer, _ = asyncio.run(ask(main.grpc, letter("a")))
            assert (answer.text, answer.number) == ("A", far.pid)
            main.tell()
            assert main.ended() == 0
        far.tell()
        assert far.ended() == 0


def test_a_process_that_no_peer_names_is_told_of(tmp_path: Path) -> None:
    plan = simple()._replace(processes=(PlanProcess("main", (0,)), PlanProcess("far", ())))
    with process(plan, tmp_path, "--settle", "0") as main:
        assert "nothing says where process `far` is (--peer)" in main.said[0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing.json",), 1, "error: nothing.json: it cannot be read: No such file or directory"),
        (("PLAN", "--process", "other"), 1, "the plan has no process `other`, only `main`"),
        (("PLAN", "--host", "203.0.113.1"), 1, "HTTP cannot listen on 203.0.113.1:0"),
        (("PLAN", "--tls-certificate", "a.pem", "--tls-key", "b.pem"), 1, "/b.pem: [Errno 2] No such file"),
        (("PLAN", "--goldens", "nowhere"), 1, "nowhere is no sample set"),
        (("PLAN", "--reference", "PLAN"), 1, "PLAN is no reference: it does not have the form"),
        (("PLAN", "--code", "nowhere"), 1, "nowhere: there is no such directory"),
        (("PLAN", "--requests", "0", "--drain", "nan"), 2, "--drain is 'nan', and must be a number of at least 0"),
        (("PLAN", "--tls-key", "b.pem"), 2, "--tls-certificate and --tls-key go together"),
        (("PLAN", "--peer", "x"), 2, "--peer is 'x', and must be NAME=HOST:PORT"),
        (("PLAN", "--peer", "x=1.2.3.4:5"), 1, "the plan has no process `x`"),
        (("BAD",), 1, "its version is None, and this Comb runs version 1; `comb graph COMB --format plan` writes one"),
        (("SICK",), 1, "an operator failed to start: RuntimeError: no device (at operators.py:"),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "PLAN").write_bytes(plan_bytes(simple(f"{OPERATORS}:remaining")))
    (tmp_path / "SICK").write_bytes(plan_bytes(simple("FailsToStart")))
    (tmp_path / "BAD").write_text("{}", encoding="utf-8")
    command = [sys.executable, "-m", "comb_compiler.runtime.service", *arguments, "--grpc-port=0", "--http-port=0"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.strip().split("\n")) == 1
