"""Images of a layout → a real registry, by digest."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from comb_compiler.images.credentials import Credential
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import MANIFEST, ImageError
from comb_compiler.images.names import Reference, parse_reference
from comb_compiler.images.pushing import Pushed, push_images
from comb_compiler.images.registry import Repository
from comb_compiler.images.requests import Requests


def connecting(credential: Credential | None = None) -> Callable[[Reference], Requests]:
    return lambda image: Requests(image.address, lambda: credential, sleep=lambda seconds: None)


def layered(path: Path, *contents: bytes) -> tuple[ImageLayout, str]:
    """A layout with an image of these layers, and its digest."""
    layout = ImageLayout(path)
    layout.prepare()
    layers = [layout.write("application/vnd.oci.image.layer.v1.tar", one) for one in contents]
    config = layout.write_json("application/vnd.oci.image.config.v1+json", {"n": len(contents)})
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config.json()}
    image = layout.write_json(MANIFEST, {**manifest, "layers": [one.json() for one in layers]})
    return layout, image.digest


def push(layout: ImageLayout, *images: Reference, credential: Credential | None = None) -> list[Pushed]:
    return list(push_images(layout, images, connecting(credential), lambda line: None))


def test_what_is_pushed_is_there_by_its_digest(registry: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path, b"one", b"two" * 100_000)
    image = Reference(registry, "by-digest", digest)
    (pushed,) = push(layout, image)
    assert [one.size for one in pushed.sent] == [3, 300_000]
    repository = Repository(connecting()(image), "by-digest")
    assert json.loads(repository.manifest(digest))["layers"][1]["size"] == 300_000
    other = ImageLayout(tmp_path / "other")
    other.prepare()
    repository.fetch(pushed.layers[1], other)
    assert other.read(pushed.layers[1].digest) == b"two" * 100_000


def test_what_is_there_is_not_sent_again(registry: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path / "a", b"below", b"model", b"code")
    push(layout, Reference(registry, "again", digest))
    assert push(layout, Reference(registry, "again", digest))[0].sent == ()
    changed, other = layered(tmp_path / "b", b"below", b"another model", b"code")
    (pushed,) = push(changed, Reference(registry, "again", other))
    assert [changed.read(one.digest) for one in pushed.sent] == [b"another model"]


def test_what_another_image_has_is_taken_over_from_it(registry: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path, b"shared by both")
    one, two = push(layout, Reference(registry, "first/one", digest), Reference(registry, "second/two", digest))
    assert (len(one.sent), two.sent) == (1, ())
    assert Repository(connecting()(two.image), "second/two").has(two.layers[0].digest)


def test_nothing_is_sent_of_a_layout_that_lacks_something(registry: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path, b"one", b"two")
    image = Reference(registry, "lacking", digest)
    (lost,) = [one for one in layout.path.glob("blobs/sha256/*") if one.read_bytes() == b"two"]
    lost.write_bytes(b"tw")
    with pytest.raises(ImageError, match="not there whole: build it again"):
        push(layout, image)
    assert not Repository(connecting()(image), "lacking").has(digest, "manifests")


def test_bytes_that_are_not_what_their_digest_says_are_refused(registry: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path, b"one", b"two")
    (changed,) = [one for one in layout.path.glob("blobs/sha256/*") if one.read_bytes() == b"two"]
    changed.write_bytes(b"TWO")
    with pytest.raises(RegistryFailed, match="not what its digest says"):
        push(layout, Reference(registry, "changed", digest))


def test_what_a_registry_does_not_have_is_said(registry: str) -> None:
    image = parse_reference(f"{registry}/nothing@sha256:{'0' * 64}")
    with pytest.raises(RegistryFailed, match=f"{registry}/nothing: the registry has no such repository"):
        Repository(connecting()(image), image.repository).manifest(image.digest)


@pytest.mark.parametrize("name", ["", "a/b", "registry.example.com/a:1", "a@sha256:1", f"a/b@sha256:{'0' * 64}"])
def test_only_an_image_by_its_digest_is_one(name: str) -> None:
    with pytest.raises(ImageError, match="no image by its digest"):
        parse_reference(name)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost:1", "http://localhost:1"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
        ("docker.io", "https://registry-1.docker.io"),
    ],
)
def test_only_this_machine_is_spoken_to_in_the_open(host: str, address: str) -> None:
    assert Reference(host, "a", "sha256:").address == address
