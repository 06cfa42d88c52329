"""What Go's rules do not say: types, cancellation, large values, ends that are lost, and real processes."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import grpc.aio
import pytest

from comb_compiler.runtime import Code, OperatorError, Parcel
from comb_compiler.runtime.channels import Channel, Closed, grpc as over_grpc, local, receiving, select, sending
from comb_compiler.runtime.channels.remote import RemoteReceiver
from tests.architecture.imports import ROOT
from tests.runtime.channels import KINDS, Open
from tests.runtime.leftovers import GRPC_KEEPS, nothing_left
from tests.runtime.peers import warm_grpc
from tests.runtime.post.post_pb2 import Letter, Note
from tests.runtime.waiting import run, until

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
def test_values_come_in_their_order_and_then_the_end(kind: Open) -> None:
    async def main() -> None:
        async with kind(2) as ends:

            async def send() -> None:
                for number in range(50):
                    await ends.sender.send(Letter(number=number))
                ends.sender.close()

            sending = asyncio.create_task(send())
            assert [letter.number async for letter in ends.receiver] == list(range(50))
            await sending
            with pytest.raises(Closed):
                await ends.receiver.receive()
            with pytest.raises(Closed):
                await ends.sender.send(Letter())

    run(main())


@each_kind
def test_a_full_channel_holds_back_its_sender(kind: Open) -> None:
    async def main() -> None:
        async with kind(3) as ends:
            sends = [asyncio.create_task(ends.sender.send(Letter(number=number))) for number in range(5)]
            await until(lambda: sum(send.done() for send in sends) == 3)
            await ends.quiet()
            assert [send.done() for send in sends] == [True, True, True, False, False]
            assert (await ends.receiver.receive()).number == 0
            await until(sends[3].done)
            assert not sends[4].done()
            sends[4].cancel()
            await ends.quiet()
            assert [(await ends.receiver.receive()).number for _ in range(3)] == [1, 2, 3]

    run(main())


@each_kind
def test_another_type_is_not_sent(kind: Open) -> None:
    async def main() -> None:
        async with kind(1) as ends:
            with pytest.raises(TypeError, match="a Letter is sent here, not a Note"):
                await ends.sender.send(Note())

    run(main())


@each_kind
@pytest.mark.parametrize("size", [0, 70_000, 3_000_000])
def test_values_of_any_size_arrive_whole(kind: Open, size: int) -> None:
    async def main() -> None:
        pictures = [os.urandom(size) for _ in range(6)]
        async with kind(2) as ends:

            async def send() -> None:
                for picture in pictures:
                    await ends.sender.send(Letter(picture=picture))
                ends.sender.close()

            sending = asyncio.create_task(send())
            assert [letter.picture async for letter in ends.receiver] == pictures
            await sending

    run(main())


@each_kind
def test_a_receive_that_is_cancelled_in_the_instant_it_succeeds_loses_nothing(kind: Open) -> None:
    async def main() -> None:
        async with kind(1) as ends:
            for number in range(20):
                for cancelled in (ends.receiver.receive(), select(receiving(ends.receiver), receiving(None))):
                    task = asyncio.ensure_future(cancelled)
                    await asyncio.sleep(0)
                    await ends.sender.send(Letter(number=number))
                    if number % 2:
                        await until(lambda: not len(ends.receiver._receivers))  # type: ignore[attr-defined]
                    task.cancel()
                    given = await asyncio.gather(task, return_exceptions=True)
                    if isinstance(given[0], asyncio.CancelledError):
                        assert (await ends.receiver.receive()).number == number
                    await ends.quiet()

    run(main())


@each_kind
def test_a_channel_without_room_hands_over_from_one_to_the_other(kind: Open) -> None:
    async def main() -> None:
        async with kind(0) as ends:
            send = asyncio.create_task(ends.sender.send(Letter(number=1)))
            await ends.quiet()
            await asyncio.sleep(0.01)
            assert not send.done()
            assert (await ends.receiver.receive()).number == 1
            await send
            gone = asyncio.create_task(ends.sender.send(Letter(number=2)))
            await ends.quiet()
            gone.cancel()
            await ends.quiet()
            receiving_ = asyncio.create_task(ends.receiver.receive())
            await asyncio.sleep(0.01)
            assert not receiving_.done()
            await ends.sender.send(Letter(number=3))
            assert (await receiving_).number == 3

    run(main())


@pytest.mark.parametrize("kind", [KINDS["processes"], KINDS["grpc"]], ids=["processes", "grpc"])
def test_one_of_several_that_hand_over_is_chosen_and_the_others_wait_on(kind: Open) -> None:
    async def main() -> None:
        async with kind(0) as one, kind(0) as other:
            sends = [
                asyncio.create_task(ends.sender.send(Letter(text=name))) for name, ends in (("a", one), ("b", other))
            ]
            await one.quiet()
            await other.quiet()
            chosen = await select(receiving(one.receiver), receiving(other.receiver), default=True)
            await until(sends[chosen.case].done)
            await asyncio.sleep(0.01)
            assert not sends[1 - chosen.case].done()
            left = await select(receiving(one.receiver), receiving(other.receiver))
            assert {chosen.value.text, left.value.text} == {"a", "b"}
            await asyncio.gather(*sends)
            with pytest.raises(ValueError, match="cannot be a case of a select"):
                await select(sending(one.sender, Letter()), receiving(other.receiver))

    run(main())


def test_the_bytes_of_a_parcel_that_is_handed_over_stay_until_the_next_receive(tmp_path: Path) -> None:
    async def main() -> None:
        receiver = await local.listen(tmp_path / "channel", Letter, 0)
        sender = await local.connect(tmp_path / "channel", Letter)
        pictures = [bytes([number]) * 300_000 for number in range(6)]

        async def send() -> None:
            for number, picture in enumerate(pictures):
                await sender.send(Parcel(Letter(number=number), {"picture": picture}))
            sender.close()

        sending_ = asyncio.create_task(send())
        async for parcel in receiver:
            assert isinstance(parcel, Parcel)
            await asyncio.sleep(0.01)  # the next one has been offered
            assert parcel["picture"] == pictures[parcel.message.number]
        await sending_
        await receiver.end()

    run(main())


@pytest.mark.parametrize("kind", [KINDS["processes"], KINDS["grpc"]], ids=["processes", "grpc"])
def test_an_end_that_is_lost_is_no_end_of_the_channel(kind: Open) -> None:
    async def main() -> None:
        async with kind(2) as ends:
            await ends.sender.send(Letter(number=1))
            await until(lambda: len(ends.receiver))  # type: ignore[arg-type]
            await ends.sender.end()  # type: ignore[attr-defined]
            assert (await ends.receiver.receive()).number == 1
            for _ in range(2):
                with pytest.raises(OperatorError) as caught:
                    await ends.receiver.receive()
                assert caught.value.code == Code.UNAVAILABLE

    run(main())


def test_a_sender_hears_that_its_receiver_is_gone(tmp_path: Path) -> None:
    async def main() -> None:
        receiver = await local.listen(tmp_path / "channel", Letter, 1)
        sender = await local.connect(tmp_path / "channel", Letter)
        await sender.send(Letter())
        waiting = asyncio.create_task(sender.send(Letter()))
        await asyncio.sleep(0.01)
        await receiver.end()
        for send in (waiting, sender.send(Letter())):
            with pytest.raises(OperatorError) as caught:
                await send
            assert caught.value.code == Code.UNAVAILABLE

    with nothing_left():
        run(main())


def test_a_channel_has_one_sender(tmp_path: Path) -> None:
    async def main() -> None:
        receiver = await local.listen(tmp_path / "channel", Letter, 1)
        sender = await local.connect(tmp_path / "channel", Letter)
        second = await local.connect(tmp_path / "channel", Letter)
        with pytest.raises(OperatorError):
            await second.send(Letter())
        await sender.send(Letter(text="first"))
        assert (await receiver.receive()).text == "first"
        await sender.end()
        await second.end()
        await receiver.end()

    run(main())


def test_a_stream_to_no_channel_is_refused() -> None:
    async def main() -> None:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((over_grpc.GrpcChannels(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            sender = await over_grpc.connect(channel, "nobody", Letter)
            with pytest.raises(OperatorError) as caught:
                await sender.send(Letter())
            assert (caught.value.code, caught.value.message) == (Code.NOT_FOUND, "there is no channel 'nobody'")
        await server.stop(None)

    run(main())


@pytest.mark.parametrize("size", [100, 2_000_000])
def test_bytes_beside_a_message_stay_until_the_next_receive(tmp_path: Path, size: int) -> None:
    async def main() -> None:
        receiver = await local.listen(tmp_path / "channel", Letter, 2)
        sender = await local.connect(tmp_path / "channel", Letter)
        pictures = [bytes([number]) * size for number in range(12)]

        async def send() -> None:
            for number, picture in enumerate(pictures):
                await sender.send(Parcel(Letter(number=number), {"picture": picture}))
            sender.close()

        sending = asyncio.create_task(send())
        seen = 0
        async for parcel in receiver:
            assert isinstance(parcel, Parcel)
            await asyncio.sleep(0.002)  # the sender is as far ahead as it may be
            assert parcel["picture"] == pictures[parcel.message.number]
            seen += 1
        assert seen == 12
        await sending
        await receiver.end()

    run(main())


_SENDER = """
import asyncio, sys
from pathlib import Path
import grpc.aio
from comb_compiler.runtime.channels import grpc as over_grpc, local
from tests.runtime.post.post_pb2 import Letter

