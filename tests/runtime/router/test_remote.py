"""A candidate that another process answers for, over its own gRPC method: real processes, killed and started again."""

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import monotonic

import grpc
import pytest

from comb_compiler.release import BadWeights
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Finished
from comb_compiler.runtime.router import Router
from comb_compiler.runtime.router.exposure import FAILOVER
from comb_compiler.runtime.service import Served, Service, Settings
from tests.architecture.imports import ROOT
from tests.runtime.router.elsewhere import LINGERS, RELEASE, TWO, UNAVAILABLE, a_free_port, elsewhere
from tests.runtime.router.releases import HELLO, hello, opened, tried, with_arms, without_arms
from tests.runtime.service.certificates import Authority
from tests.runtime.waiting import run


async def asked(router: Router, key: str = "u", **more: object) -> Finished:
    return await router.run(HELLO, key=key, **more)  # type: ignore[arg-type]


async def connected(router: Router) -> None:
    """Wait until the candidate has answered once."""
    async with asyncio.timeout(120):
        while True:
            with suppress(OperatorError):
                await asked(router, release="candidate")
                return
            await asyncio.sleep(0.02)


def test_a_candidate_at_an_address_answers_its_share() -> None:
    async def main() -> None:
        async with elsewhere() as there, opened(without_arms(), release="a1") as router:
            router.take(tried(30, there.address, RELEASE))
            await connected(router)
            answers = Counter([(await asked(router, f"user-{number}")).answer.text for number in range(300)])
            assert 55 < answers["HELLO"] < 125
            finished = await asked(router, release=RELEASE, request_id="r-1", within=5.0)
            assert (finished.release, finished.request_id, finished.arm) == (RELEASE, "r-1", "")
            assert finished.began <= finished.ended
            assert list(finished.names) == []

    run(main())


@pytest.mark.parametrize("key", ["header/x-user-id", "request.name"])
def test_users_keep_their_arm_where_the_candidate_chooses_it(key: str) -> None:
    async def main() -> None:
        async with elsewhere(key=key) as there, opened(with_arms(TWO, key=key), release="a1") as router:
            users = [f"user-{number}" for number in range(100)]
            before = [(await router.run(hello(name=user), key=user)).arm for user in users]
            router.take(tried(100, there.address, RELEASE))
            await connected(router)
            after = [await router.run(hello(name=user), key=user) for user in users]
            assert {one.release for one in after} == {RELEASE}
            assert [one.arm for one in after] == before
            assert {one.answer.text for one in after if one.arm == "rotate"} == {"HELLO"}
            assert (await asked(router, arm="rotate", release="candidate")).answer.text == "HELLO"
            assert (await asked(router, "ключ")).arm in TWO

    run(main())


@pytest.mark.parametrize(("operator", "code"), [("refuses", Code.INVALID_ARGUMENT), ("raises", Code.INTERNAL)])
def test_what_fails_there_fails_with_its_code_and_is_not_asked_again(operator: str, code: Code) -> None:
    async def main() -> None:
        async with elsewhere(operator) as there, opened(without_arms(), release="a1") as router:
            router.take(tried(100, there.address, RELEASE))
            finished = await asked(router)
            assert finished.error is not None
            assert finished.error.code == code
            assert finished.answer is None
            assert router.failovers == 0

    run(main())


def test_a_candidate_that_says_it_takes_nothing_is_replaced() -> None:
    async def main() -> None:
        async with elsewhere() as there, opened(without_arms(), release="a1") as router:
            router.take(tried(100, there.address, RELEASE))
            await connected(router)
            await there.drain()
            assert (await asked(router)).release == "a1"
            assert (router.failovers, router.refused) == (1, {RELEASE: 1})
            with pytest.raises(OperatorError, match="it is not taking requests"):
                await asked(router, release="candidate")

    run(main())


def test_a_candidate_that_fails_with_that_code_on_the_way_is_not_asked_again() -> None:
    async def main() -> None:
        async with elsewhere(UNAVAILABLE) as there, opened(without_arms(), release="a1") as router:
            router.take(tried(100, there.address, RELEASE))
            await connected(router)
            finished = await asked(router)
            assert finished.error is not None
            assert finished.error.code == Code.UNAVAILABLE
            assert router.failovers == 0

    run(main())


def test_deadlines_and_cancellation_reach_the_candidate() -> None:
    async def main() -> None:
        async with elsewhere("hangs") as there, opened(without_arms(), release="a1") as router:
            router.take(tried(100, there.address, RELEASE))
            finished = await asked(router, within=0.5)
            assert finished.error is not None
            assert finished.error.code == Code.DEADLINE_EXCEEDED
            call = asyncio.create_task(asked(router))
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    run(main())


