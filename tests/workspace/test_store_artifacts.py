"""Artifacts in stores that fsspec opens: a server that speaks S3, memory, drivers that are missing or that fail."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]
from fsspec.registry import _registry  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.spec.pins import Digest
from comb_compiler.workspace.artifacts import digest_artifact
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from tests.workspace.trees import code_of

NOWHERE = Checkout("/nonexistent")
CONTENT = bytes(range(256)) * 80_001  # 20 MB: several of the pieces in which a store is read


def fetch(uri: str, patience: float = 20.0) -> Digest | Unavailable:
    return digest_artifact(NOWHERE, "comb.yaml", uri, patience=patience)


def failure(uri: str, patience: float = 20.0) -> str:
    with pytest.raises(OutsideFailure) as caught:
        fetch(uri, patience)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    return str(caught.value)


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """A server that speaks S3."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of it; where it is and who we are stands in the environment, as it would in CI."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    client.create_bucket(Bucket="models")
    return client


@pytest.mark.slow
def test_a_model_in_s3_is_read(s3: Any) -> None:
    s3.put_object(Bucket="models", Key="text/angle 1.4.0.onnx", Body=CONTENT)
    s3.put_object(Bucket="models", Key="empty", Body=b"")
    assert fetch("s3://models/text/angle 1.4.0.onnx") == Digest(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert fetch("s3://models/empty") == Digest(hashlib.sha256(b"").hexdigest(), 0)


@pytest.mark.slow
def test_a_model_that_changes_in_s3_is_seen(s3: Any) -> None:
    for content in (b"one", b"other"):
        s3.put_object(Bucket="models", Key="m.onnx", Body=content)
        assert fetch("s3://models/m.onnx") == Digest(hashlib.sha256(content).hexdigest(), len(content))
    s3.delete_object(Bucket="models", Key="m.onnx")
    assert code_of(fetch("s3://models/m.onnx")) is codes.UNREACHABLE_ARTIFACT


@pytest.mark.slow
@pytest.mark.parametrize(
    "uri", ["s3://models/absent.onnx", "s3://no-such-bucket/m.onnx", "s3://models", "s3://models/"]
)
def test_what_is_not_in_s3_is_said(s3: Any, uri: str) -> None:
    found = fetch(uri)
    assert code_of(found) is codes.UNREACHABLE_ARTIFACT
    assert isinstance(found, Unavailable)
    assert uri in found.message


@pytest.mark.slow
def test_s3_without_credentials_or_out_of_reach(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert failure("s3://models/m.onnx") == "the server of `s3://models/m.onnx` cannot be reached"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    assert failure("s3://models/m.onnx") == "access to `s3://models/m.onnx` was denied"


def test_a_file_in_memory_is_read() -> None:
    system = MemoryFileSystem()
    system.pipe_file("/models/m.onnx", CONTENT)
    try:
        assert fetch("memory://models/m.onnx") == Digest(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
        assert code_of(fetch("memory://models/gone.onnx")) is codes.UNREACHABLE_ARTIFACT
        assert code_of(fetch("memory://models")) is codes.UNREACHABLE_ARTIFACT
    finally:
        system.rm_file("/models/m.onnx")


@pytest.mark.parametrize(
    ("uri", "module", "package"),
    [
        ("s3://models/m.onnx", "s3fs", "s3fs"),
        ("gs://models/m.onnx", "gcsfs", "gcsfs"),
        ("oss://models/m.onnx", "ossfs", "ossfs"),
        ("hf://acme/models/m.onnx", "huggingface_hub", "huggingface-hub"),
        ("abfs://models@account/m.onnx", "adlfs", "adlfs"),
        ("https://models.example/m.onnx", "fsspec.implementations.http", "aiohttp"),
        ("sftp://models.example/m.onnx", "paramiko", "paramiko"),
        ("memory://m.onnx", "fsspec", "comb-compiler[artifacts]"),
    ],
)
def test_a_driver_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, uri: str, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(_registry, uri.partition(":")[0], raising=False)  # or an earlier test has loaded it
    found = fetch(uri)
    assert code_of(found) is codes.UNREACHABLE_ARTIFACT
    assert isinstance(found, Unavailable)
    assert found.hint == f"pip install '{package}'"


def test_a_protocol_that_nobody_knows() -> None:
    found = fetch("gopher://models/m.onnx")
    assert isinstance(found, Unavailable)
    assert found.message == "nothing here opens `gopher://`"


class _Odd(MemoryFileSystem):  # type: ignore[misc]
    """A driver that somebody wrote: `behave` is what opening does."""

    protocol = "odd"
    cachable = False
    behave: Callable[[], Any]

    def _open(self, path: str, mode: str = "rb", **more: object) -> Any:
        return type(self).behave()


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> type[_Odd]:
    """A driver for `odd://`."""
    monkeypatch.setitem(_registry, "odd", _Odd)
    return _Odd


class _Sized(io.BytesIO):
    size = 10


def raising(problem: Exception) -> Callable[[], Any]:
    def behave() -> Any:
        raise problem

    return behave


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (PermissionError("hunter2"), "access to `odd://m` was denied"),
        (ConnectionResetError("hunter2"), "the server of `odd://m` cannot be reached"),
        (TimeoutError("hunter2"), "`odd://m` did not answer within 20 s"),
        (OSError("https://ci:hunter2@models.example"), "reading `odd://m` failed (OSError)"),
        (RuntimeError("hunter2"), "reading `odd://m` failed (RuntimeError)"),
    ],
)
def test_what_a_driver_says_is_not_repeated(odd: type[_Odd], problem: Exception, said: str) -> None:
    odd.behave = staticmethod(raising(problem))
    assert failure("odd://m") == said


@pytest.mark.parametrize(
    "problem", [FileNotFoundError(), IsADirectoryError(), ValueError(), ModuleNotFoundError(name="x")]
)
def test_what_the_address_is_to_blame_for_is_no_failure(odd: type[_Odd], problem: Exception) -> None:
    odd.behave = staticmethod(raising(problem))
    assert code_of(fetch("odd://m")) is codes.UNREACHABLE_ARTIFACT


@pytest.mark.parametrize("content", [b"", b"123456789", b"12345678901"])
def test_a_file_of_another_size_than_was_said_is_no_artifact(odd: type[_Odd], content: bytes) -> None:
    odd.behave = staticmethod(lambda: _Sized(content))
    assert failure("odd://m") == f"`odd://m` ended after {len(content)} of 10 bytes"


def test_a_driver_that_never_returns_is_not_waited_for(odd: type[_Odd]) -> None:
    release = threading.Event()

    class Stuck(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            release.wait(600)
            return b""

        def close(self) -> None:
            release.wait(600)
            super().close()

    try:
        odd.behave = staticmethod(Stuck)
        assert failure("odd://m", patience=0.2) == "`odd://m` did not answer within 0.2 s"
        odd.behave = staticmethod(lambda: release.wait(600))
        assert failure("odd://m", patience=0.2) == "`odd://m` did not answer within 0.2 s"
    finally:
        release.set()


def test_a_driver_for_local_files_is_refused_by_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_registry, "mine", type("Mine", (LocalFileSystem,), {"protocol": "mine"}))
    assert code_of(fetch("mine:///etc/passwd")) is codes.REFUSED_ARTIFACT


def test_files_of_this_machine_need_no_fsspec() -> None:
    script = "import sys; from comb_compiler.workspace import artifacts, lock; print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
