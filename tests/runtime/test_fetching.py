"""Models that pods fetch: from a registry that answers well, badly, or stops in the middle."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from comb_compiler.runtime.fetching.blobs import CannotFetch, fetch_blob
from comb_compiler.runtime.fetching.command import main
from comb_compiler.runtime.fetching.registries import Registry

MODEL = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(MODEL).hexdigest()
_PIECE = 1 << 20


class Shop:
    """A registry of one model. `cut` says after how many bytes the n-th answer ends, if it does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.cut: Callable[[int], int | None] = lambda number: None
        self.content = MODEL
        self.knows_ranges = True
        self.status: int | None = None
        self.wants = ""
        self.challenge = ""
        self.elsewhere = ""
        self.host = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        number = len(self.asked)
        self.asked.append((handler.path, dict(handler.headers)))
        if handler.path.startswith("/token"):
            return _send(handler, 200, b'{"token": "t"}')
        if self.elsewhere and handler.path.startswith("/v2/"):
            return _send(handler, 307, b"", Location=f"{self.elsewhere}/kept")
        if self.wants and handler.headers.get("Authorization") != self.wants:
            return _send(handler, 401, b"", **{"WWW-Authenticate": self.challenge})
        if self.status is not None:
            return _send(handler, self.status, b"")
        asked = handler.headers.get("Range", "bytes=0-")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if self.knows_ranges else 0
        rest = self.content[start:]
        if not rest:
            return _send(handler, 416, b"")
        more = {"Content-Range": f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"} if start else {}
        return _send(handler, 206 if start else 200, rest, self.cut(number), **more)


def _send(
    handler: BaseHTTPRequestHandler, status: int, content: bytes, most: int | None = None, /, **headers: str
) -> None:
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(content))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content[:most])
    if most is not None:
        handler.close_connection = True


@pytest.fixture
def shops() -> Iterator[Callable[[], Shop]]:
    servers = []

    def opened() -> Shop:
        shop = Shop()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        shop.host = f"127.0.0.1:{server.server_address[1]}"
        return shop

    yield opened
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def shop(shops: Callable[[], Shop]) -> Shop:
    return shops()


def fetched(shop: Shop, directory: Path, configuration: Path | None = None) -> int:
    count = fetch_blob(Registry(shop.host, "combs/models", configuration), SHA256, directory, sleep=lambda _: None)
    assert (directory / SHA256).read_bytes() == MODEL
    assert os.listdir(directory) == [SHA256]
    return count


def test_a_model_is_fetched_once(shop: Shop, tmp_path: Path) -> None:
    assert fetched(shop, tmp_path / "new") == len(MODEL)
    assert fetched(shop, tmp_path / "new") == 0
    assert [path for path, _ in shop.asked] == [f"/v2/combs/models/blobs/sha256:{SHA256}"]


def test_what_was_read_is_not_read_again_after_a_drop(shop: Shop, tmp_path: Path) -> None:
    shop.cut = lambda number: _PIECE * 2 if number < 2 else None
    assert fetched(shop, tmp_path) == len(MODEL)
    assert [headers.get("Range") for _, headers in shop.asked] == [None, f"bytes={2 * _PIECE}-", f"bytes={4 * _PIECE}-"]


def test_a_server_that_knows_no_ranges_begins_anew(shop: Shop, tmp_path: Path) -> None:
    shop.cut, shop.knows_ranges = lambda number: _PIECE if number == 0 else None, False
    assert fetched(shop, tmp_path) == len(MODEL) + _PIECE


def test_another_process_goes_on_where_one_was_killed(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / f".{SHA256}").write_bytes(MODEL[:1000])
    assert fetched(shop, tmp_path) == len(MODEL) - 1000
    (tmp_path / SHA256).rename(tmp_path / f".{SHA256}")
    assert fetched(shop, tmp_path) == 0


