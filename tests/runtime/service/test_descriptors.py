"""Descriptors: as many as connections may need, and fewer connections where the system allows fewer."""

import asyncio
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.service.processes import process
from tests.runtime.service.serving import METHOD, ask, exchange, letter, simple


def said(soft: int, hard: int, connections: int) -> tuple[str, str]:
    """What a process with these limits comes to: its connections and its descriptors, and its log."""
    code = (
        f"import logging, resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
        "logging.basicConfig(format='%(message)s');"
        "from comb_compiler.runtime.service import Settings;"
        "from comb_compiler.runtime.service.descriptors import with_room;"
        f"made = with_room(Settings(connections={connections}));"
        "print(made.connections, *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "found"),
    [
        (256, 8000, 1024, "1024 4608 8000"),
        (5000, 8000, 1024, "1024 5000 8000"),
        (256, 1024, 1024, "128 1024 1024"),
        (256, 256, 1024, "32 256 256"),
    ],
)
def test_connections_have_descriptors_as_far_as_the_system_allows(
    soft: int, hard: int, connections: int, found: str
) -> None:
    told, log = said(soft, hard, connections)
    assert told == found
    assert log == (
        ""
        if hard == 8000
        else f"the system allows {hard} descriptors, enough for {found.split()[0]} connections each way"
    )


@pytest.mark.slow
def test_more_connections_than_descriptors_were_allowed_keep_nobody_out(tmp_path: Path) -> None:
    """600 that say nothing, to a process that begins with 256 descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        running = process(simple(), tmp_path, "--settle", "0")
        with running as service:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

            async def main() -> None:
                rpc = int(service.grpc.rpartition(":")[2])
                ports = (service.http, rpc) * 300
                silent = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
                assert (await ask(service.grpc, letter("b"), within=120.0))[0].text == "B"
                assert (await exchange(service.http, METHOD, {"letter": {"text": "c"}})).json["text"] == "C"
                for _, writer in silent:
                    writer.close()

            asyncio.run(main())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
