"""What holds for breaking changes of any schema."""

from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Span
from comb_compiler.protos import Schema
from comb_compiler.protos.breaking import Category, Change, compare, gravest
from tests.protos.drawn import DrawnFile, added_to, files, rebuilt, text_of
from tests.protos.rows import schema_of

EVERYTHING = tuple(Category)


def published(file: DrawnFile) -> Schema:
    return schema_of({"a.proto": text_of(file)}, has_sources=False)


def checked_out(file: DrawnFile) -> Schema:
    return schema_of({"a.proto": text_of(file)})


@given(files())
def test_a_schema_breaks_nothing_of_itself(file: DrawnFile) -> None:
    assert compare(published(file), checked_out(file), categories=EVERYTHING) == ()


@given(st.data())
def test_what_is_only_added_to_breaks_nothing(data: st.DataObject) -> None:
    file = data.draw(files())
    more = data.draw(added_to(file))
    assert compare(published(file), checked_out(more), categories=EVERYTHING) == ()


@given(st.data())
def test_every_change_has_a_place_in_the_new_file(data: st.DataObject) -> None:
    file = data.draw(files())
    changed = data.draw(rebuilt(file))
    lines = text_of(changed).split("\n")
    for change in compare(published(file), checked_out(changed), categories=EVERYTHING):
        assert isinstance(change.span, Span)
        start, end = change.span.start, change.span.end
        assert change.span.file == "a.proto"
        assert 1 <= start.line == end.line <= len(lines)
        assert 1 <= start.column < end.column <= len(lines[start.line - 1]) + 1


@given(st.data())
def test_a_field_breaks_exactly_where_it_was_changed(data: st.DataObject) -> None:
    """Every field that is gone or another is found, and none beside."""
    file = data.draw(files())
    changed = data.draw(rebuilt(file))
    expected = set()
    for name, message in file.messages.items():
        for number, old in message.fields.items():
            new = changed.messages[name].fields.get(number)
            if new is None or _meaning(new) != _meaning(old):
                expected.add(f"v1.{name}.{(new or old)[2]}")
    found = compare(published(file), checked_out(changed), categories=[Category.FILE])
    assert {_field(change) for change in found if change.rule.startswith("FIELD_")} - {""} == expected


def _meaning(field: tuple[str, str, str]) -> tuple[str, str, str]:
    label, kind, name = field
    if kind.startswith("map<") or (label == "optional " and kind.startswith("M")):
        label = ""
    return label, kind, name


def _field(change: Change) -> str:
    """The field of a message of the file's, also for a change of what a map of that name holds."""
    _, message, name, *inner = change.element.split(".")
    if name.endswith("Entry"):
        name = f"f_{name.removeprefix('F').removesuffix('Entry')}"
        return f"v1.{message}.{name.replace('X', '_x')}"
    return "" if inner else f"v1.{message}.{name}"


@given(st.data())
def test_one_change_is_left_of_those_that_say_the_same(data: st.DataObject) -> None:
    file = data.draw(files())
    changed = data.draw(rebuilt(file))
    found = compare(published(file), checked_out(changed), categories=EVERYTHING)
    kept = gravest(found)
    assert set(kept) <= set(found)
    assert len({(change.about, change.element) for change in kept}) == len(kept)
    for change in found:
        (left,) = (one for one in kept if (one.about, one.element) == (change.about, change.element))
        assert left.category <= change.category


@given(st.data())
def test_roots_take_findings_away_and_add_none(data: st.DataObject) -> None:
    file = data.draw(files())
    changed = data.draw(rebuilt(file))
    roots = data.draw(st.sets(st.sampled_from([f"v1.{name}" for name in file.messages])))
    encodings = (Category.WIRE, Category.WIRE_JSON)
    everything = compare(published(file), checked_out(changed), categories=encodings)
    reached = compare(published(file), checked_out(changed), categories=encodings, roots=roots)
    assert set(reached) <= set(everything)
    if not roots:
        assert reached == ()
    for change in everything:
        message = change.element.rpartition(".")[0]
        if message in roots:
            assert change in reached
