"""Codes, their pages and their golden cases are the same lists."""

from collections import Counter

from comb_compiler.diagnostics import CODES
from comb_compiler.diagnostics.explain import PAGES
from tests.golden.archive import load
from tests.golden.test_cases import CASES

IDS = [code.id for code in CODES]


def test_every_code_has_a_case_and_no_case_has_another_code() -> None:
    assert sorted({intent.code for path in CASES for intent in load(path).intents}) == sorted(IDS)


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(path.name for path in PAGES.iterdir()) == sorted(f"{identifier}.md" for identifier in IDS)


def test_ids_and_names_are_used_once() -> None:
    assert [name for name, count in Counter(code.name for code in CODES).items() if count > 1] == []
    assert len(set(IDS)) == len(IDS)


def test_severities_of_cases_are_those_of_their_codes() -> None:
    severities = {code.id: code.severity.value for code in CODES}
    stated = {(intent.code, intent.severity) for path in CASES for intent in load(path).intents}
    assert stated <= set(severities.items())


def test_a_case_that_says_nothing_says_that_it_is_a_near_miss() -> None:
    silent = [path.stem for path in CASES if not load(path).intents]
    near = [path.stem for path in CASES if path.read_text(encoding="utf-8").startswith("# Near miss")]
    assert silent == near
