"""The router: who gets the candidate, what is forced, what is counted, and what happens when the candidate is down."""

import asyncio
from collections import Counter
from itertools import pairwise, product
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet

from comb_compiler.release import BadWeights
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Answering, CannotRun, Engine, Limits, Probe
from comb_compiler.runtime.engine.arms import Arms
from comb_compiler.runtime.router import Router, status_of
from comb_compiler.runtime.router.exposure import ASSIGNED, FAILOVER, FORCED, KEYLESS
from comb_compiler.runtime.router.mismatch import chi_square_tail, mismatch
from tests.runtime.operators import Waits
from tests.runtime.post.post_pb2 import Note
from tests.runtime.router.releases import HELLO, hello, opened, opened_two, tried, with_arms, without_arms
from tests.runtime.waiting import run, until

TWO = {"control": 70, "rotate": 30}
PLAN = with_arms(TWO)


async def sent(router: Router, users: int, **more: Any) -> list[tuple[str, str]]:
    """Release and arm of each user."""
    found = []
    for number in range(users):
        finished = await router.run(HELLO, key=f"user-{number}", **more)
        assert finished.error is None
        found.append((finished.release or "stable", finished.arm))
    return found


async def refusal(router: Router, **more: Any) -> tuple[Code, str]:
    with pytest.raises(OperatorError) as caught:
        await router.run(HELLO, **more)
    return caught.value.code, caught.value.message


def test_a_router_is_what_answers() -> None:
    async def main() -> None:
        async with opened(PLAN) as router:
            answering: Answering = router
            finished = await answering.run(HELLO, key="u", request_id="r-1", within=5.0)
            assert finished.request_id == "r-1"
            assert finished.answer.text.lower() == "hello"
            assert answering.request_type is router.stable.request_type

    run(main())


def test_users_get_the_arm_that_the_hash_says() -> None:
    async def main() -> None:
        async with opened(PLAN) as router:
            arms = Arms("salt", TWO)
            assert [arm for _, arm in await sent(router, 300)] == [arms.of(f"user-{number}") for number in range(300)]

    run(main())


def test_a_key_in_the_request_is_read_and_one_that_is_given_goes_first() -> None:
    async def main() -> None:
        async with opened(with_arms(TWO, key="request.name")) as router:
            arms = Arms("salt", TWO)
            for number in range(50):
                finished = await router.run(hello(name=f"user-{number}"))
                assert finished.arm == arms.of(f"user-{number}")
                finished = await router.run(hello(name=f"user-{number}"), key=f"other-{number}")
                assert finished.arm == arms.of(f"other-{number}")
            assert {how for _, _, how in router.exposure.requests} == {ASSIGNED}

    run(main())


def test_a_key_that_no_request_can_have_is_refused_at_the_start() -> None:
    async def main() -> None:
        async with Engine(with_arms(TWO, key="request.nobody")) as engine:
            with pytest.raises(CannotRun, match="has no field `nobody`"):
                await Router(engine).start()

    run(main())


def test_requests_without_a_key_are_spread_by_weight_and_counted_apart() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            router.take(tried(20))
            for key in ("", " ", "\t") * 1000:
                await router.run(HELLO, key=key)
            counts = Counter({(release, arm): n for (release, arm, _), n in router.exposure.requests.items()})
            assert {how for _, _, how in router.exposure.requests} == {KEYLESS}
            chance = mismatch([counts["stable", "control"], counts["stable", "rotate"]], [70, 30])
            assert chance is not None
            assert chance > 1e-6  # not repeatable
            candidate = counts["b7", "control"] + counts["b7", "rotate"]
            assert 480 < candidate < 720
            assert router.exposure.users() == {}

    run(main())


def test_without_an_experiment_there_are_no_arms_and_each_request_is_drawn() -> None:
    async def main() -> None:
        async with opened_two(without_arms(), without_arms("shout")) as (router, _):
            router.take(tried(50))
            answers = Counter([(await router.run(HELLO)).answer.text for _ in range(400)])
            assert 140 < answers["HELLO"] < 260
            assert status_of(router)["arms"] == {}
            assert status_of(router)["mismatch"]["arms"] is None

    run(main())


# --- the candidate ---


