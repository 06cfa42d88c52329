"""What a service's process writes to its standard error, and the code that it ends with."""

import asyncio
import json
import socket
from contextlib import suppress
from pathlib import Path

import grpc
import grpc.aio
import pytest

from tests.runtime.service.certificates import Authority
from tests.runtime.service.processes import process
from tests.runtime.service.serving import OPERATORS, ask, letter, simple


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
