"""Registries that fail in the middle: what is told, what is tried again, and what is there afterwards."""

import os
import time
from pathlib import Path

import pytest

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


def patiently(host: str, tmp_path: Path, waits: list[float]) -> Pushed:
    """A push of a blob so large that an upload of it can be gone on with; it waits as people do."""
    layout, digest = layered(tmp_path / "large", b"small", LARGE * 16)

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    image = Reference(host, "large", digest)
    connect = Requests(image.address, lambda: None, sleep)
    (pushed,) = push_images(layout, [image], lambda image: connect, lambda line: None)
    return pushed


def test_a_large_blob_goes_on_where_it_was_cut_off(later_registry: str, tmp_path: Path) -> None:
    waits: list[float] = []
    with relayed(later_registry, cut=lambda number: 4_000_000 if number < 3 else None) as relay:
        pushed = patiently(relay.host, tmp_path, waits)
    assert (len(pushed.sent), waits) == (2, [0.5, 0.5, 0.5])
    assert relay.taken < 1.1 * 16 * len(LARGE)
    assert_is_whole(later_registry, pushed, tmp_path)


def test_a_registry_that_forgets_what_was_cut_off_gets_all_of_it_again(registry: str, tmp_path: Path) -> None:
    waits: list[float] = []
    with relayed(registry, cut=lambda number: 9_000_000 if number < 2 else None) as relay:
        pushed = patiently(relay.host, tmp_path, waits)
    assert waits == [0.5, 2.0]
    assert relay.taken > 16 * len(LARGE) + 17_000_000
    assert_is_whole(registry, pushed, tmp_path)


def assert_is_whole(host: str, pushed: Pushed, tmp_path: Path) -> None:
    there = ImageLayout(tmp_path / "there")
    there.prepare()
    Repository(connecting()(pushed.image._replace(host=host)), "large").fetch(pushed.layers[1], there)
    assert there.read(pushed.layers[1].digest) == LARGE * 16


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
