"""A real engine and a registry for the tests of one module: they end with it, as no later test expects them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import RequiresTool
from tests.servers import engine as servers

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["engine", "registry"]


@pytest.fixture(scope="module")
def engine(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator["DockerClient"]:
    """A real Docker engine, whose containers have no network but the machine's."""
    with servers.engine(requires_tool("dockerd"), tmp_path_factory.mktemp("engine")) as client:
        yield client


@pytest.fixture(scope="module")
def registry(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry that takes what anybody sends, as `host:port`."""
    with servers.registry(requires_tool("docker-registry"), tmp_path_factory.mktemp("registry")) as host:
        yield host
