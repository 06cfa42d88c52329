"""What comes over the wire when nobody means well: each gets its answer or its end, and others are served."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import grpc.aio
import pytest

from tests.runtime.service.http2 import Client
from tests.runtime.service.processes import process
from tests.runtime.service.serving import (
    METHOD,
    OPERATORS,
    Running,
    ask,
    exchange,
    letter,
    parsed,
    say,
    serving,
    simple,
)
from tests.runtime.waiting import run, until

HEAD = f"POST {METHOD} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n".encode()


def tls_hello() -> bytes:
    """What a client of TLS says first."""
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(inside, outside, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outside.read()


GARBAGE = {
    "zeros": bytes(5000),
    "noise": bytes(range(256)) * 40,
    "lines": b"\r\n" * 500 + b"x\r\n" * 500,
    "a TLS hello": tls_hello(),
    "HTTP/1.1": b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/2 with bad frames": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4000,
    "a long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "no path": b"GET\r\n\r\n",
}


async def port_of(address: str) -> int:
    """The port of `host:port`."""
    return int(address.rpartition(":")[2])


async def all_is_well(running: Running) -> None:
    """Both ports answer others."""
    assert (await ask(running.grpc, letter("b")))[0].text == "B"
    assert (await exchange(running.http, METHOD, {"letter": {"text": "c"}})).json["text"] == "C"


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_harms_nobody(what: str) -> None:
    async def main() -> None:
        async with serving(simple(), head_seconds=1.0) as running:
            for port in (running.http, await port_of(running.grpc)):
                received = await asyncio.gather(*(say(port, GARBAGE[what], finish=True) for _ in range(5)))
                assert all(len(one) < 10_000 for one in received)
                await all_is_well(running)

    run(main())


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-request-id: a\r\n b: c\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-request-id: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx y: z\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: " + b"b" * 8000 + b"\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: " + b"b" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 5000 + b"\r\n", 431),
        (HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}", 400),
        (HEAD + b"content-length: -2\r\n\r\n{}", 400),
        (HEAD + b"content-length: 1e3\r\n\r\n{}", 400),
        (HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n", 501),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n", 400),
        (HEAD + b"content-length: 100\r\n\r\n{}", 400),
    ],
)
def test_heads_and_bodies_that_are_none_are_refused(head: bytes, status: int) -> None:
    async def main() -> None:
        async with serving(simple(), head_seconds=1.0) as running:
            answer = parsed(await say(running.http, head, finish=True))
            assert answer.status == status
            await all_is_well(running)

    run(main())


def test_a_request_that_could_be_read_as_two_is_read_in_one_way_only() -> None:
    """Length and chunks at once: proxies and servers that differ about it let requests be smuggled."""

    async def main() -> None:
        async with serving(simple()) as running:
            smuggled = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
            head = HEAD + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
            received = await say(running.http, head + smuggled, finish=True)
            assert received.count(b"HTTP/1.1 ") <= 2
            assert received.startswith(b"HTTP/1.1 400")

    run(main())


@pytest.mark.parametrize("said", ["a b", "ü", "x" * 129, "", "\t"])
def test_a_request_id_that_no_log_should_hold_is_replaced(said: str) -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            answer = await exchange(running.http, METHOD, {}, x_request_id=said)
            assert answer.status == 200
            assert len(answer.headers["x-request-id"]) == 24

    run(main())


def test_metadata_that_is_too_large_is_refused() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            answer, _ = await ask(running.grpc, letter(), comb_note="x" * 6000)
            assert answer.text == "A"
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ask(running.grpc, letter(), comb_note="x" * 60_000)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            await all_is_well(running)

    run(main())


async def silent(port: int, count: int) -> list[asyncio.StreamWriter]:
    """Connections that say nothing."""
    return [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(count)]


@pytest.mark.slow
def test_a_thousand_silent_connections_keep_nobody_out_and_are_closed() -> None:
    async def main() -> None:
        async with serving(simple(), connections=200, head_seconds=2.0) as running:
            opened = await silent(running.http, 1000)
            await all_is_well(running)
            assert running.service.connections <= 200
            await until(lambda: running.service.connections == 0)
            for writer in opened:
                writer.close()

    run(main())


@pytest.mark.slow
def test_silent_connections_to_grpc_are_closed() -> None:
    async def main() -> None:
        async with serving(simple(), head_seconds=1.0) as running:
            port = await port_of(running.grpc)
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(500)]
            assert (await ask(running.grpc, letter("b")))[0].text == "B"
            async with asyncio.timeout(120):
                for reader, writer in opened:
                    await reader.read()  # what comes, and then the end
                    writer.close()

    run(main())


def test_idle_connections_to_grpc_make_room() -> None:
    """They have said hello, so that they count, and nothing since."""
    hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))

    async def main() -> None:
        async with serving(simple(), connections=3, idle_seconds=1.0) as running:
            opened = [await asyncio.open_connection("127.0.0.1", await port_of(running.grpc)) for _ in range(3)]
            for reader, writer in opened:
                writer.write(hello)
                await reader.readexactly(9)  # of its settings: the connection stands
            with pytest.raises(grpc.aio.AioRpcError):
                await ask(running.grpc, letter("b"), within=0.5)
            await asyncio.gather(*(reader.read() for reader, _ in opened))
            assert (await ask(running.grpc, letter("b")))[0].text == "B"
            for _, writer in opened:
                writer.close()

    run(main())


async def drip(port: int, first: bytes, piece: bytes, pause: float = 0.02) -> tuple[bytes, float]:
    """Send a piece now and then, until the other side ends it: what it said, and after how many seconds."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.ensure_future(reader.read())
    writer.write(first)
    while not reading.done():
        writer.write(piece)
        await asyncio.sleep(pause)
    writer.close()
    try:
        return await reading, time.monotonic() - began
    except ConnectionError:
        return b"", time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "piece", "status"),
    [
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n", b"HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\na: ", b"b", b"HTTP/1.1 408"),
        (HEAD + b"content-length: 100000\r\n\r\n", b" ", b"HTTP/1.1 408"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"HTTP/1.1 408"),
    ],
)
def test_who_sends_drop_by_drop_is_ended_in_time(first: bytes, piece: bytes, status: bytes) -> None:
    async def main() -> None:
        async with serving(simple(), head_seconds=0.5, body_seconds=0.5, requests=4) as running:
            dripping = [asyncio.ensure_future(drip(running.http, first, piece)) for _ in range(3)]
            await asyncio.sleep(0.1)
            await all_is_well(running)
            for received, seconds in await asyncio.gather(*dripping):
                assert received.startswith(status)
                assert seconds < 120
            await until(lambda: running.service.connections == 0)

    run(main())