def test_growing_steps_only_move_users_towards_the_candidate() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            steps = []
            for step in (0, 1, 10, 50, 99.5, 100):
                router.take(tried(step))
                steps.append([release == "b7" for release, _ in await sent(router, 2000)])
                share = sum(steps[-1]) / 2000
                assert abs(share - step / 100) < 0.05
            assert not any(steps[0])
            assert all(steps[-1])
            for before, after in pairwise(steps):
                assert all(now for was, now in zip(before, after, strict=True) if was)
            router.take(tried(10))
            assert [release == "b7" for release, _ in await sent(router, 2000)] == steps[2]

    run(main())


def test_the_candidates_share_is_exact_over_many_rollouts() -> None:
    chances = []

    async def main() -> None:
        for number, share in product(range(6), (1, 10, 50)):
            plan = PLAN._replace(comb=f"comb-{number}")
            async with opened_two(plan, plan) as (router, _):
                router.take(tried(share))
                there = Counter(release for release, _ in await sent(router, 1500))
                chances.append(mismatch([there["b7"], there["stable"]], [share, 100 - share]))

    run(main())
    assert min(chance for chance in chances if chance is not None) > 0.001 / len(chances)


def test_users_keep_their_arm_in_the_candidate() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            before = [arm for _, arm in await sent(router, 500)]
            router.take(tried(50, arms={"control": 70, "rotate": 30}))
            assert [arm for _, arm in await sent(router, 500)] == before

    run(main())


def test_an_arm_that_the_candidate_has_not_is_replaced_by_its_own_choice_and_others_stay() -> None:
    async def main() -> None:
        async with opened_two(PLAN, with_arms({"control": 1, "tilt": 1})) as (router, _):
            before = [arm for _, arm in await sent(router, 300)]
            router.take(tried(100))
            after = [arm for _, arm in await sent(router, 300)]
            assert all(new == "control" for old, new in zip(before, after, strict=True) if old == "control")
            assert {new for old, new in zip(before, after, strict=True) if old == "rotate"} == {"control", "tilt"}

    run(main())


def test_another_experiment_in_the_candidate_chooses_by_itself() -> None:
    other = with_arms(TWO, salt="again")

    async def main() -> None:
        async with opened_two(PLAN, other) as (router, _):
            router.take(tried(100))
            arms = Arms("again", TWO)
            assert [arm for _, arm in await sent(router, 200)] == [arms.of(f"user-{number}") for number in range(200)]

    run(main())


def test_rollout_and_experiment_are_independent_and_so_are_two_rollouts() -> None:
    async def main() -> None:
        places = []
        for name in ("b7", "b8"):
            async with Engine(PLAN) as one, Engine(PLAN, release=name) as two, Router(one, two) as router:
                router.take(tried(30))
                places.append(await sent(router, 4000))
        first = Counter(places[0])
        rollouts = Counter((a != "stable", b != "stable") for (a, _), (b, _) in zip(*places, strict=True))
        for table in (first, rollouts):
            assert independent(table) > 0.001 / 2

    run(main())


def independent(table: Counter[Any]) -> float:
    """The p-value of chi-square's test of a 2 × 2 table."""
    rows, columns = sorted({row for row, _ in table}), sorted({column for _, column in table})
    assert (len(rows), len(columns)) == (2, 2)
    by_row = {row: sum(table[row, column] for column in columns) for row in rows}
    by_column = {column: sum(table[row, column] for row in rows) for column in columns}
    expected = {(r, c): by_row[r] * by_column[c] / table.total() for r, c in product(rows, columns)}
    return chi_square_tail(sum((table[place] - want) ** 2 / want for place, want in expected.items()), 1)


def test_a_candidate_that_takes_nothing_is_replaced_by_the_stable_release_and_counted() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, candidate):
            router.take(tried(100))
            before = await sent(router, 50)
            await candidate.drain(0.0)
            after = await sent(router, 50)
            assert {release for release, _ in after} == {"stable"}
            assert [arm for _, arm in after] == [arm for _, arm in before]
            assert (router.failovers, router.refused) == (50, {"b7": 50})
            hows = Counter[str]()
            for (_, _, how), count in router.exposure.requests.items():
                hows[how] += count
            assert hows == {ASSIGNED: 50, FAILOVER: 50}
            assert sum(router.exposure.users().values()) == 50

    run(main())


