"""Artifacts over HTTP: the bytes, or one sentence that blames the right side and tells no secret."""

import hashlib
import socket
import time
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.spec.pins import Digest
from comb_compiler.workspace.artifacts import digest_artifact, open_artifact
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from tests.workspace.trees import code_of
from tests.workspace.web_server import CONTENT, serving

NOWHERE = Checkout("/nonexistent")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A server; `url`, and `asked`, the paths that it was asked for."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as (url, asked):
        yield SimpleNamespace(url=url, asked=asked)


def fetch(url: str, patience: float = 120.0) -> Digest | Unavailable:
    return digest_artifact(NOWHERE, "comb.yaml", url, patience=patience)


def failure(url: str, patience: float = 120.0) -> str:
    """What is said of a failure outside; no secret, and no address but its own, is in it."""
    with pytest.raises(OutsideFailure) as caught:
        fetch(url, patience)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__
    return str(caught.value)


@pytest.mark.parametrize("path", ["ok", "unsized", "redirect//redirect//ok"])
def test_the_bytes_are_read_with_one_request(server: SimpleNamespace, path: str) -> None:
    assert fetch(f"{server.url}/{path}") == Digest(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert server.asked[-1].startswith("/ok" if "ok" in path else "/unsized")
    assert len(server.asked) == path.count("redirect") + 1


def test_sizes_are_known_where_the_server_says_them(server: SimpleNamespace) -> None:
    for path, size in (("ok", len(CONTENT)), ("unsized", None), ("empty", 0)):
        stream = open_artifact(NOWHERE, "comb.yaml", f"{server.url}/{path}")
        assert not isinstance(stream, Unavailable)
        with stream:
            assert stream.size == size
            assert all(0 < len(piece) <= 1 << 20 for piece in stream)


def test_memory_is_bounded(server: SimpleNamespace) -> None:
    fetch(f"{server.url}/empty")  # imports
    tracemalloc.start()
    fetch(f"{server.url}/ok")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 << 20


@pytest.mark.parametrize("path", ["status/404", "status/410", "redirect//status/404"])
def test_a_file_that_is_not_there(server: SimpleNamespace, path: str) -> None:
    found = fetch(f"{server.url}/{path}")
    assert code_of(found) is codes.UNREACHABLE_ARTIFACT
    assert isinstance(found, Unavailable)
    assert found.message == f"there is no file at `{server.url}/{path}`"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "python://json/x", "data:,x"])
def test_redirects_lead_to_the_web_only(server: SimpleNamespace, target: str) -> None:
    found = fetch(f"{server.url}/redirect/{target}")
    assert code_of(found) is codes.UNREACHABLE_ARTIFACT


@pytest.mark.parametrize("status", [204, 206, 304, 400, 418, 429, 500, 503])
def test_an_answer_that_is_no_file_is_the_servers_failure(server: SimpleNamespace, status: int) -> None:
    url = f"{server.url}/status/{status}"
    assert failure(url) == f"the server of `{url}` answered with status {status}"


@pytest.mark.parametrize("status", [401, 403])
def test_access_that_is_denied(server: SimpleNamespace, status: int) -> None:
    url = f"{server.url}/status/{status}"
    assert failure(url) == f"access to `{url}` was denied"


@pytest.mark.parametrize("length", [0, 1, 1 << 20, len(CONTENT) - 1])
def test_a_body_that_ends_early_is_no_artifact(server: SimpleNamespace, length: int) -> None:
    assert (
        failure(f"{server.url}/truncated/{length}")
        == f"reading `{server.url}/truncated/{length}` failed (ClientPayloadError)"
    )


def test_a_server_that_closes_or_is_not_there(server: SimpleNamespace) -> None:
    assert failure(f"{server.url}/closed") == f"the server of `{server.url}/closed` cannot be reached"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        assert failure(url) == f"the server of `{url}` cannot be reached"


def test_redirects_without_end(server: SimpleNamespace) -> None:
    assert code_of(fetch(f"{server.url}{'/redirect/' * 14}/ok")) is codes.UNREACHABLE_ARTIFACT


@pytest.mark.parametrize("path", ["mute/120", "drip", "hang/120"])
def test_a_server_that_is_too_slow_is_not_waited_for(server: SimpleNamespace, path: str) -> None:
    began = time.monotonic()
    assert failure(f"{server.url}/{path}", patience=0.4) == f"`{server.url}/{path}` did not answer within 0.4 s"
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "target", ["/status/500", "/status/403", "/truncated/5", "/mute/3", "/closed", "http://127.0.0.1:1/"]
)
def test_where_a_redirect_leads_is_not_told(server: SimpleNamespace, target: str) -> None:
    """A store redirects to an address with a signature, which is as good as a password for a while."""
    assert f"`{server.url}/signed/" in failure(f"{server.url}/signed/{target}", patience=0.5)
    assert server.asked[0].startswith("/signed/")


def test_the_way_from_https_does_not_lead_over_http() -> None:
    from comb_compiler.workspace._web import DowngradedError, check

    def answer(*schemes: str) -> SimpleNamespace:
        steps = [SimpleNamespace(url=SimpleNamespace(scheme=scheme)) for scheme in schemes]
        return SimpleNamespace(status=200, history=steps[:-1], url=steps[-1].url)

    check("https://a/x", answer("https"))
    check("https://a/x", answer("https", "https"))
    check("http://a/x", answer("http", "https"))
    for schemes in (("http",), ("https", "http"), ("https", "http", "https")):
        with pytest.raises(DowngradedError):
            check("https://a/x", answer(*schemes))