@pytest.mark.parametrize("begun", [b"", b"\x00\x00\x00\x10\x00abc"], ids=["no body", "a part of one"])
def test_calls_whose_body_never_comes_lock_nobody_out(begun: bytes) -> None:
    async def main() -> None:
        async with (
            serving(simple(), requests=8, body_seconds=600.0) as running,
            await Client.to(await port_of(running.grpc)) as hostile,
        ):
            streams = []
            for _ in range(10):
                streams += [hostile.begin(METHOD) for _ in range(40)]
                for stream in streams[-40:] if begun else ():
                    hostile.drip(stream, begun)
                async with asyncio.timeout(120):
                    await all_is_well(running)
            await until(lambda: len(hostile.ended) >= 384)
            assert hostile.ended <= set(streams)
            assert set(streams) - hostile.ended <= set(streams[-16:])  # the oldest have made room
            metrics = (await exchange(running.http, "/metrics")).content.decode()
            refused = next(line for line in metrics.splitlines() if 'refused_total{by="service"}' in line)
            assert float(refused.split()[1]) >= 384

    run(main())


def test_bodies_that_never_come_over_http_lock_nobody_out() -> None:
    async def main() -> None:
        async with serving(simple(), requests=4, body_seconds=600.0) as running:
            head = HEAD + b"content-length: 100\r\n\r\n{"
            opened = []
            for _ in range(12):
                opened.append(await asyncio.open_connection("127.0.0.1", running.http))
                opened[-1][1].write(head)
            async with asyncio.timeout(120):
                await all_is_well(running)
                for reader, _ in opened[:4]:
                    assert (await reader.readline()).startswith(b"HTTP/1.1 429")
            for _, writer in opened:
                writer.close()

    run(main())