def test_what_fails_in_the_candidate_is_not_asked_again() -> None:
    async def main() -> None:
        async with opened_two(PLAN, without_arms("refuses")) as (router, _):
            router.take(tried(100))
            finished = await router.run(HELLO, key="u")
            assert finished.error is not None
            assert finished.error.code == Code.INVALID_ARGUMENT
            assert router.failovers == 0
            assert router.exposure.requests == {("b7", "", ASSIGNED): 1}

    run(main())


def test_a_candidate_that_is_full_says_so() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with opened_two(PLAN, without_arms("Waits"), requests=1) as (router, _):
            router.take(tried(100))
            first = asyncio.create_task(router.run(HELLO, key="u"))
            await until(lambda: Waits.calls)
            assert (await refusal(router, key="v"))[0] == Code.RESOURCE_EXHAUSTED
            assert router.refused == {"b7": 1}
            Waits.gate.set()
            assert (await first).error is None

    run(main())


def test_the_deadline_is_over_even_where_another_release_could_take_it() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, candidate):
            router.take(tried(100))
            await candidate.drain(0.0)
            code, _ = await refusal(router, key="u", within=0.0)
            assert code == Code.DEADLINE_EXCEEDED

    run(main())


def test_two_releases_of_one_name_cannot_be_told_apart() -> None:
    async def main() -> None:
        async with Engine(PLAN, release="b7") as one, Engine(PLAN, release="b7") as two:
            with pytest.raises(CannotRun, match="both releases have the name `b7`"):
                await Router(one, two).start()

    run(main())


# --- forced ---


def test_a_tester_gets_the_arm_and_the_release_that_are_asked_for_and_counts_for_nothing() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            router.take(tried(0))
            for arm, release in product(("control", "rotate"), ("stable", "candidate", "b7")):
                finished = await router.run(HELLO, key="u", arm=arm, release=release)
                assert finished.answer.text == ("HELLO" if arm == "rotate" else "hello")
                assert finished.release == ("" if release == "stable" else "b7")
            assert {how for _, _, how in router.exposure.requests} == {FORCED}
            assert router.exposure.requests["b7", "rotate", FORCED] == 2
            assert router.exposure.users() == {}
            assert status_of(router)["users"] == []

    run(main())


def test_a_forced_release_keeps_the_users_arm() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            assert [arm for _, arm in await sent(router, 100, release="candidate")] == [
                arm for _, arm in await sent(router, 100)
            ]

    run(main())


def test_what_is_forced_and_not_there_is_refused() -> None:
    async def main() -> None:
        async with opened(PLAN) as router:
            assert await refusal(router, arm="other") == (Code.INVALID_ARGUMENT, "there is no arm `other`")
            assert await refusal(router, release="candidate") == (
                Code.INVALID_ARGUMENT, "there is no release `candidate`",
            )  # fmt: skip
            assert router.exposure.requests == {}

    run(main())


def test_a_forced_release_that_is_down_is_not_replaced() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, candidate):
            await candidate.drain(0.0)
            assert (await refusal(router, release="candidate"))[0] == Code.UNAVAILABLE
            assert router.failovers == 0

    run(main())


def test_a_probe_is_no_exposure() -> None:
    async def main() -> None:
        async with opened(PLAN) as router:
            await router.run(HELLO, key="u", request_id=Probe("golden/one"))
            assert router.exposure.requests == {}

    run(main())


# --- what is refused, and what it changes ---


def test_a_request_that_is_not_taken_on_exposes_nobody() -> None:
    async def main() -> None:
        async with opened(PLAN) as router:
            with pytest.raises(OperatorError, match="a request is a"):
                await router.run(Note(text="x"), key="u")
            assert router.exposure.requests == {}
            assert router.refused == {"stable": 1}

    run(main())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (tried(5, "127.0.0.1:1", "b8"), "`candidate.address` must be left out, since a second release runs"),
        (tried(5, "", "b8"), "`candidate.release` is `b8`, and `b7` runs in this process"),
    ],
)
def test_weights_for_a_candidate_that_is_not_this_one_are_refused(content: bytes, sentence: str) -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            router.take(tried(7, "", "b7"))
            with pytest.raises(BadWeights, match=sentence):
                router.take(content)
            assert router.share == pytest.approx(0.07)

    run(main())


