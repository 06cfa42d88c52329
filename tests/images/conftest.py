"""What tests of images share: a registry for all of them."""

from collections.abc import Iterator

import pytest

from tests.conftest import RequiresTool
from tests.servers import engine as servers

__all__ = ["registry"]


@pytest.fixture(scope="package")
def registry(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry that takes what anybody sends, as `host:port`."""
    with servers.registry(requires_tool("docker-registry"), tmp_path_factory.mktemp("registry")) as host:
        yield host
