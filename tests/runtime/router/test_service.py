"""A tester asks a service for an arm and a release, by headers: where the service lets callers do that."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest

from comb_compiler.runtime.router import Router
from comb_compiler.runtime.router.exposure import ASSIGNED, FORCED
from comb_compiler.runtime.service import Served, Service, Settings
from comb_compiler.runtime.service.assembly import Source, answering
from tests.runtime.router.releases import HELLO, opened_two, tried, with_arms
from tests.runtime.service.serving import ask, exchange
from tests.runtime.waiting import run

PLAN = with_arms({"control": 1, "rotate": 1})


@asynccontextmanager
async def served(*, forced_arms: bool) -> AsyncIterator[tuple[Router, str]]:
    """A service whose router has a candidate, `b7`, that half of the users get; and its address."""
    settings = Settings(grpc_port=0, http_port=0, settle=0.0, drain=5.0, forced_arms=forced_arms)
    async with opened_two(PLAN, PLAN) as (router, _), Service(settings) as service:
        router.take(tried(50))
        service.show(Served(PLAN, router))
        yield router, service.addresses.grpc


def test_a_tester_gets_the_arm_and_the_release_and_is_told_them() -> None:
    async def main() -> None:
        async with served(forced_arms=True) as (router, address):
            for arm, text in (("control", "hello"), ("rotate", "HELLO")):
                answer, told = await ask(address, HELLO, comb_arm=arm, comb_release="candidate", x_user_id="u")
                assert (answer.text, told["comb-arm"], told["comb-release"]) == (text, arm, "b7")
            assert {how for _, _, how in router.exposure.requests} == {FORCED}
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ask(address, HELLO, comb_release="b9")
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert caught.value.details() == "there is no release `b9`"

    run(main())


def test_others_may_choose_neither() -> None:
    async def main() -> None:
        async with served(forced_arms=False) as (router, address):
            for name, what in (("comb-arm", "arm"), ("comb-release", "release")):
                said = {name: "candidate"}
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await ask(address, HELLO, within=20.0, **said)
                assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
                assert f"choose the {what}" in (caught.value.details() or "")
            assert router.exposure.requests == {}

    run(main())


def test_what_a_router_counts_is_in_the_metrics_and_in_the_status(tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_bytes(b'{"arms": {"control": 3, "rotate": 1}}')
    settings = Settings(grpc_port=0, http_port=0, settle=0.0, drain=5.0, release="a1")

    async def main() -> None:
        source = Source(PLAN, locate=lambda model: Path(model.artifact), weights=weights)
        async with Service(settings) as service, answering(source, settings) as what:
            service.show(what)
            for number in range(40):
                await ask(service.addresses.grpc, HELLO, x_user_id=f"user-{number}")
            weights.write_bytes(b'{"arms": {"control": 3}}')
            port = int(service.addresses.http.rpartition(":")[2])
            page = ""
            while "comb_weights_refused 1.0\n" not in page:
                await asyncio.sleep(0.1)
                page = (await exchange(port, "/metrics")).content.decode()
            counts = re.findall(r'\ncomb_exposures_total\{arm="\w+",how="assigned",release="a1"\} (\d+)\.0(?=\n)', page)
            assert sum(map(int, counts)) == 40
            assert page.count("# TYPE comb_exposures_total counter") == 1
            assert 'comb_arm_weight{arm="control"} 3.0\n' in page
            status = (await exchange(port, "/v1/status")).json["router"]
            assert status["arms"] == {"control": 3, "rotate": 1}
            assert status["weights"]["refused"] == "`arms` says nothing of `rotate`"
            assert sum(one["users"] for one in status["users"]) == 40

    run(main())


def test_a_user_known_by_a_header_stays_in_a_release_and_an_arm() -> None:
    async def main() -> None:
        async with served(forced_arms=False) as (router, address):
            for number in range(20):
                user = f"user-{number}"
                first, second = [await ask(address, HELLO, x_user_id=user, x_request_id="") for _ in range(2)]
                assert first[1]["comb-arm"]
                assert [first[1].get(name) for name in ("comb-arm", "comb-release")] == [
                    second[1].get(name) for name in ("comb-arm", "comb-release")
                ]
            assert {how for _, _, how in router.exposure.requests} == {ASSIGNED}
            assert sum(router.exposure.users().values()) == 20

    run(main())
