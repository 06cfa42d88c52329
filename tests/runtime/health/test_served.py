"""Health as a service shows it: readiness, `/v1/status`, and `comb health` over the wire."""

import asyncio
import json
from http.client import HTTPConnection
from typing import Any

import pytest

from comb_compiler.cli.main import main as comb
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.health import Health
from comb_compiler.runtime.service import Served, Service, Settings
from tests.runtime.health.setting import QUICK, goldens, spoiled, two_arms
from tests.runtime.waiting import run, until


def get(port: int, path: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    response = connection.getresponse()
    content = response.status, json.loads(response.read())
    connection.close()
    return content


def test_a_service_is_ready_when_its_goldens_are_right_and_says_how_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        plan = two_arms()
        health = Health(plan, goldens(), QUICK)
        settings = Settings(grpc_port=0, http_port=0, settle=0.0, drain=5.0)
        async with Service(settings) as service, Engine(plan, observers=[health.observer]) as engine:
            service.show(Served(plan, engine, engine.meters, (health,), health.status))
            address = service.addresses.http
            port = int(address.rpartition(":")[2])
            status, answer = await asyncio.to_thread(get, port, "/readyz")
            assert (status, answer["reasons"]) == (503, ["golden samples have not been asked yet"])
            assert "health" not in (await asyncio.to_thread(get, port, "/v1/status"))[1]
            with spoiled(shout_louder="wrong"):
                health.start(engine)
                await until(lambda: health.report().arms[1].wrong)
                status, answer = await asyncio.to_thread(get, port, "/readyz")
                assert status == 503
                assert any(
                    "golden sample `abc` is answered wrongly in arm `new`" in reason for reason in answer["reasons"]
                )
                assert await asyncio.to_thread(comb, ["health", address]) == 1
                assert "unhealthy  new  shout" in capsys.readouterr().out
            await until(lambda: not health.reasons())
            await until(lambda: health.report().level.word == "healthy")
            assert await asyncio.to_thread(comb, ["health", address, "--format", "json"]) == 0
            assert json.loads(capsys.readouterr().out)["level"] == "healthy"
            assert (await asyncio.to_thread(get, port, "/readyz"))[0] == 200
            await health.close()

    run(main())
