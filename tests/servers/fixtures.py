"""The control plane as a fixture: one for a whole folder of tests, ended with the last of them."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.conftest import RequiresTool
from tests.servers.control_plane import SCHEDULING, SERVING, ControlPlane, control_plane
from tests.servers.processes import Failed
from tests.servers.provision import definitions, locate_all
from tests.servers.saying import saying
from tests.support.tools import Missing

__all__ = ["crds", "plane", "show_logs"]


@pytest.fixture(scope="package")
def plane(
    request: pytest.FixtureRequest, requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """A control plane with a scheduler and kwok; skips where it cannot be had. It is built first where need be.

    It asks for `requires_tool` since that marks its tests: none of them may be skipped in CI.
    """
    say = saying(request.config)
    try:
        programs = locate_all((*SERVING, *SCHEDULING), say)
        stages = definitions("kwok-stages", say)
    except Missing as missing:
        pytest.skip(f"needs a control plane: {missing}")
    try:
        with control_plane(tmp_path_factory.mktemp("plane"), programs, stages) as started:
            yield started
    except Failed as failed:
        pytest.fail(str(failed), pytrace=False)


@pytest.fixture(scope="package")
def crds(plane: ControlPlane) -> Path:
    """The definitions of Flux's, Gateway API's, KEDA's and the Prometheus operator's kinds."""
    try:
        return definitions("crds", lambda line: None)
    except Missing as missing:
        pytest.skip(f"needs definitions of kinds: {missing}")


def show_logs(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The body of a `pytest_runtest_makereport`: a test that fails shows what the servers said."""
    report = yield
    servers = getattr(item, "funcargs", {}).get("plane")
    if report.failed and isinstance(servers, ControlPlane):
        report.sections.append(("control plane", servers.last_words()))
    return report
