"""What every test may use, and the rules that hold for all of them.

- `requires_tool("name")` gives the path of a real program, or skips the test with a reason that names what is missing.
  Where `CI=true` such a skip is a failure: CI has every tool, so a skip there hides a suite that nobody runs.
- Randomness is fixed in `make test` (profile `ci`), short in `make quick`, and free but reported in `make prove`.
- `pytest --update` rewrites expected output in place (golden cases, transcripts in the docs); `git diff` then shows it.
- `trial` is what a long trial of `make prove` runs as: see `tests.support.trials`.
"""

import faulthandler
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import parts, tools, trials
from tests.support.trials import trial

__all__ = ["RequiresTool", "requires_tool", "trial", "update"]

RequiresTool = Callable[[str], Path]

_ENDS = pytest.StashKey[tuple[float, int]]()
_ON_SLOW_MACHINES = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", _ON_SLOW_MACHINES, derandomize=True, database=None, max_examples=100)
settings.register_profile("quick", _ON_SLOW_MACHINES, derandomize=True, database=None, max_examples=15)
settings.register_profile("prove", _ON_SLOW_MACHINES, max_examples=2000, print_blob=True)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite expected output instead of comparing it")
    trials.add_options(parser)


@pytest.fixture(scope="session", autouse=True)
def _verdicts_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor fill the cache of the user who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMB_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def update(pytestconfig: pytest.Config) -> bool:
    """Whether expected output is to be rewritten."""
    return bool(pytestconfig.getoption("--update"))


@pytest.fixture(scope="session")
def requires_tool() -> RequiresTool:
    """The path of a real program by its name in `tests.support.tools.TOOLS`; skips when it cannot be had."""

    def locate(name: str) -> Path:
        try:
            return tools.locate(name)
        except tools.Missing as missing:
            pytest.skip(f"needs {name}: {missing}")

    return locate


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What a test asks for, itself or through a fixture, marks it: `-m "not tool"` leaves out all that need a tool."""
    if hasattr(config, "workerinput"):  # one of several processes
        items.sort(key=lambda item: parts.turn(item.nodeid))
    for item in items:
        for fixture, marker in (("requires_tool", "tool"), ("update", "golden")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        if item.get_closest_marker("prove"):
            item.add_marker(pytest.mark.timeout(0))


def pytest_configure(config: pytest.Config) -> None:
    """What still runs when CI's time is nearly over ends and says where it was: else nobody learns what it was."""
    if hasattr(config, "workerinput") and (ends := os.environ.get("COMB_CI_ENDS")):
        config.stash[_ENDS] = (float(ends), os.dup(2))
        _end_in_time(config)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Pytest itself cancels that at each failure."""
    _end_in_time(node.config)


def _end_in_time(config: pytest.Config) -> None:
    if told := config.stash.get(_ENDS, None):
        ends, file = told
        faulthandler.dump_traceback_later(max(1.0, ends - time.time()), exit=True, file=file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Of several processes (`-n 2`), each takes the next part when it has ended one: see `tests.support.parts`."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = parts.part_of
    return scheduler


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a `tool` test that is skipped, for whatever reason, has failed."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and os.environ.get("CI") == "true" and item.get_closest_marker("tool"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason.removeprefix('Skipped: ')}\n(CI=true: a suite that needs a tool may not be skipped)"
    return report
