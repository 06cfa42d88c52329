"""One control plane for all tests of this folder, which run last: it has ended when nothing else is left to do.

Its programs may still be on the way when tests begin, since CI builds them beside the other tests.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.control_plane import ControlPlane
from tests.servers.fixtures import crds, plane, show_logs

if TYPE_CHECKING:
    from tests.cluster.api import Api

__all__ = ["api", "crds", "plane"]


@pytest.fixture(scope="package")
def api(plane: ControlPlane, crds: Path) -> Iterator["Api"]:
    """The API server, which knows every kind that Comb renders."""
    from tests.cluster.api import Api  # Kubernetes' client takes a second to import

    asked = Api(plane.kubeconfig)
    asked.install(crds)
    for name in ("flux-system", "monitoring"):  # what a cluster has before Comb's objects come
        asked.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield asked
    asked.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Behind all others."""
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what the servers said."""
    return (yield from show_logs(item))
