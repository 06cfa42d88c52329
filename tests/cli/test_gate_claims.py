"""What a change claims to make better is proven once, and has to stay so."""

from pathlib import Path

from tests.cli.test_gate import COMB, gate, greeting, sample, verdicts

CLAIM = "    optimised: {samples: samples/error, better: 30%}\n"
MENDED = '"Hello " + text[:1].upper() + text[1:]'

EVERY_OTHER = """\
from comb_compiler.runtime import Messages


class Greet:
    def __init__(self, messages: Messages) -> None:
        self._answer, self._asked = messages["greeting.v1.Greeting"], set()

    def __call__(self, name: "greeting.v1.Name") -> "greeting.v1.Greeting":
        is_first = name.text not in self._asked
        self._asked.add(name.text)
        return self._answer(text="Hello " + (name.text if is_first else name.text[:1].upper() + name.text[1:]))
"""


def claiming(directory: Path, body: str) -> Path:
    """A comb that claims to greet by names in capitals, where ten samples have none."""
    greeting(directory, body)
    (directory / "comb.yaml").write_text(COMB[: COMB.index("    regular")] + CLAIM, encoding="utf-8")
    for number in range(10):
        sample(directory / f"samples/error/{number}", f"ada {number}", f"Hello Ada {number}")
    return directory


def test_what_an_earlier_change_made_better_has_to_stay_so_and_no_more(tmp_path: Path) -> None:
    before = claiming(tmp_path / "before", MENDED)
    ran, report = gate(claiming(tmp_path / "after", MENDED), "replay", "--baseline", str(before))
    assert (ran.code, verdicts(report)) == (0, {"replay optimised": "passed"}), ran.out + ran.err
    ran, report = gate(claiming(tmp_path / "worse", '"Hello " + text'), "replay", "--baseline", str(before))
    assert (ran.code, verdicts(report)) == (3, {"replay optimised": "blocked"}), ran.out + ran.err
    assert "broken, though the baseline has them right" in ran.out


def test_a_claim_that_is_new_has_to_be_proven(tmp_path: Path) -> None:
    before = greeting(tmp_path / "before")
    text = COMB[: COMB.index("  replay:")]
    (before / "comb.yaml").write_text(text, encoding="utf-8")
    ran, report = gate(claiming(tmp_path / "after", MENDED), "replay", "--baseline", str(before))
    assert (ran.code, verdicts(report)) == (0, {"replay optimised": "passed"}), ran.out + ran.err
    ran, report = gate(claiming(tmp_path / "none", '"Hello " + text'), "replay", "--baseline", str(before))
    assert (ran.code, verdicts(report)) == (3, {"replay optimised": "blocked"}), ran.out + ran.err


def test_samples_that_are_added_to_a_claim_make_it_one_of_this_change(tmp_path: Path) -> None:
    before, after = claiming(tmp_path / "before", MENDED), claiming(tmp_path / "after", MENDED)
    sample(after / "samples/error/new", "eve", "Hello Eve")
    ran, report = gate(after, "replay", "--baseline", str(before))
    assert (ran.code, verdicts(report)) == (3, {"replay optimised": "blocked"}), "all were right already"


def test_who_is_right_by_chance_is_not_made_better_by_being_asked_again(tmp_path: Path) -> None:
    before = claiming(tmp_path / "before", MENDED)
    main = before / "comb.yaml"
    main.write_text(main.read_text("utf-8").replace(CLAIM, "    regular: {samples: recorded}\n"), encoding="utf-8")
    (before / "operators.py").write_text(EVERY_OTHER, encoding="utf-8")
    ran, report = gate(claiming(tmp_path / "after", MENDED), "replay", "--baseline", str(before), "--at-once", "1")
    optimised = report["gates"][0]
    assert (optimised["gate"], optimised["ruling"]["verdict"]) == ("replay optimised", "blocked"), ran.out + ran.err
    assert optimised["ruling"]["figures"][0]["seen"] == 0, "each was right once before"