async def main():
    kind, where, count, end = sys.argv[1:]
    if kind == "socket":
        sender = await local.connect(Path(where), Letter)
    else:
        channel = grpc.aio.insecure_channel(where)
        sender = await over_grpc.connect(channel, "letters", Letter)
    for number in range(int(count)):
        await sender.send(Letter(number=number, picture=bytes(200_000)))
    if end == "close":
        sender.close()
        await asyncio.sleep(30)
    else:
        import os
        os.kill(os.getpid(), 9)

asyncio.run(main())
"""


async def _all_from(receiver: RemoteReceiver[Letter], kind: str, where: str, end: str) -> None:
    """What another process sends, of which it dies or lives on."""
    command = [sys.executable, "-c", _SENDER, kind, where, "20", end]
    other = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220
    numbers = []
    try:
        while True:
            letter = await receiver.receive()
            assert len(letter.picture) == 200_000
            numbers.append(letter.number)
    except Closed:
        assert end == "close"
        assert numbers == list(range(20))
    except OperatorError as error:
        assert (end, error.code) == ("die", Code.UNAVAILABLE)  # noqa: PT017
        assert numbers == list(range(len(numbers)))
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("end", ["close", "die"])
def test_a_channel_joins_two_processes(tmp_path: Path, end: str) -> None:
    async def main() -> None:
        receiver = await local.listen(tmp_path / "channel", Letter, 4)
        await _all_from(receiver, "socket", str(tmp_path / "channel"), end)
        await receiver.end()

    with nothing_left():
        run(main())


@pytest.mark.parametrize("end", ["close", "die"])
def test_a_channel_joins_two_processes_over_grpc(end: str) -> None:
    async def main() -> None:
        server = grpc.aio.server()
        channels = over_grpc.GrpcChannels()
        server.add_generic_rpc_handlers((channels,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await _all_from(channels.receive("letters", Letter, 4), "grpc", f"127.0.0.1:{port}", end)
        await server.stop(None)

    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        run(main())


def test_select_is_fair() -> None:
    async def main() -> None:
        first, second = Channel[int](1000), Channel[int](1000)
        for number in range(1000):
            await first.send(number)
            await second.send(number)
        chosen = [(await select(receiving(first), receiving(second))).case for _ in range(600)]
        assert 200 < sum(chosen) < 400

    run(main())


def test_a_capacity_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Channel[int](-1)
    with pytest.raises(ValueError, match="at least 0"):
        run(_listen_with_less_than_nothing())


async def _listen_with_less_than_nothing() -> None:
    await local.listen(Path("nowhere"), Letter, -1)


@each_kind
@pytest.mark.parametrize("by_sender", [True, False])
def test_closing_ends_who_waits_at_either_end(kind: Open, by_sender: bool) -> None:
    async def main() -> None:
        async with kind(1) as ends:
            await ends.sender.send(Letter(number=1))
            waiting = asyncio.create_task(ends.sender.send(Letter(number=2)))
            await ends.quiet()
            assert not waiting.done()
            (ends.sender if by_sender else ends.receiver).close()
            with pytest.raises(Closed):
                await waiting
            assert [letter.number async for letter in ends.receiver] == [1]
        async with kind(1) as ends:
            receiving_ = asyncio.create_task(ends.receiver.receive())
            await asyncio.sleep(0)
            (ends.sender if by_sender else ends.receiver).close()
            with pytest.raises(Closed):
                await receiving_
            for end in (ends.sender, ends.receiver):
                await ends.quiet()
                with pytest.raises(Closed):
                    end.close()

    run(main())
