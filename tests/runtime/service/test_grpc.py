"""The comb's method over gRPC: answers, typed failures, deadlines, cancellation, limits."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.runtime.operators import Waits
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.service.serving import METHOD, OPERATORS, ask, exchange, letter, serving, simple
from tests.runtime.waiting import run, until


async def fails(address: str, request: Any = None, **more: Any) -> Any:
    """The error that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(address, letter() if request is None else request, **more)
    return caught.value


def test_a_request_is_answered_and_named() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            answer, told = await ask(running.grpc, letter("hello", number=1), x_request_id="mine-1")
            assert (answer.text, answer.number) == ("HELLO", 2)
            assert told == {"x-request-id": "mine-1"}
            _, told = await ask(running.grpc, letter(), x_request_id="")
            assert len(told["x-request-id"]) == 24

    run(main())


def test_who_asks_for_nothing_beside_an_answer_is_told_nothing_and_an_error_is_always_named() -> None:
    async def main() -> None:
        traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        async with serving(simple()) as running:
            assert (await ask(running.grpc, letter(), traceparent=traced))[1] == {}
            _, told = await ask(running.grpc, letter(), comb_timing="1")
            assert len(told["x-request-id"]) == 24
            error = await fails(running.grpc, b"garbage")
            assert len(dict(error.trailing_metadata())["x-request-id"]) == 24

    run(main())


def test_an_answer_says_how_long_each_step_took_when_it_is_asked_to() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            _, told = await ask(running.grpc, letter(), comb_timing="1")
            assert told["server-timing"].startswith("one;dur=")
            assert told["server-timing"].endswith(';desc="OK"')

    run(main())


@pytest.mark.parametrize(
    ("operator", "code", "message"),
    [
        ("refuses", grpc.StatusCode.INVALID_ARGUMENT, "this is no letter"),
        ("raises", grpc.StatusCode.INTERNAL, "`one` failed with ValueError"),
        ("wrong_type", grpc.StatusCode.INTERNAL, "`wrong_type` returned a post.v1.Note, and it says post.v1.Letter"),
    ],
)
def test_failures_are_typed_and_keep_secrets(operator: str, code: Any, message: str) -> None:
    async def main() -> None:
        async with serving(simple(operator)) as running:
            error = await fails(running.grpc, letter("xyzzy"), x_request_id="mine")
            assert error.code() is code
            assert "xyzzy" not in error.details()
            assert (operator == "wrong_type") or error.details() == message
            assert dict(error.trailing_metadata())["x-request-id"] == "mine"

    run(main())


def test_what_no_text_can_hold_ends_no_less_in_an_error() -> None:
    async def main() -> None:
        async with serving(simple(f"{OPERATORS}:names")) as running:
            error = await fails(running.grpc, letter())
            assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "`?.png` is no picture")
            answer = await exchange(running.http, METHOD, {"letter": {}})
            assert (answer.status, answer.json["message"]) == (400, "`?.png` is no picture")

    run(main())


@pytest.mark.parametrize("content", [b"\xff\xff\xff\xff", b"\x0a\x7f", b"garbage"])
def test_what_is_no_message_is_an_invalid_argument(content: bytes) -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            error = await fails(running.grpc, content)
            assert (error.code(), error.details()) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                "the request is no post.v1.Request",
            )

    run(main())


@pytest.mark.parametrize("method", ["/post.v1.Post/Sent", "/post.v2.Post/Send", "/Send", "//", "/post.v1.Post/"])
def test_another_method_is_unimplemented(method: str) -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            assert (await fails(running.grpc, method=method)).code() is grpc.StatusCode.UNIMPLEMENTED

    run(main())


def test_a_message_that_is_too_large_is_refused_and_others_are_not() -> None:
    async def main() -> None:
        async with serving(simple("same"), message_bytes=100_000) as running:
            error = await fails(running.grpc, letter(picture=bytes(200_000)))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            answer, _ = await ask(running.grpc, letter(picture=bytes(50_000)))
            assert len(answer.picture) == 50_000
            await until(lambda: running.engine.under_way == 0)

    run(main())


