"""`--baseline recorded`: a candidate against what was answered online, of which nobody knows how noisy it is."""

from pathlib import Path

import pytest

from comb_compiler.samples.embedded import EmbeddedStore
from tests.cli.test_gate import committed, gate, greeting, verdicts
from tests.cli.test_samples import descriptors, record


@pytest.fixture
def after(tmp_path: Path) -> Path:
    """A comb whose exam is what is committed."""
    directory = greeting(tmp_path / "after")
    committed(directory)
    return directory


def online(directory: Path, count: int, answer: str = "Hello Ada", arm: str = "") -> list[str]:
    """A store of requests, and what each was answered with."""
    store = EmbeddedStore(directory)
    interface = store.put_interface(descriptors(directory))
    records = [record(number, interface=interface, arm=arm) for number in range(count)]
    for one in records:
        one.answer.message = bytes([10, len(answer)]) + answer.encode()
    assert store.put(records).new == count
    store.close()
    return ["--store", f"embedded:{directory}", "--baseline", "recorded"]


def test_what_answers_as_it_did_online_passes_without_a_baseline(after: Path, tmp_path: Path) -> None:
    for name in ("barbara", "ken"):
        expected = after / f"samples/error/{name}/expected.json"
        expected.write_text(expected.read_text("utf-8").replace(name.title(), name), encoding="utf-8")
    committed(after)
    ran, report = gate(after, "replay", *online(tmp_path / "records", 80))
    assert ran.code == 0, ran.out + ran.err
    assert verdicts(report) == {"replay error": "passed", "replay regular": "passed"}
    assert report["baseline"]["name"] == "recorded answers"
    assert "held against recorded answers, all differences counted as changes" in ran.out
    assert "against recorded answers" in ran.out.splitlines()[0]


def test_what_answers_otherwise_than_online_is_undecided(after: Path, tmp_path: Path) -> None:
    ran, report = gate(after, "replay", *online(tmp_path / "records", 80, "Hullo Ada"))
    assert ran.code == 3, ran.out + ran.err
    assert verdicts(report) == {"replay error": "undecided", "replay regular": "undecided"}
    error, regular = report["gates"]
    assert "0 of 2 are right; which of them were so before is not known" in error["ruling"]["why"][0]
    assert "whether that is noise is not known" in regular["ruling"]["why"][-1]
    assert regular["asked"] == 35, "it is proven early that it differs"
    assert regular["findings"][0]["places"] == [{"place": "text", "before": "Hullo Ada", "after": "Hello Ada"}]


def test_samples_in_a_directory_have_no_recorded_answers_to_be_held_against(after: Path, tmp_path: Path) -> None:
    text = (after / "comb.yaml").read_text("utf-8").replace("samples: recorded", "samples: samples/standard")
    (after / "comb.yaml").write_text(text, encoding="utf-8")
    committed(after)
    ran, report = gate(after, "replay", *online(tmp_path / "records", 1))
    assert (ran.code, verdicts(report)["replay regular"]) == (3, "undecided")
    assert "what answered samples/standard before is not recorded with it" in ran.out


def test_answers_of_other_arms_and_those_that_lack_something_do_not_count(after: Path, tmp_path: Path) -> None:
    ran, report = gate(after, "replay", *online(tmp_path / "records", 80, arm="loud"))
    assert (ran.code, verdicts(report)["replay regular"]) == (3, "undecided")
    assert "there are no records of `greeting`" in ran.out
