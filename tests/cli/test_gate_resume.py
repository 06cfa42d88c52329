"""What a run of `comb gate` has answers to is not asked again, and never mixed with what another one is about."""

import os
import signal
import time
from pathlib import Path

import pytest

from comb_compiler.gates.wording import moment
from tests.cli.test_gate import RIGHT, gate, greeting, recorded, sample, started, verdicts

COUNTED = f'open(os.environ["HOME"] + "/asked", "a").write(text + "\\n") and {RIGHT}'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where operators say what they were asked; and a cache of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COMB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def asked(home: Path) -> list[str]:
    """What operators were asked since it was last looked at."""
    file = home / "asked"
    found = sorted(file.read_text("utf-8").split()) if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def journal(home: Path) -> Path:
    """The only one."""
    (found,) = (home / "cache/gates").iterdir()
    return found


def test_a_verdict_on_what_is_equal_is_not_run_again(home: Path) -> None:
    after = greeting(home / "after", COUNTED)
    first, before = gate(after, "availability", "--baseline", "none")
    assert (first.code, asked(home)) == (0, ["Ada", "Alan", "Grace"]), first.err
    again, report = gate(after, "availability", "--baseline", "none")
    assert (again.code, asked(home)) == (0, []), again.err
    assert report["earlier"]
    assert f"all answers are those of a run of {moment(report['earlier'])}" in again.out
    assert [(one["asked"], one["kept"]) for one in report["gates"]] == [(3, 3)]
    assert report["gates"][0]["ruling"] == before["gates"][0]["ruling"]
    fresh, report = gate(after, "availability", "--baseline", "none", "--fresh")
    assert (fresh.code, asked(home), report["earlier"]) == (0, ["Ada", "Alan", "Grace"], ""), fresh.err


def test_what_was_broken_and_where_is_kept_with_it(home: Path) -> None:
    before, after = greeting(home / "before"), greeting(home / "after", f'{RIGHT} + ("!" if text == "ken" else "")')
    for directory in (before, after):
        sample(directory / "samples/error/ken", "ken", "Hello ken")
    ran, first = gate(after, "replay", "--baseline", str(before))
    again, report = gate(after, "replay", "--baseline", str(before))
    assert (ran.code, again.code) == (3, 3)
    assert first["gates"][0]["findings"] == report["gates"][0]["findings"]
    assert report["gates"][0]["findings"][0]["node"] == "hello"
    assert report["gates"][0]["kept"] == 2


def test_whatever_is_not_equal_is_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after = greeting(home / "after", COUNTED)
    gate(after, "availability", "--baseline", "none")
    assert len(asked(home)) == 3
    for variable, value in (("TZ", "Asia/Tokyo"), ("LC_ALL", "C.UTF-8"), ("LANG", "C")):
        monkeypatch.setenv(variable, value)
        gate(after, "availability", "--baseline", "none")
        assert len(asked(home)) == 3, variable
    for name, old, new in (
        ("operators.py", '"Hello "', '"Hello" + " "'),
        ("comb.yaml", "timeout: 30s", "timeout: 29s"),
        ("samples/standard/ada/expected.json", '"Hello Ada"', '"Hello  Ada"'),
    ):
        file = after / name
        file.write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
        _, report = gate(after, "availability", "--baseline", "none")
        assert (len(asked(home)), report["earlier"]) == (3, ""), name


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_half_way_is_gone_on_with(home: Path, number: signal.Signals) -> None:
    body = f'open(os.environ["HOME"] + "/asked", "a").write(text + "\\n") and __import__("time").sleep(0.05) or {RIGHT}'
    before, after = greeting(home / "before"), greeting(home / "after", body)
    store = recorded(home / "records", 80)
    running = started(after, {}, "replay", "--baseline", str(before), "--at-once", "1", *store)
    until = time.monotonic() + 600
    while len(journals(home)) < 12 and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(number)
    _, said = running.communicate(timeout=600)
    assert ("the same command goes on from there" in said) is (number == signal.SIGINT)
    known = len(journals(home)) - 1
    assert 11 <= known < 72, "it was ended half-way"
    asked(home)
    _, report = gate(after, "replay", "--baseline", str(before), "--at-once", "1", *store)
    regular = report["gates"][-1]
    assert verdicts(report)["replay regular"] == "passed", regular
    assert (regular["asked"], sum(one["kept"] for one in report["gates"])) == (70, known)
    assert len(asked(home)) == 72 - known + 2, "two that are wrong are asked once more, for where answers part"


def journals(home: Path) -> list[bytes]:
    """The whole lines of the only journal."""
    directory = home / "cache/gates"
    return journal(home).read_bytes().split(b"\n")[:-1] if directory.exists() and any(directory.iterdir()) else []


def test_what_ended_by_a_crash_is_no_verdict_to_keep(home: Path) -> None:
    body = COUNTED.replace(RIGHT, f'({RIGHT} if text != "Grace" else os.abort())')
    after = greeting(home / "after", body)
    ran, report = gate(after, "availability", "--baseline", "none", "--at-once", "1")
    assert (ran.code, verdicts(report)) == (3, {"availability": "blocked"})
    assert "with grace under way" in ran.out
    asked(home)
    _, report = gate(after, "availability", "--baseline", "none", "--at-once", "1")
    assert asked(home) == ["Grace"]
    (only,) = report["gates"]
    assert (only["kept"], only["asked"], only["answered"], only["failed"]) == (2, 3, 2, 1)


def test_answers_of_an_address_are_not_kept(home: Path) -> None:
    ran, _ = gate(greeting(home / "after"), "availability", "--baseline", "none", "--target", "127.0.0.1:9")
    assert ran.code == 3
    assert not (home / "cache/gates").exists()
    assert os.environ["HOME"] == str(home)