def test_a_deadline_reaches_the_engine() -> None:
    async def main() -> None:
        async with serving(simple(f"{OPERATORS}:remaining")) as running:
            answer, _ = await ask(running.grpc, letter(), within=50.0)
            assert 20_000 < answer.number <= 51_000  # gRPC sends it in tenths of a second, rounded up

    run(main())


def test_a_deadline_that_passes_ends_what_runs() -> None:
    async def main() -> None:
        Waits.gate, Waits.cancelled = asyncio.Event(), 0
        async with serving(simple("Waits")) as running:
            assert (await fails(running.grpc, within=0.2)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await until(lambda: Waits.cancelled == 1 and running.engine.under_way == 0)

    run(main())


def test_a_client_that_cancels_ends_what_runs() -> None:
    async def main() -> None:
        Waits.gate, Waits.cancelled = asyncio.Event(), 0
        async with serving(simple("Waits")) as running, grpc.aio.insecure_channel(running.grpc) as channel:
            call = channel.unary_unary(METHOD)(letter().SerializeToString())
            await until(lambda: running.engine.under_way == 1)
            call.cancel()
            await until(lambda: Waits.cancelled == 1 and running.engine.under_way == 0)

    run(main())


def test_requests_beyond_the_limit_are_refused_at_once_and_those_under_way_are_answered() -> None:
    async def main() -> None:
        Waits.gate = asyncio.Event()
        async with serving(simple("Waits"), requests=3) as running, grpc.aio.insecure_channel(running.grpc) as channel:
            call = channel.unary_unary(METHOD, response_deserializer=Letter.FromString)
            waiting = [asyncio.ensure_future(call(letter(str(index)).SerializeToString())) for index in range(3)]
            await until(lambda: running.engine.under_way == 3)
            error = await fails(running.grpc)
            assert (error.code(), error.details()) == (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "3 requests are under way",
            )
            Waits.gate.set()
            assert [one.text for one in await asyncio.gather(*waiting)] == ["0", "1", "2"]
            assert (await ask(running.grpc, letter("after")))[0].text == "after"

    run(main())


def test_a_call_without_a_request_is_an_invalid_argument() -> None:
    async def main() -> None:
        async def nothing() -> Any:
            for content in list[bytes]():
                yield content

        async with serving(simple()) as running, grpc.aio.insecure_channel(running.grpc) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.stream_unary(METHOD)(nothing(), timeout=120)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert caught.value.details() == "the call has no request"

    run(main())


def test_a_request_that_never_comes_is_given_up() -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def never() -> Any:
            await gate.wait()
            yield b""

        async with (
            serving(simple(), body_seconds=0.2, requests=1) as running,
            grpc.aio.insecure_channel(running.grpc) as channel,
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.stream_unary(METHOD)(never(), timeout=120)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert (await ask(running.grpc, letter("b")))[0].text == "B"
            gate.set()

    run(main())


def test_nobody_chooses_an_arm_unless_that_is_allowed() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            assert (await fails(running.grpc, comb_arm="x")).code() is grpc.StatusCode.PERMISSION_DENIED
        async with serving(simple(), forced_arms=True) as running:
            error = await fails(running.grpc, comb_arm="x")
            assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "there is no arm `x`")

    run(main())


def test_an_answer_too_large_for_the_client_is_the_clients_to_refuse() -> None:
    async def main() -> None:
        async with serving(simple(f"{OPERATORS}:grows")) as running:
            assert len((await ask(running.grpc, letter()))[0].picture) == 2_000_000

    run(main())


def test_a_busy_service_still_says_that_it_is_well() -> None:
    async def main() -> None:
        Waits.gate = asyncio.Event()
        async with serving(simple("Waits"), requests=1) as running, grpc.aio.insecure_channel(running.grpc) as channel:
            waiting = asyncio.ensure_future(ask(running.grpc, letter()))
            await until(lambda: running.engine.under_way == 1)
            checks = [channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=120) for _ in range(50)]
            assert [await check for check in checks] == [b"\x08\x01"] * 50
            assert (await exchange(running.http, "/readyz")).status == 200
            assert (await exchange(running.http, METHOD, {"letter": {}})).status == 429
            Waits.gate.set()
            await waiting

    run(main())
