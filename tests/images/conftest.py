"""What tests of images share: a registry, an engine, and the example, built once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import RequiresTool
from tests.images.example import Example, copy_example, example_wheels, smallest_comb
from tests.servers import engine as servers
from tests.servers.provision import locate
from tests.support.tools import Missing

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = [
    "engine",
    "example",
    "example_base",
    "example_wheelhouse",
    "later_registry",
    "registry",
    "small_disk",
    "smallest",
]


@pytest.fixture(scope="package")
def registry(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry that takes what anybody sends, as `host:port`."""
    with servers.registry(requires_tool("docker-registry"), tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="package")
def later_registry(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry of the version after, as `host:port`: it keeps what it has of a blob after a drop."""
    requires_tool("go")
    try:
        program = locate("registry", lambda line: None)
    except Missing as missing:
        pytest.skip(f"needs a later registry: {missing}")
    with servers.registry(program, tmp_path_factory.mktemp("later-registry")) as host:
        yield host


@pytest.fixture(scope="package")
def engine(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator["DockerClient"]:
    """A real Docker engine, whose containers have no network but the machine's."""
    with servers.engine(requires_tool("dockerd"), tmp_path_factory.mktemp("engine")) as client:
        yield client


@pytest.fixture(scope="package")
def example_base(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout of a base with Debian's Python."""
    requires_tool("docker-registry")  # which comes from where the base's packages do
    try:
        return servers.base_of_debian(tmp_path_factory.mktemp("base")).path
    except Missing as missing:
        pytest.skip(f"needs a base: {missing}")


@pytest.fixture(scope="package")
def example_wheelhouse(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheels of the runtime, and of what the example's operators require."""
    try:
        return example_wheels(tmp_path_factory.mktemp("wheels"))
    except Missing as missing:
        pytest.skip(f"needs wheels: {missing}")


@pytest.fixture(scope="package")
def example(
    registry: str, example_base: Path, example_wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Example:
    """The example: built, pushed to the registry and rendered, as `images`, `images.json` and `rendered`."""
    made = copy_example(tmp_path_factory.mktemp("example") / "comb", registry, example_wheelhouse, example_base)
    made.build()
    made.run("image", "push", "images")
    made.run("render", ".", *made.where, "--images", "images.json", "-o", "rendered")
    return made


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root makes disks")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def smallest(tmp_path: Path) -> Path:
    """The smallest comb that images are built of."""
    return smallest_comb(tmp_path / "comb")