def test_a_candidate_that_is_killed_is_replaced_and_takes_part_again_when_it_is_back() -> None:
    port = a_free_port()

    async def main() -> None:
        async with opened(without_arms(), release="a1") as router:
            async with elsewhere(port=port) as there:
                router.take(tried(100, there.address, RELEASE))
                await connected(router)
                assert (await asked(router)).release == RELEASE
                load = [asyncio.create_task(asked(router, f"user-{number}")) for number in range(20)]
                await there.kill()
                for finished in await asyncio.gather(*load):  # sent and lost: nobody knows; the rest was not sent
                    assert finished.error is None or finished.error.code == Code.UNAVAILABLE
            finished = await asked(router)
            assert (finished.release, finished.answer.text) == ("a1", "hello")
            assert router.failovers >= 1
            took = []
            for number in range(100):
                began = monotonic()
                assert (await asked(router, f"user-{number}")).answer.text == "hello"
                took.append(monotonic() - began)
            assert median(took) < 0.2  # it is known to be away: nobody waits for it
            assert router.exposure.requests["a1", "", FAILOVER] >= 101
            async with elsewhere(port=port):
                await connected(router)
                assert (await asked(router)).release == RELEASE

    run(main())


def test_a_candidate_that_never_answers_the_telephone_costs_a_moment() -> None:
    """A port that is bound and takes connections, and says nothing: no HTTP/2, no error."""

    async def main() -> None:
        with socket.socket() as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            async with opened(without_arms(), release="a1") as router:
                router.take(tried(100, f"127.0.0.1:{mute.getsockname()[1]}", RELEASE))
                assert (await asked(router, within=0.1)).release == "a1"
                took = []
                for number in range(100):
                    began = monotonic()
                    assert (await asked(router, f"user-{number}")).release == "a1"
                    took.append(monotonic() - began)
                assert median(took) < 0.2

    run(main())


def test_when_the_address_changes_requests_under_way_end_where_they_began() -> None:
    async def main() -> None:
        async with (
            elsewhere(LINGERS) as first,
            elsewhere() as second,
            opened(without_arms(), release="a1") as router,
        ):
            router.take(tried(100, first.address, RELEASE))
            await connected(router)
            call = asyncio.create_task(asked(router))
            await asyncio.sleep(0.05)
            router.take(tried(100, second.address, RELEASE))
            assert (await asked(router)).answer.text == "HELLO"
            assert (await call).answer.text == "hello"

    run(main())


def test_the_same_address_keeps_its_connection_while_the_weight_grows() -> None:
    async def main() -> None:
        async with elsewhere() as there, opened(without_arms(), release="a1") as router:
            for weight in (1, 10, 50):
                router.take(tried(weight, there.address, RELEASE))
            before = router.share
            assert before == 0.5
            await connected(router)
            assert (await asked(router, release="candidate")).answer.text == "HELLO"

    run(main())


def test_a_candidate_that_speaks_tls_is_reached_by_who_trusts_it(tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority("stranger")
    certificate, key = authority.issue(tmp_path)
    settings = Settings(
        grpc_port=0, http_port=0, settle=0.0, drain=5.0, tls_certificate=str(certificate), tls_key=str(key)
    )

    async def main() -> None:
        plan = without_arms("shout")
        async with (
            Service(settings) as service,
            Engine(plan, release=RELEASE) as there,
            Engine(without_arms(), release="a1") as here,
        ):
            service.show(Served(plan, there))
            for trusted, release in ((authority, RELEASE), (stranger, "a1")):
                async with Router(here, credentials=grpc.ssl_channel_credentials(trusted.pem)) as router:
                    router.take(tried(100, service.addresses.grpc, RELEASE))
                    if trusted is authority:
                        await connected(router)
                    assert (await asked(router)).release == release

    run(main())


def test_a_process_without_a_name_and_one_without_an_address_are_refused() -> None:
    async def main() -> None:
        async with opened(without_arms()) as router:
            with pytest.raises(BadWeights, match="needs a process that knows the name of its own release"):
                router.take(tried(5, "127.0.0.1:1", RELEASE))
            with pytest.raises(BadWeights, match=r"`candidate\.address` must be there, since no second release runs"):
                router.take(tried(5))

    run(main())


def test_a_router_needs_no_grpc_as_long_as_nothing_is_elsewhere() -> None:
    code = "import sys; sys.modules['grpc'] = None; import comb_compiler.runtime.router"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
