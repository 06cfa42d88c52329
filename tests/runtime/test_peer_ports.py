"""What comes to a peer's port that is no call, and addresses that are none."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import grpc.aio
import pytest

from comb_compiler.runtime import Code
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.peers import Peer, Peers, host
from comb_compiler.runtime.peers.frames import METHOD
from tests.runtime.leftovers import GRPC_KEEPS, descriptors, nothing_left
from tests.runtime.peers import calling, failure, far, letter, warm_grpc
from tests.runtime.waiting import run


@pytest.fixture(autouse=True)
def _nothing_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        yield
        caplog.get_records("call").clear()  # tracebacks hold on to what they passed


def test_what_is_no_call_is_refused_with_a_code() -> None:
    async def main() -> None:
        made = far("same_later")
        async with await host(made, "far") as there, grpc.aio.insecure_channel(there.address) as channel:
            health = channel.unary_unary("/grpc.health.v1.Health/Check")
            assert await health(b"") == b"\x08\x01"
            call = channel.unary_unary(METHOD)
            for content in (b"", b"\x00", b"\x01" * 10, b"\x01" + bytes(22), b"\xff" * 100, b"\x01" + b"\xff" * 5000):
                answer = await call(content)
                assert answer[6] == 3, content  # an error, as a value
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary("/comb.runtime.v1.Operators/Other")(b"")
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED

    run(main())


@pytest.mark.parametrize("garbage", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", bytes(100_000)])
def test_garbage_on_the_port_harms_nobody(garbage: bytes) -> None:
    async def main() -> None:
        made = far("same_later")
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            address, _, port = there.address.rpartition(":")
            sockets = [socket.create_connection((address, int(port))) for _ in range(50)]
            for one in sockets:
                one.sendall(garbage)
            given = await asyncio.gather(*(engine.call(letter()) for _ in range(50)))
            assert [one.text for one in given] == ["x"] * 50
            for one in sockets:
                one.close()

    run(main())


def test_something_else_at_a_peer_s_address_is_unavailable() -> None:
    async def main() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        made = far("same_later")
        port = server.sockets[0].getsockname()[1]
        async with Peers(made, {"far": f"127.0.0.1:{port}"}) as peers, Engine(made, elsewhere=peers.hosts) as engine:
            assert (await failure(engine, letter(), within=120.0))[0] == Code.UNAVAILABLE
            assert peers.reasons() == ("process `far` cannot be reached",)
        server.close()
        await server.wait_closed()

    run(main())


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        ({"nobody": "a:1"}, "the plan has no process `nobody`"),
        ({"far": "a"}, "process `far`: an address is `host:port`, not 'a'"),
        ({"far": "a:0"}, "process `far`: an address is `host:port`, not 'a:0'"),
        ({"far": "http://a:1"}, "process `far`: an address is `host:port`, not 'http://a:1'"),
        ({"far": "a:1,b:1"}, "process `far`: several addresses are `IPv4:port` each, or one name that has them all"),
    ],
)
def test_addresses_that_cannot_be_are_refused(addresses: dict[str, str], said: str) -> None:
    with pytest.raises(CannotRun) as caught:
        Peers(far("same"), addresses)
    assert str(caught.value) == said


def test_an_address_may_be_a_name() -> None:
    async def main() -> None:
        made = far("same_later")
        async with Peer(made, "far") as there:
            port = there.address.rpartition(":")[2]
            async with calling(made, f"localhost:{port}") as (engine, _):
                assert (await engine.call(letter())).text == "x"

    run(main())


def test_a_process_that_the_plan_does_not_have_is_not_hosted() -> None:
    with pytest.raises(CannotRun, match="the plan has no process `near`, only `main`, `far`"):
        Peer(far("same"), "near")


def test_a_port_that_is_taken_is_said() -> None:
    async def main() -> None:
        made = far("same_later")
        async with Peer(made, "far") as there:
            with pytest.raises(OSError, match="it cannot listen on"):
                await host(made, "far", listen=there.address)

    run(main())


@pytest.mark.slow
def test_connections_that_come_and_go_leave_nothing() -> None:
    async def main() -> None:
        made = far("same_later")

        async def cycles(count: int) -> tuple[int, int]:
            for _ in range(count):
                async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
                    assert (await engine.call(letter())).text == "x"
            return len(descriptors()), threading.active_count()

        await cycles(10)
        before = await cycles(10)
        after = await cycles(20)
        assert after[0] - before[0] <= 4
        assert after[1] - before[1] <= 2

    run(main())
