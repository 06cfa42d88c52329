"""Requests that come at nearly the same time go on one right after another; one alone is hardly held back."""

import asyncio
import time

from comb_compiler.runtime.service.cohorts import Cohorts
from tests.runtime.service.serving import ask, letter, serving, simple
from tests.runtime.waiting import run

_ENOUGH = 100
"""Turns of the loop, more than a cohort waits."""


async def held(cohorts: Cohorts) -> bool:
    """Whether one more request waits, after which it has gone on."""
    turn = cohorts.join()
    if turn is None:
        return False
    await turn
    return True


async def turns(count: int) -> None:
    """Let the loop turn so often."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_those_that_come_while_one_waits_go_on_with_it_in_their_order() -> None:
    async def main() -> None:
        cohorts, gone = Cohorts(), list[int]()

        async def one(number: int) -> None:
            assert await held(cohorts)
            gone.append(number)

        first = asyncio.ensure_future(one(1))
        await turns(2)
        others = [asyncio.ensure_future(one(number)) for number in (2, 3)]
        await turns(2)
        assert gone == []
        await first
        assert gone == [1, 2, 3]
        await asyncio.gather(*others)
        assert await held(cohorts)  # it was worth it

    run(main())


def test_ever_more_go_on_at_once_after_each_that_has_waited_in_vain() -> None:
    async def main() -> None:
        cohorts, passed = Cohorts(), list[int]()
        assert await held(cohorts)
        for _ in range(9):
            count = 0
            while not await held(cohorts):
                count += 1
            passed.append(count)
        assert passed == [4, 8, 16, 32, 64, 128, 256, 256, 256]

    run(main())


def test_one_whose_caller_has_gone_holds_up_nobody() -> None:
    async def main() -> None:
        cohorts = Cohorts()
        first, second = cohorts.join(), cohorts.join()
        assert first is not None
        assert second is not None
        first.cancel()
        await second
        assert await held(cohorts)

    run(main())


def test_long_turns_of_the_loop_are_not_waited_for() -> None:
    async def main() -> None:
        cohorts = Cohorts()
        turn = cohorts.join()
        assert turn is not None
        time.sleep(0.01)  # noqa: ASYNC251 - that is a long turn
        await turns(3)
        assert turn.done()

    run(main())


def test_a_cohort_ends_when_nobody_else_comes() -> None:
    async def main() -> None:
        turn = Cohorts().join()
        assert turn is not None
        await turns(_ENOUGH)
        assert turn.done()

    run(main())


def test_of_many_requests_at_once_each_gets_its_own_answer() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            answers = await asyncio.gather(*(ask(running.grpc, letter(f"n{number}")) for number in range(40)))
            assert [answer.text for answer, _ in answers] == [f"N{number}" for number in range(40)]

    run(main())
