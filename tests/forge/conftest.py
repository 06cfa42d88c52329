"""One Gitea for all tests of this folder, which run behind others: it may still be being built when tests begin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RequiresTool
from tests.forge.hub import Hub
from tests.servers.gitea import Gitea, gitea
from tests.servers.processes import Failed
from tests.servers.provision import locate, module_files
from tests.servers.saying import saying
from tests.support.tools import Missing


@pytest.fixture(scope="package")
def forge(
    request: pytest.FixtureRequest, requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gitea]:
    """A Gitea with nothing in it; it asks for `requires_tool` since that marks its tests."""
    say = saying(request.config)
    try:
        program, files = locate("gitea", say), module_files("gitea")
    except Missing as missing:
        pytest.skip(f"needs Gitea: {missing}")
    try:
        with gitea(tmp_path_factory.mktemp("gitea"), program, files) as started:
            yield started
    except Failed as failed:
        pytest.fail(str(failed), pytrace=False)


@pytest.fixture(scope="package")
def hub(forge: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """Its people: acme, whose combs they are; comb-bot, which comments; and two who have no rights."""
    for name in ("acme", "comb-bot", "grace", "mallory"):
        forge.person(name)
    return Hub(forge, forge.token("comb-bot", "read:user", "write:issue"), tmp_path_factory.mktemp("hub"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Behind all others."""
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)
