"""What a service is asked with, where a request was recorded."""

import asyncio
from pathlib import Path

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.cases import interface_of
from comb_compiler.cli.gate.targets import Answers, Service
from comb_compiler.cli.opening import open_clean
from comb_compiler.gates import Recorded
from tests.cli.test_gate import greeting

UNKNOWN = b"\x98\x06\x01"
"""A field that no interface here knows."""


def test_who_has_the_interface_that_a_request_came_by_is_asked_with_the_bytes_that_came(tmp_path: Path) -> None:
    clean = open_clean(str(greeting(tmp_path / "comb") / "comb.yaml"), Console(), "is asked")
    assert clean is not None
    plan, interface = clean.plan, interface_of(clean.plan)
    known = b"\x0a\x05\x0a\x03Ada"

    async def sent() -> list[bytes]:
        service = Service("candidate", "127.0.0.1:9", plan, Answers(plan))
        interfaces = (interface, interface._replace(type="greeting.v1.Other"), interface._replace(digest="0" * 64))
        requests = [Recorded(known + UNKNOWN, one, lambda: {"name": {"text": "Ada"}}) for one in interfaces]
        try:
            return [service.content(one) for one in requests]
        finally:
            await service.close()

    assert asyncio.run(sent()) == [known + UNKNOWN, known, known]
