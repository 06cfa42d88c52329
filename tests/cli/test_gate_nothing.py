"""What proves nothing does not pass: `comb gate` where neither side answers, or where what is asked is not what ran."""

import shutil
from pathlib import Path

import pytest

from comb_compiler.samples.embedded import EmbeddedStore
from tests.cli.test_gate import committed, gate, greeting, recorded, verdicts
from tests.cli.test_samples import descriptors, record


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("COMB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_where_neither_answers_what_was_answered_online_nothing_is_proven(home: Path) -> None:
    before, after = greeting(home / "before", "1 / 0"), greeting(home / "after", "2 / 0")
    ran, report = gate(after, "replay", "--baseline", str(before), *recorded(home / "records", 80))
    assert ran.code == 3, ran.out + ran.err
    assert verdicts(report) == {"replay error": "passed", "replay regular": "undecided"}, "no error is broken"
    assert report["gates"][1]["ruling"]["why"][0] == (
        "70 of 70 (100%) were answered by neither (INTERNAL): nothing is compared"
    )


def test_what_fails_as_it_did_online_is_the_same(home: Path) -> None:
    store = EmbeddedStore(home / "records")
    interface = store.put_interface(descriptors(home / "records"))
    failed = [record(number, interface=interface, code=13) for number in range(80)]
    for one in failed:
        one.redacted.append("answer.text")
    assert store.put(failed).new == 80
    store.close()
    before, after = greeting(home / "before", "1 / 0"), greeting(home / "after", "2 / 0")
    ran, report = gate(after, "replay", "--baseline", str(before), "--store", f"embedded:{home / 'records'}")
    assert ran.code == 0, ran.out + ran.err
    assert verdicts(report) == {"replay error": "passed", "replay regular": "passed"}


def test_code_that_changes_while_it_starts_is_not_what_is_proven(home: Path) -> None:
    after = greeting(home / "after")
    with (after / "operators.py").open("a", encoding="utf-8") as file:
        file.write('\n(__import__("pathlib").Path(__file__).parent / "words.py").write_text(f"# {os.getpid()}\\n")\n')
    for _ in range(2):
        ran, report = gate(after, "availability", "--baseline", "none")
        assert (ran.code, verdicts(report)) == (3, {"start": "undecided"}), ran.out + ran.err
        assert "the code of the candidate was changed while it started" in ran.out


def test_a_run_that_comes_to_no_report_leaves_none_of_an_earlier_one(home: Path) -> None:
    after = greeting(home / "after")
    ran, report = gate(after, "availability", "--baseline", "none")
    assert (ran.code, report["verdict"]) == (0, "passed"), ran.out + ran.err
    (home / "report/notes.txt").touch()
    ran, report = gate(after, "availability", "--baseline", "no-such-revision")
    assert (ran.code, report) == (2, {}), ran.out + ran.err
    assert [one.name for one in (home / "report").iterdir()] == ["notes.txt"]


def test_a_comb_in_the_place_of_another_one_has_its_own_exam(home: Path) -> None:
    (home / "combs").mkdir()
    strict, lax = (greeting(home / f"combs/{name}") for name in ("strict", "lax"))
    for comb in (strict, lax):
        shutil.rmtree(comb / ".git")
        main = comb / "comb.yaml"
        main.write_text(main.read_text("utf-8").replace("greeting,", f"{comb.name},"), encoding="utf-8")
    shutil.rmtree(lax / "samples/standard/ada")
    committed(home / "combs")
    shutil.rmtree(lax)
    strict.rename(lax)
    shutil.rmtree(lax / "samples/standard/ada")
    ran, report = gate(lax, "availability")
    assert (ran.code, report["comb"]) == (3, "strict"), ran.out + ran.err
    assert [one["said"] for one in report["weakened"]] == ["samples/standard: `ada` is taken out"]
