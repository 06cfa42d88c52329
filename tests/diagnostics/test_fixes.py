"""Applying fixes: exact, atomic, and the first one wins."""

from itertools import pairwise

from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Diagnostic, Edit, Fix, Position, Span
from comb_compiler.diagnostics.fixes import apply_fixes, repair_files
from comb_compiler.diagnostics.lines import Lines
from tests.diagnostics.strategies import diagnostics, fixes, texts

FILE = "comb.yaml"
Offsets = list[tuple[int, int, str]]


def fix_at(text: str, edits: Offsets, title: str = "", file: str = FILE) -> Fix:
    """A fix by offsets."""
    place = Lines(text).position
    return Fix(title, tuple(Edit(Span(file, place(start), place(end)), new) for start, end, new in edits))


def spliced(text: str, edits: Offsets) -> str:
    """`edits` applied, by the plainest algorithm: from the last to the first."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def is_sound(edits: Offsets) -> bool:
    """No two edits cover the same text or begin at one place."""
    ordered = sorted(edits)
    return all(a[1] <= b[0] and a[:2] != b[:2] for a, b in pairwise(ordered))


@given(texts.flatmap(lambda text: st.tuples(st.just(text), fixes(text))))
def test_what_is_applied_is_exactly_what_the_edits_say(drawn: tuple[str, list[Offsets]]) -> None:
    text, given_edits = drawn
    given_fixes = [fix_at(text, edits, str(number)) for number, edits in enumerate(given_edits)]
    repair = apply_fixes(text, given_fixes)
    assert sorted(repair.applied + repair.skipped) == sorted(given_fixes)
    by_edits = {given_fixes[number].edits: edits for number, edits in enumerate(given_edits)}
    distinct = {fix.edits: by_edits[fix.edits] for fix in repair.applied}
    assert repair.text == spliced(text, [edit for edits in distinct.values() for edit in edits])


@given(texts.flatmap(lambda text: st.tuples(st.just(text), fixes(text))))
def test_only_overlap_or_unsoundness_is_a_reason_to_skip(drawn: tuple[str, list[Offsets]]) -> None:
    text, given_edits = drawn
    given_fixes = {fix_at(text, edits, str(number)): edits for number, edits in enumerate(given_edits)}
    repair = apply_fixes(text, given_fixes)
    taken = [given_fixes[fix] for fix in repair.applied]
    for fix in repair.skipped:
        edits = given_fixes[fix]
        reach = (min(edit[0] for edit in edits), max(edit[1] for edit in edits))
        touches = any(reach[0] <= max(e[1] for e in other) and min(e[0] for e in other) <= reach[1] for other in taken)
        assert touches or not is_sound(edits)


@given(texts.flatmap(lambda text: st.tuples(st.just(text), fixes(text))), st.integers(0, 5))
def test_the_order_in_which_fixes_come_does_not_matter(drawn: tuple[str, list[Offsets]], turn: int) -> None:
    text, given_edits = drawn
    given_fixes = [fix_at(text, edits, str(number)) for number, edits in enumerate(given_edits)]
    turned = given_fixes[turn:] + given_fixes[:turn]
    assert apply_fixes(text, given_fixes).text == apply_fixes(text, turned).text == apply_fixes(text, turned[::-1]).text


@given(diagnostics(), texts)
def test_it_never_raises_and_never_half_applies(found: list[Diagnostic], text: str) -> None:
    given_fixes = [item.fix for item in found if item.fix]
    repair = apply_fixes(text, given_fixes)
    assert len(repair.applied) + len(repair.skipped) == len(given_fixes)
    repairs = repair_files({FILE: text}, given_fixes)
    assert all(edit.span.file == FILE for fix in repairs.applied for edit in fix.edits)


def test_two_insertions_of_one_fix_at_one_place_have_no_order() -> None:
    fix = fix_at("ab", [(1, 1, "x"), (1, 1, "y")])
    assert apply_fixes("ab", [fix]) == ("ab", (), (fix,))


def test_the_first_in_reading_order_wins() -> None:
    text = "abcdef"
    first, second, third = fix_at(text, [(0, 3, "x")]), fix_at(text, [(2, 4, "y")]), fix_at(text, [(5, 6, "z")])
    repair = apply_fixes(text, [third, second, first])
    assert repair == ("xdez", (first, third), (second,))


def test_fixes_that_touch_wait_for_another_round() -> None:
    repair = apply_fixes("ab", [fix_at("ab", [(0, 1, "x")]), fix_at("ab", [(1, 2, "y")])])
    assert repair.text == "xb"


def test_what_lies_between_the_edits_of_a_fix_waits_too() -> None:
    """Quoting a text, and changing its inside, were thought out one without the other."""
    text = "a: b c"
    quote, inside = fix_at(text, [(3, 3, '"'), (6, 6, '"')]), fix_at(text, [(4, 5, '"')])
    assert apply_fixes(text, [inside, quote]).text == 'a: "b c"'


def test_equal_fixes_of_two_findings_count_as_one() -> None:
    fix = fix_at("ab", [(0, 1, "x")])
    again = fix._replace(title="said otherwise")
    assert apply_fixes("ab", [fix, again]) == ("xb", (fix, again), ())


def test_positions_hold_for_every_line_break_and_character() -> None:
    text = "🙂: 1\r\nb\u2028c: 2\rd: 3\n"
    edits = [
        Edit(Span(FILE, Position(2, 2), Position(2, 3)), " "),
        Edit(Span(FILE, Position(3, 4), Position(3, 5)), "4"),
    ]
    assert apply_fixes(text, [Fix("", tuple(edits))]).text == "🙂: 1\r\nb c: 2\rd: 4\n"


def test_a_byte_order_mark_is_no_column() -> None:
    fix = Fix("", (Edit(Span(FILE, Position(1, 1), Position(1, 2)), "x"),))
    assert apply_fixes("\ufeffab", [fix]).text == "\ufeffxb"


def test_a_line_is_deleted_with_its_break() -> None:
    fix = Fix("", (Edit(Span(FILE, Position(2, 1), Position(3, 1)), ""),))
    assert apply_fixes("a\r\nb\r\nc", [fix]).text == "a\r\nc"


def test_a_place_past_the_end_of_a_line_is_no_place() -> None:
    fix = Fix("", (Edit(Span(FILE, Position(1, 3), Position(1, 3)), "x"),))
    assert apply_fixes("a\nb", [fix]).skipped == (fix,)


def test_a_fix_of_two_files_is_applied_in_both_or_in_none() -> None:
    both = Fix(
        "", (Edit(Span("a", Position(1, 1), Position(1, 2)), "x"), Edit(Span("b", Position(1, 1), Position(1, 2)), "y"))
    )
    assert repair_files({"a": "1", "b": "2", "c": "3"}, [both]).texts == {"a": "x", "b": "y"}
    assert repair_files({"a": "1"}, [both]) == ({}, (), (both,))
    assert apply_fixes("1", [both]).skipped == (both,)
    first = Fix("", (Edit(Span("a", Position(1, 1), Position(1, 1)), "0"),))
    assert repair_files({"a": "1", "b": "2"}, [both, first]) == ({"a": "01"}, (first,), (both,))
