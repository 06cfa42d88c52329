"""One server of each kind for all tests of a module that only ask it: it has ended when others count what is left."""

from collections.abc import Iterator

import pytest

from tests.runtime.oip.servers import KINDS, started
from tests.runtime.oip.serving import Server
from tests.support import tools

__all__ = ["server"]


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    kind = request.param
    try:
        python = tools.locate(f"{kind}-python")
    except tools.Missing as missing:
        pytest.skip(f"needs {kind}: {missing}")
    with started(kind, python, tmp_path_factory.mktemp(kind)) as running:
        yield running
