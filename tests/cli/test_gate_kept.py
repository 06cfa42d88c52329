"""`comb gate` on sets whose requests a sample store has: named by ids and digests, and never empty in silence."""

import json
import shutil
from pathlib import Path

import pytest

from comb_compiler.samples import load_sample_set
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Query
from comb_compiler.samples.users import user_digest
from tests.cli.conftest import Comb
from tests.cli.test_gate import RIGHT, gate, greeting, verdicts
from tests.cli.test_gate_exam import platform, waiver
from tests.cli.test_samples import descriptors, record

NAMES = ("ada", "barbara", "ken")


def asking(number: int, name: str, interface: str) -> Record:
    """A record of somebody who greets with a small letter and is answered so."""
    made = record(number, interface=interface)
    made.request.message = bytes([10, len(name) + 2, 10, len(name)]) + name.encode()
    made.answer.message = bytes([10, len(name) + 6]) + f"Hello {name}".encode()
    return made


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    """Three records that people have marked as errors, with what should have come; and one that nobody explains."""
    found = EmbeddedStore(tmp_path / "records")
    interface = found.put_interface(descriptors(tmp_path / "records"))
    found.put([asking(number, name, interface) for number, name in enumerate((*NAMES, "alan"))])
    for number, name in enumerate(NAMES):
        wanted = json.dumps({"text": f"Hello {name.title()}"})
        found.mark(f"{number:032x}", Mark(mark="error", by="ada", time=1, expected=wanted))
    found.mark(f"{3:032x}", Mark(mark="error", by="a rule", time=1))
    return found


@pytest.fixture
def before(tmp_path: Path, store: EmbeddedStore, comb: Comb) -> Path:
    """A comb whose set of errors is every record that was marked so when it was made."""
    directory = greeting(tmp_path / "before")
    shutil.rmtree(directory / "samples/error")
    options = ("--store", f"embedded:{tmp_path / 'records'}", "--format", "json")
    ran = comb("samples", "add", "--marked", "error", "--in-store", *options, cwd=directory)
    assert ran.code == 1, ran.err
    made = json.loads(ran.out)
    assert (made["set"], len(made["samples"])) == ("samples/error", 3)
    assert [one["id"] for one in made["left_out"]] == [f"{3:032x}"]
    assert "nobody says what should have come" in made["left_out"][0]["why"]
    return directory


def changed(before: Path, body: str) -> Path:
    after = before.parent / "after"
    greeting(after, body)
    shutil.rmtree(after / "samples/error")
    shutil.copytree(before / "samples/error", after / "samples/error")
    return after


def options(before: Path, *more: str) -> list[str]:
    return ["all", "--baseline", str(before), "--store", f"embedded:{before.parent / 'records'}", *more]


CAPITAL = f"{RIGHT.replace('text', 'text.title()')}"


def test_a_set_in_the_store_is_asked_and_named_by_its_digest(before: Path) -> None:
    files = sorted(path.name for path in (before / "samples/error").rglob("*") if path.is_file())
    assert files == sorted(["expected.json", "request.json", "sample.json"] * 3)
    assert "ken" not in (before / f"samples/error/{2:032x}/request.json").read_text("utf-8")
    ran, report = gate(changed(before, CAPITAL), *options(before))
    assert ran.code == 3, ran.out + ran.err
    error = report["gates"][1]
    assert (error["gate"], error["ruling"]["verdict"], error["asked"]) == ("replay error", "passed", 3), ran.out
    assert [one["kind"] for one in error["findings"]] == ["fixed"] * 3
    assert error["digest"] == load_sample_set(before / "samples/error")[0].digest


def test_what_a_set_in_the_store_has_right_may_not_be_lost(before: Path) -> None:
    (before / "operators.py").write_text(
        (before / "operators.py").read_text("utf-8").replace(RIGHT, CAPITAL), encoding="utf-8"
    )
    after = changed(before, f'{CAPITAL}.replace("Ken", "K.")')
    ran, report = gate(after, *options(before))
    assert ran.code == 3, ran.out + ran.err
    assert verdicts(report)["replay error"] == "blocked"
    assert [one["kind"] for one in report["gates"][1]["findings"]] == ["broken"]


def test_a_member_that_is_deleted_or_another_one_leaves_the_gate_undecided(before: Path, store: EmbeddedStore) -> None:
    after = changed(before, CAPITAL)
    assert store.delete(Query(user=user_digest("user-1")), marked=True) == 1
    assert store.delete(Query(user=user_digest("user-2")), marked=True) == 1
    store.put([asking(2, "alan", store.get([f"{0:032x}"])[f"{0:032x}"].interface)])
    ran, report = gate(after, *options(before))
    assert ran.code == 3, ran.out + ran.err
    assert verdicts(report) == {"samples": "undecided"}
    assert "samples/error: 2 of 3 samples cannot be asked" in ran.out
    assert f"its record {1:032x} is not there" in ran.out
    assert f"its record {2:032x} is another one than was added" in ran.out
    elsewhere = gate(after, *options(before)[:-1], "embedded:nowhere")
    assert (elsewhere[0].code, verdicts(elsewhere[1])) == (3, {"samples": "undecided"})

    for number in (1, 2):
        shutil.rmtree(after / f"samples/error/{number:032x}")
    ran, report = gate(after, *options(before))
    assert (ran.code, verdicts(report)["replay error"], report["gates"][1]["asked"]) == (3, "passed", 1), ran.out
    assert [one["said"] for one in report["weakened"]] == [
        f"samples/error: `{number:032x}` is taken out" for number in (1, 2)
    ]
    waived = platform(before.parent / "platform", waiver("samples/error", to="absent"))
    ran, report = gate(after, *options(before, "--platform", str(waived)))
    assert all(one["waiver"] for one in report["weakened"])
