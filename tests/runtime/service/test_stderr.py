"""What a service's process writes to its standard error, and the code that it ends with."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import grpc
import grpc.aio
import pytest

from comb_compiler.release import plan_bytes
from comb_compiler.runtime.telemetry.logs import line_of_dropped
from comb_compiler.runtime.telemetry.outlet import Outlet
from tests.architecture.imports import ROOT
from tests.runtime.service.certificates import Authority
from tests.runtime.service.processes import process
from tests.runtime.service.serving import OPERATORS, ask, exchange, letter, simple


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01garbage", b"GET / HTTP/1.1\r\n\r\n"])
def test_every_line_is_of_the_log_whatever_comes_to_the_grpc_port(tmp_path: Path, garbage: bytes) -> None:
    certificate, key = Authority().issue(tmp_path)
    own = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with process(simple(), tmp_path, "--log-format", "json", "--settle", "0", "--connection-age", "0", *own) as running:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", int(running.grpc.rpartition(":")[2])), 5) as client:
                client.sendall(garbage)
                client.settimeout(5)
                with suppress(OSError):
                    while client.recv(4096):
                        pass
        running.tell()
        assert running.ended() == 0
    assert [json.loads(line)["logger"] for line in running.said if line]


@pytest.mark.slow
def test_a_call_that_hangs_in_native_code_does_not_cost_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.examples.moderation import locate, patient_plan

    model = next(locate(one.model) for one in patient_plan().bindings if one.model and "detection" in one.model.name)
    monkeypatch.setenv("HANGING_MODEL", str(model))
    settings = ("--settle", "0", "--connection-age", "0")
    with process(simple(f"{OPERATORS}:hangs"), tmp_path, *settings) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            asyncio.run(ask(running.grpc, letter(), within=2.0))
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        running.tell()
        assert running.ended() == 0
    assert not [line for line in running.said if "terminate" in line]


@pytest.mark.parametrize("operator", ["floods_in_loop", "floods_in_process"])
def test_who_prints_holds_up_nobody_though_nobody_reads_it(tmp_path: Path, operator: str) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(plan_bytes(simple(f"{OPERATORS}:{operator}")))
    command = [sys.executable, "-m", "comb_compiler.runtime.service", str(file), "--grpc-port", "0", "--http-port", "0"]
    own = ["--log-format", "json", "--settle", "0", "--connection-age", "0"]
    with subprocess.Popen([*command, *own], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            assert running.stderr is not None
            line = running.stderr.readline().decode()
            found = re.search(r"gRPC on ([\w.:]+), HTTP on [\w.]+:(\d+)", line)
            assert found is not None, line
            address, http = found[1], int(found[2])

            async def main() -> bytes:
                flood = asyncio.ensure_future(ask(address, letter("flood", number=200)))
                assert (await ask(address, letter("b")))[0].text == "b"
                assert (await flood)[0].text == "flood"
                assert (await ask(address, letter("c"), within=120.0))[0].text == "c"
                return (await exchange(http, "/metrics")).content

            dropped = re.search(rb"^comb_log_lines_dropped_total (\S+)", asyncio.run(main()), re.MULTILINE)
            assert dropped is not None
            assert float(dropped[1]) > 100
            running.terminate()
            assert running.wait(240) == 0
        finally:
            running.kill()


def test_what_is_dropped_is_whole_lines_and_is_told_once() -> None:
    source, sink = os.pipe()
    outlet = Outlet(sink, line_of_dropped("json"))
    lines = [f"{number:06} {'x' * 993}\n".encode() for number in range(20_000)]
    for line in lines:
        os.write(sink, line)  # which would wait for ever, were it the pipe itself
    received = b""
    while len(received) < 1_000_000:
        received += os.read(source, 65536)
    # There is room again only when half of what waits has been read.
    while b"were dropped" not in received:
        os.write(sink, b"after\n")
        received += os.read(source, 65536)
    os.write(sink, b"the end\n")
    os.set_blocking(source, False)
    outlet.close(0.0)
    os.close(sink)
    while not received.endswith(b"the end\n"):
        with suppress(BlockingIOError):
            received += os.read(source, 65536)
    os.close(source)
    said = received.splitlines(keepends=True)
    told = [json.loads(line)["message"] for line in said if line.startswith(b"{")]
    known = set(lines)
    kept = [line for line in said if line in known]
    assert len(told) == 1
    assert told[0].startswith(f"{outlet.dropped} lines of this log were dropped")
    assert kept == sorted(kept)
    assert {line for line in said if not line.startswith(b"{")} <= {*known, b"after\n", b"the end\n"}
    assert len(kept) + outlet.dropped >= len(lines)
