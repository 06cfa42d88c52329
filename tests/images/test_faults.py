"""Registries that fail in the middle: what is told, what is tried again, and what is there afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from comb_compiler.images.begun import Begun
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.names import Reference
from comb_compiler.images.pushing import Pushed, push_images
from comb_compiler.images.registry import Repository
from comb_compiler.images.requests import Requests
from tests.conftest import RequiresTool
from tests.images.relays import relayed
from tests.images.test_pushing import connecting, layered, push
from tests.servers import engine as servers

LARGE = os.urandom(1 << 20)


def answered(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def pushed_to(host: str, tmp_path: Path, waits: list[float], name: str) -> list[Pushed]:
    """A large image pushed to a host, with the waits between tries."""
    layout, digest = layered(tmp_path / "layout", b"small", LARGE)

    def connect(image: Reference) -> Requests:
        return Requests(image.address, lambda: None, sleep=waits.append)

    return list(push_images(layout, [Reference(host, name, digest)], connect, lambda line: None))


def test_a_push_that_is_cut_off_is_tried_again(registry: str, tmp_path: Path) -> None:
    waits: list[float] = []
    with relayed(registry, cut=lambda number: 300_000 if number < 2 else None) as relay:
        (pushed,) = pushed_to(relay.host, tmp_path, waits, "cut")
    assert len(pushed.sent) == 2
    assert waits == [0.5, 2.0]
    there = Repository(connecting()(Reference(registry, "cut", "")), "cut")
    assert there.has(pushed.image.digest, "manifests")


def begun_in(tmp_path: Path) -> Begun:
    return Begun(tmp_path / "begun", time.time())


def patiently(
    host: str, tmp_path: Path, waits: list[float], begun: Begun | None = None, content: bytes = LARGE * 16
) -> Pushed:
    """A push of a blob so large that an upload of it can be gone on with; it waits as people do."""
    layout, digest = layered(tmp_path / "large", b"small", content)

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    image = Reference(host, "large", digest)
    connect = Requests(image.address, lambda: None, sleep)
    (pushed,) = push_images(layout, [image], lambda image: connect, lambda line: None, begun)
    return pushed


def test_a_large_blob_goes_on_where_it_was_cut_off(later_registry: str, tmp_path: Path) -> None:
    waits: list[float] = []
    with relayed(later_registry, cut=lambda number: 4_000_000 if number < 3 else None) as relay:
        pushed = patiently(relay.host, tmp_path, waits)
    assert (len(pushed.sent), waits) == (2, [0.5, 0.5, 0.5])
    assert relay.taken < 1.1 * 16 * len(LARGE)
    assert_is_whole(later_registry, pushed, tmp_path)


def until_it_is_cut(host: str, directory: str) -> None:
    """A push in a process of its own, which is killed when the connection drops."""
    layout, digest = layered(Path(directory) / "large", b"small", Random(directory).randbytes(16 << 20))
    image = Reference(host, "large", digest)
    connect = Requests(image.address, lambda: None, lambda seconds: os.kill(os.getpid(), signal.SIGKILL))
    list(push_images(layout, [image], lambda image: connect, lambda line: None, begun_in(Path(directory))))


def test_a_push_that_is_killed_is_gone_on_with_by_the_next_process(later_registry: str, tmp_path: Path) -> None:
    content = Random(str(tmp_path)).randbytes(16 << 20)
    with relayed(later_registry, cut=lambda number: None if number else 12_000_000) as relay:
        code = "import sys; from tests.images.test_faults import until_it_is_cut; until_it_is_cut(*sys.argv[1:])"
        command = [sys.executable, "-c", code, relay.host, str(tmp_path)]
        assert subprocess.run(command, timeout=300, cwd=Path(__file__).parents[2]).returncode == -signal.SIGKILL
        (kept,) = (tmp_path / "begun").iterdir()
        assert kept.stat().st_mode & 0o777 == 0o600
        before = relay.taken
        pushed = patiently(relay.host, tmp_path, [], begun_in(tmp_path), content)
    assert relay.taken - before < len(content) - 8_000_000
    assert_is_whole(later_registry, pushed, tmp_path, content)
    assert not list((tmp_path / "begun").iterdir())


@pytest.mark.parametrize(
    "kept", ["http://127.0.0.1:9/v2/x", "/v2/large/blobs/uploads/nothing?_state=x", "http://[x", "not\nprintable", ""]
)
def test_an_address_that_leads_nowhere_is_begun_anew(later_registry: str, tmp_path: Path, kept: str) -> None:
    begun, content = begun_in(tmp_path), Random(kept).randbytes(9 << 20)
    layout, digest = layered(tmp_path / "first", content)
    blob = layout.manifest(digest)["layers"][0]["digest"]
    begun.note(kept, f"http://{later_registry}", "/v2/large/blobs/uploads/", blob)
    pushed = patiently(later_registry, tmp_path, [], begun, content)
    assert blob in [one.digest for one in pushed.sent]
    assert_is_whole(later_registry, pushed, tmp_path, content)


def test_what_was_begun_long_ago_is_not_gone_on_with(tmp_path: Path) -> None:
    kept = begun_in(tmp_path)
    kept.note("http://registry.example/v2/x", "name")
    assert (kept.find("name"), kept.find("other")) == ("http://registry.example/v2/x", "")
    later = Begun(tmp_path / "begun", time.time() + 8 * 24 * 3600)
    assert later.find("name") == ""
    later.note("http://registry.example/v2/y", "other")
    assert kept.find("name") == ""
    Begun(Path("/dev/null/nowhere"), 0.0).note("http://registry.example/v2/x", "name")


def test_a_registry_that_forgets_what_was_cut_off_gets_all_of_it_again(registry: str, tmp_path: Path) -> None:
    waits: list[float] = []
    with relayed(registry, cut=lambda number: 9_000_000 if number < 2 else None) as relay:
        pushed = patiently(relay.host, tmp_path, waits)
    assert waits == [0.5, 2.0]
    assert relay.taken > 16 * len(LARGE) + 17_000_000
    assert_is_whole(registry, pushed, tmp_path)


def assert_is_whole(host: str, pushed: Pushed, tmp_path: Path, content: bytes = LARGE * 16) -> None:
    there = ImageLayout(tmp_path / "there")
    there.prepare()
    Repository(connecting()(pushed.image._replace(host=host)), "large").fetch(pushed.layers[1], there)
    assert there.read(pushed.layers[1].digest) == content


def test_a_push_that_cannot_succeed_ends_and_the_next_goes_on_where_it_ended(registry: str, tmp_path: Path) -> None:
    waits: list[float] = []
    with (
        relayed(registry, cut=lambda number: 300_000) as relay,
        pytest.raises(
            RegistryFailed, match=r"cannot be reached, or drops the connection, as often as it was"
        ) as failed,
    ):
        pushed_to(relay.host, tmp_path, waits, "ended")
    assert waits == [0.5, 2.0, 8.0]
    assert failed.value.hint == "try again: what is there is not sent again"
    layout, digest = layered(tmp_path / "again", b"small", LARGE)
    image = Reference(registry, "ended", digest)
    assert not Repository(connecting()(image), "ended").has(digest, "manifests")
    (pushed,) = push(layout, image)
    assert [one.size for one in pushed.sent] == [len(LARGE)]


def test_a_registry_that_is_busy_is_waited_for_as_long_as_it_says(registry: str, tmp_path: Path) -> None:
    busy = answered("429 Too Many Requests", b"", "Retry-After: 7")
    waits: list[float] = []
    with relayed(registry, says=lambda number: busy if number == 0 else None) as relay:
        (pushed,) = pushed_to(relay.host, tmp_path, waits, "busy")
    assert (len(pushed.sent), waits) == (2, [7.0])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered("403 Forbidden", b'{"errors": [{"code": "DENIED", "message": "of ann"}]}'), "does not let us"),
        (answered("405 Method Not Allowed", b'{"errors": [{"code": "UNSUPPORTED"}]}'), "takes no images"),
        (answered("418 I'm a teapot", b'{"errors": [{"code": "TEA"}, {"code": "of ann"}]}'), r"answers 418"),
        (answered("500 Internal Server Error", b"of ann"), "answers 500, as often as it was tried"),
        (b"of ann\r\n\r\n", "cannot be reached, or drops the connection"),
        (b"", "cannot be reached, or drops the connection"),
        (answered("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"'), "does not know who we are"),
        (answered("401 Unauthorized", b"", 'WWW-Authenticate: Bearer realm="http://a/"'), "others can read them"),
        (answered("302 Found", b"", "Location: http://127.0.0.1:1/"), "cannot be reached|drops"),
    ],
)
def test_a_registry_that_refuses_is_told_in_our_words(answer: bytes, said: str, tmp_path: Path) -> None:
    with (
        relayed("127.0.0.1:1", says=lambda number: answer) as relay,
        pytest.raises(RegistryFailed, match=said) as failed,
    ):
        pushed_to(relay.host, tmp_path, [], "refused")
    assert "of ann" not in f"{failed.value}{failed.value.hint}"


def test_where_nobody_listens_is_said(tmp_path: Path) -> None:
    with pytest.raises(RegistryFailed, match=r"127\.0\.0\.1:1/nobody: 127\.0\.0\.1:1 cannot be reached"):
        pushed_to("127.0.0.1:1", tmp_path, [], "nobody")


def test_a_registry_whose_disk_is_full_names_no_image(
    requires_tool: RequiresTool, small_disk: Path, tmp_path: Path
) -> None:
    with servers.registry(requires_tool("docker-registry"), small_disk) as host:
        with pytest.raises(RegistryFailed, match=r"answers 5\d\d, as often as it was tried"):
            pushed_to(host, tmp_path, [], "full")
        image = Reference(host, "full", layered(tmp_path / "layout", b"small", LARGE)[1])
        assert not Repository(connecting()(image), "full").has(image.digest, "manifests")
