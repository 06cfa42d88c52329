"""The rules of `tests/conftest.py`, tried on small suites of their own."""

import json
from pathlib import Path

import pytest

from tests.support.trials import machine

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
RULES = """
from tests.conftest import *
from tests.conftest import pytest_addoption, pytest_collection_modifyitems, pytest_runtest_makereport
"""
NEEDS_NOTHING = "def test_plain(): pass\n"
NEEDS_A_TOOL = """
import pytest
from tests.support import tools

@pytest.fixture(scope="session")
def server(requires_tool):
    tools.TOOLS = {"frobnicate": tools.Tool("frobnicate", lambda: tools.required_on_path("frobnicate", "install it"))}
    return requires_tool("frobnicate")

def test_server(server): pass
"""
NEEDS_GIT = """
import subprocess
def test_git(requires_tool):
    assert b"git version" in subprocess.check_output([requires_tool("git"), "--version"])
"""
A_TRIAL = """
import pytest
@pytest.mark.prove
def test_dice_are_fair(trial):
    rolls = 0
    while trial.goes_on():
        rolls += 1
        assert 1 <= trial.random.randint(1, 6) <= {sides}
    trial.note(rolls=rolls, first=trial.random.random())
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty suite under our rules, on a machine that is not CI."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("CI", raising=False)
    pytester.makeconftest(RULES)
    pytester.makeini("[pytest]\nmarkers =\n  tool\n  golden\n  prove\n")
    return pytester


def test_a_missing_tool_skips_and_is_named(suite: pytest.Pytester) -> None:
    suite.makepyfile(NEEDS_A_TOOL)
    result = suite.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*needs frobnicate: frobnicate is not on PATH: install it*"])


def test_in_ci_a_missing_tool_is_a_failure(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    suite.makepyfile(NEEDS_A_TOOL)
    result = suite.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*needs frobnicate*", "*CI=true*may not be skipped*"])


def test_in_ci_other_skips_stay_skips(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    suite.makepyfile("import pytest\n@pytest.mark.skip(reason='never here')\ndef test_other(): pass\n")
    suite.runpytest_subprocess().assert_outcomes(skipped=1)


def test_a_tool_that_is_here_is_found(suite: pytest.Pytester) -> None:
    suite.makepyfile(NEEDS_GIT)
    suite.runpytest_subprocess().assert_outcomes(passed=1)


def test_tests_that_need_tools_can_be_left_out(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_a=NEEDS_A_TOOL, test_b=NEEDS_NOTHING)
    suite.runpytest_subprocess("-m", "not tool").assert_outcomes(passed=1, deselected=1)


def test_tests_of_expected_output_can_be_chosen(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_a(): pass\ndef test_b(update): assert update")
    suite.runpytest_subprocess("-m", "golden", "--update").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(("sides", "outcome"), [(6, "passed"), (1, "failed")])
def test_a_trial_leaves_its_figures(suite: pytest.Pytester, sides: int, outcome: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    suite.makeconftest(
        f"{RULES}\nfrom pathlib import Path\nfrom tests.support import trials\ntrials.RESULTS = Path({str(results)!r})"
    )
    suite.makepyfile(A_TRIAL.format(sides=sides))
    result = suite.runpytest_subprocess("--record", "--trial-seconds=0.05", "--trial-seed=7")
    result.assert_outcomes(**{outcome: 1})
    (path,) = results.glob("*-dice-are-fair.json")
    recorded = json.loads(path.read_text("utf-8"))
    assert recorded["outcome"] == outcome
    assert recorded["seed"] == 7
    assert recorded["machine"] == machine()
    assert ("rolls" in recorded["figures"]) == (outcome == "passed")


def test_a_trial_says_how_to_repeat_it(suite: pytest.Pytester) -> None:
    suite.makepyfile(A_TRIAL.format(sides=6))
    result = suite.runpytest_subprocess("-s", "--trial-seconds=0.01", "--trial-seed=7")
    result.stdout.fnmatch_lines(["*trial dice-are-fair: repeat with --trial-seed=7*"])
