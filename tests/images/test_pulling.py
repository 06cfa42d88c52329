"""Bases in a real registry → a layout."""

import hashlib
import json
from pathlib import Path

import pytest

from comb_compiler.images.bases import Found, look_into
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import INDEX, Descriptor, ImageError
from comb_compiler.images.names import Reference
from comb_compiler.images.pulling import pull_base
from comb_compiler.images.registry import Repository
from tests.images.making import base_layout
from tests.images.test_pushing import connecting, push


def repository(image: Reference) -> Repository:
    return Repository(connecting()(image), image.repository)


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    made = ImageLayout(tmp_path / "layout")
    made.prepare()
    return made


@pytest.fixture
def base(registry: str, tmp_path: Path) -> Reference:
    """A base in the registry."""
    source = base_layout(tmp_path / "base")
    image = Reference(registry, "bases/python", source.images()["base"].digest)
    push(source, image)
    return image


def index_of(image: Reference, architecture: str) -> Reference:
    """An index in the registry that has the image for an architecture."""
    platform = {"os": "linux", "architecture": architecture}
    entries = [{"mediaType": "x", "digest": image.digest, "size": 1, "platform": platform}]
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    repository(image).put_manifest(Descriptor(INDEX, digest, len(content)), content)
    return image._replace(digest=digest)


def test_a_base_is_taken_as_it_is(base: Reference, layout: ImageLayout) -> None:
    pulled = pull_base(base, repository(base), layout)
    assert (pulled.name, pulled.digest) == (str(base), base.digest)
    assert look_into(pulled, layout) == Found((3, 11), "/usr/bin/python3.11", "glibc")


def test_of_several_machines_images_ours_is_taken(base: Reference, layout: ImageLayout) -> None:
    many = index_of(base, "amd64")
    assert pull_base(many, repository(many), layout).digest == base.digest


def test_a_base_for_other_machines_is_said(base: Reference, layout: ImageLayout) -> None:
    other = index_of(base, "s390x")
    with pytest.raises(ImageError, match=r"no image for linux/amd64"):
        pull_base(other, repository(other), layout)


def test_what_is_there_is_not_asked_for_again(base: Reference, layout: ImageLayout) -> None:
    pull_base(base, repository(base), layout)
    nowhere = base._replace(host="127.0.0.1:1")
    assert pull_base(nowhere, repository(nowhere), layout).digest == base.digest


def test_a_base_that_is_not_there_is_said(base: Reference, layout: ImageLayout) -> None:
    other = base._replace(digest="sha256:" + "0" * 64)
    with pytest.raises(RegistryFailed, match="no such repository, or no such image"):
        pull_base(other, repository(other), layout)
    assert [path for path in layout.path.glob("blobs/sha256/*") if path.is_file()] == []
