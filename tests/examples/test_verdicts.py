"""Lines and score → decision, by the rules of the example and by broken ones."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.runtime import Model
from tests.examples.moderation import EXAMPLE, messages

pytestmark = pytest.mark.usefixtures("operators")
RULES = EXAMPLE / "rules" / "decision.json"
ALLOW, REVIEW, BLOCK = 1, 2, 3
NUDITY, PHRASE, CONTACT, NO_TEXT, NO_PICTURE = 1, 2, 3, 4, 5


def verdict(*lines: str, score: float = 0.9, degraded: bool = False, unsafe: dict[str, Any] | None = None) -> Any:
    texts = [{"text": text, "score": score} for text in lines]
    given: Any = messages()["moderation.v1.Lines"](lines=texts, degraded=degraded)
    scored: Any = None if unsafe is None else messages()["moderation.v1.UnsafeScore"](**unsafe)
    model: Model[Any] = Model("decision-rules", "1.0.0", "custom", RULES, {})
    return import_module("operators.verdict").Decide(model, messages())(given, scored)


def reasons(answer: Any) -> list[tuple[int, int, int | None, str]]:
    return [(one.code, one.decision, one.line if one.HasField("line") else None, one.detail) for one in answer.reasons]


def test_nothing_against_it_is_allowed() -> None:
    answer = verdict("Good morning", unsafe={"score": 0.39})
    assert (answer.decision, reasons(answer)) == (ALLOW, [])
    assert answer.unsafe_score == pytest.approx(0.39)
    assert answer.lines[0].text == "Good morning"


@pytest.mark.parametrize(
    ("text", "decision", "code", "detail"),
    [
        ("Buy followers", BLOCK, PHRASE, "buy followers"),
        ("BUY  FOLLOWERS", BLOCK, PHRASE, "buy followers"),
        ("buyfollowers!", BLOCK, PHRASE, "buy followers"),
        ("b u y f o l l o w e r s", BLOCK, PHRASE, "buy followers"),
        ("ＢＵＹ followers", BLOCK, PHRASE, "buy followers"),  # noqa: RUF001  full width, as some keyboards write it
        ("free coins", REVIEW, PHRASE, "free coins"),
        ("Call +1 555 010 7788", REVIEW, CONTACT, "phone"),
        ("Call+15550107788", REVIEW, CONTACT, "phone"),
        ("see www.example.com", REVIEW, CONTACT, "url"),
        ("Add me on chat", REVIEW, CONTACT, "handle"),
    ],
)
def test_a_rule_finds_its_words_however_they_are_written(text: str, decision: int, code: int, detail: str) -> None:
    answer = verdict("Hello", text)
    assert (answer.decision, reasons(answer)) == (decision, [(code, decision, 1, detail)])


@pytest.mark.parametrize("text", ["Followers buy", "Room 5550107", "The www", "Add salt"])
def test_near_misses_are_allowed(text: str) -> None:
    assert verdict(text).decision == ALLOW


def test_lines_that_were_read_with_little_certainty_are_not_judged() -> None:
    assert verdict("Buy followers", score=0.69).decision == ALLOW


def test_the_gravest_reason_comes_first_and_decides() -> None:
    answer = verdict("free coins", "buy followers", "www.example.com")
    assert [one[1] for one in reasons(answer)] == [BLOCK, REVIEW, REVIEW]
    assert [one[2] for one in reasons(answer)] == [1, 0, 2]
    assert answer.decision == BLOCK


@pytest.mark.parametrize(("score", "decision"), [(0.5, REVIEW), (0.9, BLOCK)])
def test_nudity_has_two_thresholds(score: float, decision: int) -> None:
    answer = verdict(unsafe={"score": score})
    assert (answer.decision, reasons(answer)) == (decision, [(NUDITY, decision, None, "")])


def test_what_could_not_be_examined_is_for_a_person() -> None:
    answer = verdict(degraded=True, unsafe={"degraded": True, "score": 0.1})
    assert answer.decision == REVIEW
    assert [one[0] for one in reasons(answer)] == [NO_TEXT, NO_PICTURE]
    assert not answer.HasField("unsafe_score")


def test_a_phrase_that_was_read_blocks_though_other_text_was_missed() -> None:
    assert verdict("buy followers", degraded=True).decision == BLOCK


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nudity": None}, "does not have the form"),
        ({"nudity": {"review": 0.4}}, "has no 'block'"),
        ({"nudity": {"review": 0.9, "block": 0.8}}, "is blocked from 0.8 on, but reviewed only from 0.9 on"),
        ({"nudity": {"review": "low", "block": 0.8}}, "'low' is no number from 0 to 1"),
        ({"contact": {"minScore": 0.7, "review": {"phone": "(["}}}, "which is none"),
        ({"phrases": {"minScore": 2, "review": [], "block": []}}, "2 is no number"),
    ],
)
def test_broken_rules_are_told_at_the_start(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({**json.loads(RULES.read_text("utf-8")), **change}), encoding="utf-8")
    with pytest.raises(ValueError, match=r".") as caught:
        import_module("operators.rules").read_rules(rules)
    assert reason in str(caught.value)
