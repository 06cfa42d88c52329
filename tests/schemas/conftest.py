"""The language server that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.conftest import RequiresTool
from tests.schemas.editor import ROOT, SETTINGS, Editor
from tests.schemas.language_server import LanguageServer


@pytest.fixture(scope="session")
def editor(requires_tool: RequiresTool) -> Iterator[Editor]:
    """An editor with a running yaml-language-server."""
    requires_tool("node")
    command = [str(requires_tool("yaml-language-server")), "--stdio"]
    with LanguageServer(command, ROOT, SETTINGS) as server:
        yield Editor(server)