def test_a_process_that_is_the_candidate_sends_nothing_on() -> None:
    async def main() -> None:
        async with opened(PLAN, release="b7") as router:
            router.take(tried(100, "127.0.0.1:1", "b7", arms={"control": 1, "rotate": 1}))
            assert router.share == 0
            assert router.weights.arms == {"control": 1, "rotate": 1}
            assert {release for release, _ in await sent(router, 20)} == {"b7"}

    run(main())


def test_a_plan_whose_arms_have_no_weight_cannot_run() -> None:
    async def main() -> None:
        with pytest.raises(CannotRun, match="no arm has any weight"):
            await Engine(with_arms({"a": 0, "b": 0})).start()

    run(main())


# --- status ---


def test_the_status_shows_weights_users_and_whether_they_match() -> None:
    async def main() -> None:
        async with opened_two(PLAN, PLAN) as (router, _):
            router.take(tried(20, arms={"control": 1, "rotate": 1}))
            assert status_of(router)["mismatch"] == {"arms": None, "releases": None}
            await sent(router, 1000)
            await sent(router, 1000)
            status = status_of(router)
            assert status["release"] == "stable"
            assert status["candidate"] == {"weight": 20}
            assert status["arms"] == {"control": 1, "rotate": 1}
            assert sum(one["users"] for one in status["users"]) == 1000
            assert sum(one["requests"] for one in status["requests"]) == 2000
            assert min(status["mismatch"].values()) > 0.001

    run(main())


def test_an_arm_that_loses_users_is_a_mismatch_in_the_status() -> None:
    plan = with_arms({"control": 1, "rotate": 1, "hangs": 1})

    async def main() -> None:
        async with Engine(plan, limits=Limits(requests=1)) as engine, Router(engine) as router:
            for number in range(600):
                if router.stable.arms[2] == Arms("salt", router.weights.arms or {}).of(f"user-{number}"):
                    with pytest.raises(TimeoutError):  # the user goes away
                        async with asyncio.timeout(0):
                            await router.run(HELLO, key=f"user-{number}")
                    continue
                await router.run(HELLO, key=f"user-{number}")
            assert status_of(router)["mismatch"]["arms"] < 1e-9

    run(main())


def test_other_weights_begin_the_count_of_users_anew_and_the_same_ones_do_not() -> None:
    async def main() -> None:
        async with opened(PLAN) as router:
            await sent(router, 30)
            router.take(b"{}")
            assert sum(router.exposure.users().values()) == 30
            router.take(b'{"arms": {"control": 1, "rotate": 9}}')
            assert router.exposure.users() == {}
            assert sum(router.exposure.requests.values()) == 30

    run(main())


def test_a_request_that_was_under_way_when_weights_changed_is_no_user_of_the_new_ones() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with opened(with_arms({"a": 0, "b": 0, "c": 0, "waits": 1})) as router:
            call = asyncio.create_task(router.run(HELLO, key="u"))
            await until(lambda: Waits.calls)
            router.take(b'{"arms": {"a": 1, "b": 0, "c": 0, "waits": 0}}')
            Waits.gate.set()
            assert (await call).arm == "waits"
            await router.run(HELLO, key="u")
            assert router.exposure.users() == {("stable", "a"): 1}
            assert sum(router.exposure.requests.values()) == 2

    run(main())


def test_a_candidate_whose_proto_has_grown_answers_too() -> None:
    files = FileDescriptorSet.FromString(PLAN.descriptors)
    request = next(message for message in files.file[0].message_type if message.name == "Request")
    request.field.add(name="more", number=99, type=FieldDescriptorProto.TYPE_STRING, label=1)
    grown = with_arms(TWO)._replace(descriptors=files.SerializeToString())

    async def main() -> None:
        async with opened_two(PLAN, grown) as (router, candidate):
            assert candidate.request_type is not router.request_type
            router.take(tried(100))
            finished = await router.run(HELLO, key="u", arm="rotate")
            assert finished.answer.text == "HELLO"
            assert type(finished.answer) is candidate.messages["post.v1.Letter"]

    run(main())