@pytest.mark.parametrize("left", [b"something else", MODEL + b"more"], ids=["other", "more"])
def test_bytes_that_are_not_those_that_are_pinned_never_get_the_name(left: bytes, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / f".{SHA256}").write_bytes(left)
    with pytest.raises(CannotFetch, match="other bytes than those that are pinned"):
        fetched(shop, tmp_path)
    assert os.listdir(tmp_path) == []
    fetched(shop, tmp_path)
    shop.content = MODEL[:-1] + b"!"
    with pytest.raises(CannotFetch, match="other bytes"):
        fetched(shop, tmp_path / "lied to")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "does not have it: was it pushed"),
        (403, "does not let us"),
        (500, "answers 500, as often as it was tried"),
        (418, "answers 418"),
        (206, "answers 206"),
    ],
)
def test_what_a_registry_refuses_is_said(status: int, said: str, shop: Shop, tmp_path: Path) -> None:
    shop.status = status
    with pytest.raises(CannotFetch, match=said):
        fetched(shop, tmp_path)


def test_a_registry_that_is_gone_is_tried_for_a_while(shop: Shop, tmp_path: Path) -> None:
    shop.cut = lambda number: 0
    waits: list[float] = []
    with pytest.raises(CannotFetch, match="as often as it was tried"):
        fetch_blob(Registry(shop.host, "combs/models"), SHA256, tmp_path, sleep=waits.append)
    assert waits == [1.0, 5.0, 15.0]


@pytest.mark.parametrize("challenge", ["basic", "bearer"])
def test_docker_s_configuration_says_who_asks(challenge: str, shop: Shop, tmp_path: Path) -> None:
    basic = "Basic " + base64.b64encode(b"ann:a secret").decode()
    shop.wants = basic if challenge == "basic" else "Bearer t"
    shop.challenge = 'Basic realm="x"' if challenge == "basic" else f'Bearer realm="http://{shop.host}/token",scope="s"'
    for number, entry in enumerate(({"auth": basic.partition(" ")[2]}, {"username": "ann", "password": "a secret"})):
        file = tmp_path / "config.json"
        file.write_text(json.dumps({"auths": {shop.host: entry}}), encoding="utf-8")
        fetched(shop, tmp_path / str(number), file)
    if challenge == "bearer":
        assert {headers.get("Authorization") for path, headers in shop.asked if path == "/token?scope=s"} == {basic}


def test_nobody_hears_a_credential_but_the_registry(shops: Callable[[], Shop], tmp_path: Path) -> None:
    shop, other = shops(), shops()
    shop.elsewhere = f"http://{other.host}"
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {shop.host: {"auth": "YTpi"}}}), encoding="utf-8")
    registry = Registry(shop.host, "combs/models", file)
    registry._said = "Basic YTpi"
    assert fetch_blob(registry, SHA256, tmp_path / "new") == len(MODEL)
    assert shop.asked[0][1]["Authorization"] == "Basic YTpi"
    assert "Authorization" not in other.asked[0][1]
    shop.elsewhere, shop.wants = "", "what nobody knows"
    shop.challenge = 'Bearer realm="http://elsewhere.example.com/token"'
    with pytest.raises(CannotFetch, match="wants to know who asks in a way that is not answered"):
        fetched(shop, tmp_path / "not", file)


def test_the_command_says_what_it_did(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "a".ljust(64, "0")).write_bytes(b"inside")
    where = [f"{shop.host}/combs/models", "--into", str(tmp_path / "new"), "--artifacts", str(tmp_path / "image")]
    assert main([*where, SHA256, "a".ljust(64, "0")]) == 0
    assert "5.1 MB fetched in" in capsys.readouterr().err
    assert main([*where, SHA256]) == 0
    assert f"{SHA256} is there" in capsys.readouterr().err
    shop.status = 404
    assert main([*where, "b" * 64]) == 1
    assert f"error: model {'b' * 64}: {shop.host} does not have it" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["host", SHA256], ["host/name", "../../etc/passwd"], ["host/name"]])
def test_wrong_usage_fetches_nothing(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--into", str(tmp_path)])
    assert ended.value.code == 2


def test_a_disk_that_is_full_is_said(shop: Shop, tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)); "
        "from comb_compiler.runtime.fetching.command import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program, f"{shop.host}/combs/models", SHA256, "--into", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"error: model {SHA256}: there is no room for it in {tmp_path}\n")