def test_who_takes_no_answer_is_ended_in_time() -> None:
    async def main() -> None:
        async with serving(simple(f"{OPERATORS}:grows"), body_seconds=0.5, requests=4) as running:
            _, writer = await asyncio.open_connection("127.0.0.1", running.http, limit=1)
            body = b'{"letter": {}}'
            request = HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body
            writer.write(request * 50)
            await until(lambda: running.service.connections == 1)
            await until(lambda: running.service.connections == 0)
            writer.close()

    run(main())


@pytest.mark.slow
def test_memory_is_bounded_whatever_comes(tmp_path: Path) -> None:
    """Thousands of connections, and hundreds of requests that are as large as may be, or larger."""
    limits = ("--message-bytes", "1000000", "--requests", "8", "--connections", "300", "--head-seconds", "2")
    with process(simple("same"), tmp_path, *limits, "--settle", "0") as running:

        async def some(work: Callable[[], Awaitable[object]], count: int) -> None:
            await asyncio.gather(*(work() for _ in range(count)), return_exceptions=True)

        async def main() -> None:
            rpc = int(running.grpc.rpartition(":")[2])
            large, endless = letter(picture=bytes(900_000)).SerializeToString(), bytes(5_000_000)
            kind = "application/x-protobuf"
            await some(lambda: exchange(running.http, METHOD, large, content_type=kind), 40)
            before = running.resident
            for _ in range(3):
                await some(lambda: exchange(running.http, METHOD, large, content_type=kind), 100)
                await some(lambda: exchange(running.http, METHOD, endless, content_type=kind), 40)
                await some(lambda: ask(running.grpc, large), 100)
                await some(lambda: ask(running.grpc, endless), 40)
                await some(lambda: say(running.http, bytes(200_000)), 40)
                await some(lambda: say(rpc, bytes(200_000)), 40)
                silent = [await asyncio.open_connection("127.0.0.1", port) for port in (running.http, rpc) * 500]
                for _, writer in silent:
                    writer.close()
            assert running.resident - before < 150_000_000
            assert (await ask(running.grpc, letter("b")))[0].text == "b"
            assert (await exchange(running.http, METHOD, {"letter": {"text": "c"}})).json["text"] == "c"

        asyncio.run(main())
        running.tell()
        assert running.ended() == 0


def test_a_small_message_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    with process(simple("same"), tmp_path, "--settle", "0") as running:

        async def main() -> None:
            large = letter(picture=bytes(100_000_000)).SerializeToString()
            async with grpc.aio.insecure_channel(running.grpc, compression=grpc.Compression.Gzip) as channel:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await channel.unary_unary(METHOD)(large, timeout=300)
                assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

        before = running.resident
        asyncio.run(main())
        assert running.resident - before < 50_000_000


def test_grpc_connections_are_counted() -> None:
    async def main() -> None:
        async with serving(simple(), connections=3) as running, AsyncExitStack() as stack:
            for expected in (True, True, True, False, False):
                own = [("grpc.use_local_subchannel_pool", 1)]
                channel = await stack.enter_async_context(grpc.aio.insecure_channel(running.grpc, options=own))
                call = channel.unary_unary(METHOD)(letter().SerializeToString(), timeout=120 if expected else 2)
                if expected:
                    await call
                else:
                    with pytest.raises(grpc.aio.AioRpcError):
                        await call

    run(main())
