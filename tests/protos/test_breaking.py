"""Breaking changes, row by row of a table, and what holds for all of them."""

from collections.abc import Mapping

import pytest

from comb_compiler.diagnostics import Span
from comb_compiler.protos import Enum, EnumValue, Field, Message, ProtoFile, Range, Schema
from comb_compiler.protos.breaking import RULES, Category, Change, compare, gravest
from tests.protos.rows import ROWS, Row, schema_of

EVERYTHING = tuple(Category)
GONE = ("FILE_NO_DELETE", "PACKAGE_NO_DELETE")

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)


def changes(old: str, new: str, **options: object) -> tuple[Change, ...]:
    """What is found between two texts of a.proto."""
    before, after = ({"a.proto": f'syntax = "proto3"; package v1;\n{text}\n'} for text in (old, new))
    return compare(schema_of(before, has_sources=False), schema_of(after), **options)  # type: ignore[arg-type]


def text_at(span: Span | None, files: Mapping[str, str]) -> str:
    assert span is not None
    assert span.start.line == span.end.line
    return files[span.file].split("\n")[span.start.line - 1][span.start.column - 1 : span.end.column - 1]


@each_row
def test_a_change_breaks_what_its_row_says(row: Row) -> None:
    old, new = schema_of(row.old, has_sources=False), schema_of(row.new)
    found = {
        category: frozenset(change.rule for change in compare(old, new, categories=[category]))
        for category in EVERYTHING
    }
    assert found == row.breaks


@each_row
def test_a_schema_breaks_nothing_of_itself(row: Row) -> None:
    for files in (row.old, row.new):
        assert compare(schema_of(files, has_sources=False), schema_of(files), categories=EVERYTHING) == ()


@each_row
def test_a_change_has_a_place_in_the_new_files_and_reads_like_any_finding(row: Row) -> None:
    for change in compare(schema_of(row.old, False), schema_of(row.new), categories=EVERYTHING):
        if change.span is None:
            assert change.rule in GONE or set(row.old) - set(row.new)
        else:
            assert text_at(change.span, row.new)
        assert change.hint
        assert change.message[-1] != "."
        assert "\n" not in change.message
        assert change.message[0] in "`abcdefghijklmnopqrstuvwxyz"


def test_the_table_has_a_row_for_every_rule_and_harmless_ones_beside() -> None:
    broken = frozenset[str]().union(*(rules for row in ROWS for rules in row.breaks.values()))
    assert broken == {rule.name for rule in RULES}
    assert sum(not any(row.breaks.values()) for row in ROWS) >= 30


def test_names_of_rules_and_rows_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({row.title for row in ROWS}) == len(ROWS)


def test_several_categories_give_each_rule_once_with_the_gravest() -> None:
    found = changes("message M { int32 a = 1; }", "message M { string b = 1; }")
    assert [(change.rule, change.category) for change in found] == [
        ("FIELD_WIRE_COMPATIBLE_TYPE", Category.WIRE),
        ("FIELD_WIRE_JSON_COMPATIBLE_TYPE", Category.WIRE_JSON),
        ("FIELD_SAME_TYPE", Category.FILE),
        ("FIELD_SAME_NAME", Category.WIRE_JSON),
        ("FIELD_SAME_JSON_NAME", Category.WIRE_JSON),
    ]
    assert [change.rule for change in gravest(found)] == ["FIELD_WIRE_COMPATIBLE_TYPE", "FIELD_SAME_NAME"]


def test_a_finding_says_what_changed_who_breaks_and_what_to_do() -> None:
    found = gravest(changes("message M {\n int32 width = 3;\n int32 a = 1;\n}", "message M {\n string a = 1;\n}"))
    width, a = found
    assert width.element == "v1.M.width"
    assert width.message == (
        "the field `width` (3) of `v1.M` is gone and its number is free: a later field 3 would be misread by old peers"
    )
    assert width.hint == 'keep the field, or reserve its number and its name: `reserved 3; reserved "width";`'
    assert a.element == "v1.M.a"
    assert a.message == (
        "the field `a` (1) of `v1.M` changed its type from `int32` to `string`: peers that know the old type misread it"
    )
    assert a.hint == "keep the type, or add a field under a number of its own"


def test_an_edition_reserves_names_without_quotes() -> None:
    old = {"a.proto": 'edition = "2023"; package v1; message M { int32 a = 1; } enum E { A = 0; B = 1; }'}
    new = {"a.proto": 'edition = "2023"; package v1; message M { } enum E { A = 0; }'}
    found = compare(schema_of(old, False), schema_of(new), categories=[Category.WIRE])
    assert [change.hint.partition(": ")[2] for change in found] == [
        "`reserved 1; reserved a;`",
        "`reserved 1; reserved B;`",
    ]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("message M { int32 a = 1; }", "message M { string a = 1; }", "string"),
        ("message M { int32 a = 1; }", "message M { int32 b = 1; }", "b"),
        ("message M { optional int32 a = 1; }", "message M { N a = 1; message N {} }", "N"),
        ("message M { int32 a = 1; }", "message M { }", "M"),
        ("message M { map<string, int32> a = 1; }", "message M { map<string, string> a = 1; }", "a"),
        ("message M { message N { message O {} } }", "message M { message N {} }", "N"),
        ("message M { message N { enum E { A = 0; } } }", "message M { }", "M"),
        ("message M { } message N { }", "message M { }", "package v1;"),
        ("enum E { A = 0; B = 1; }", "enum E { A = 0; }", "E"),
        ("enum E { A = 0; B = 1; }", "enum E { A = 0; C = 1; }", "C"),
        ("message M { } service S { rpc Do(M) returns (M); }", "message M { } service S { }", "S"),
    ],
)
def test_a_place_is_as_near_as_can_be(old: str, new: str, text: str) -> None:
    files = {"a.proto": f'syntax = "proto3"; package v1;\n{new}\n'}
    found = gravest(changes(old, new))
    assert {text_at(change.span, files) for change in found} == {text}


class TestWhatIsReached:
    """With roots the encodings count only for what peers exchange."""

    BEFORE = """
      message Ask { Frame frame = 1; } message Answer { int32 score = 1; }
      message Frame { map<string, Mark> marks = 1; Kind kind = 2; } message Mark { int32 x = 1; }
      enum Kind { KIND_0 = 0; KIND_1 = 1; }
      message Aside { int32 x = 1; }
      service S { rpc Rate(Ask) returns (Answer); rpc Other(Aside) returns (Aside); }
    """

    def breaks(self, *edits: tuple[str, str], roots: list[str]) -> list[tuple[str, str]]:
        after = self.BEFORE
        for old, new in edits:
            assert old in after
            after = after.replace(old, new)
        return [(change.element, change.category.name) for change in gravest(changes(self.BEFORE, after, roots=roots))]

    def test_what_a_method_exchanges_counts(self) -> None:
        found = self.breaks(("score", "rating"), roots=["v1.S/Rate"])
        assert found == [("v1.Answer.rating", "WIRE_JSON")]

    def test_what_is_deep_inside_counts(self) -> None:
        found = self.breaks(("Mark { int32 x", "Mark { string x"), (" KIND_1 = 1;", ""), roots=["v1.S/Rate"])
        assert found == [("v1.Mark.x", "WIRE"), ("v1.Kind.KIND_1", "WIRE")]

    def test_what_nobody_exchanges_breaks_only_code(self) -> None:
        edits = (("Aside { int32 x", "Aside { string x"), ("Other(Aside)", "Other(stream Aside)"))
        assert self.breaks(*edits, roots=["v1.S/Rate"]) == [("v1.Aside.x", "FILE"), ("v1.S/Other", "FILE")]

    def test_a_message_can_be_given(self) -> None:
        found = self.breaks(("Aside { int32 x", "Aside { string x"), roots=["v1.Aside", "v1.Nowhere", "v1.S/No"])
        assert found == [("v1.Aside.x", "WIRE")]

    def test_what_the_new_schema_no_longer_exchanges_breaks_nobody(self) -> None:
        edits = (("Frame frame = 1;", 'reserved 1; reserved "frame";'), ("Mark { int32 x", "Mark { string x"))
        assert self.breaks(*edits, roots=["v1.S/Rate"]) == [("v1.Ask.frame", "FILE"), ("v1.Mark.x", "FILE")]

    def test_a_package_counts_where_something_in_it_is_exchanged(self) -> None:
        old = {"a.proto": 'syntax = "proto3"; package v1; message M { }', "b.proto": 'syntax = "proto3"; message N { }'}
        new = {
            "a.proto": 'syntax = "proto3"; package v2; message M { }',
            "b.proto": 'syntax = "proto3"; package v2; message N { }',
        }
        found = compare(schema_of(old, False), schema_of(new), roots=["v1.M", "v2.M"])
        assert [(change.element, change.category.name) for change in found] == [
            ("a.proto", "WIRE"),
            ("b.proto", "FILE"),
        ]

    def test_a_renamed_map_is_still_exchanged(self) -> None:
        edits = (("marks = 1", "signs = 1"), ("<string, Mark>", "<string, string>"))
        found = self.breaks(*edits, roots=["v1.S/Rate"])
        assert ("v1.Frame.SignsEntry.value", "WIRE") in found

    def test_an_extension_of_a_message_is_exchanged_with_it(self) -> None:
        head = 'syntax = "proto2"; package v1; message M { extensions 100 to 200; } message N { optional %s a = 1; }'
        old, new = ({"a.proto": head % kind + " extend M { optional N n = 100; }"} for kind in ("int32", "string"))
        found = compare(schema_of(old, False), schema_of(new), roots=["v1.M"], categories=[Category.WIRE])
        assert [change.element for change in found] == ["v1.N.a"]


class TestWhoseFilesCount:
    """A file that the checkout does not have cannot be changed in it."""

    OLD = Schema(
        {
            "google/protobuf/any.proto": ProtoFile("google/protobuf/any.proto", "", "google.protobuf", "proto3"),
            "vendored.proto": ProtoFile("vendored.proto", "", "v", "proto3"),
            "a.proto": ProtoFile("a.proto", "", "v1", "proto3"),
        },
        {
            "google.protobuf.Any": Message(
                "google.protobuf.Any", "google/protobuf/any.proto", (Field("a", 1, "int32"),)
            ),
            "v.V": Message("v.V", "vendored.proto", (Field("a", 1, "int32"),)),
            "v1.M": Message("v1.M", "a.proto", (Field("a", 1, "int32"),)),
        },
    )

    def test_googles_and_others_do_not(self) -> None:
        files = {
            name: file._replace(path="p/a.proto" if name == "a.proto" else "") for name, file in self.OLD.files.items()
        }
        messages = {name: message._replace(fields=()) for name, message in self.OLD.messages.items()}
        found = compare(self.OLD, Schema(files, messages), categories=[Category.WIRE])
        assert [change.element for change in found] == ["v1.M.a"]

    def test_what_is_gone_counts_unless_it_is_googles(self) -> None:
        found = compare(self.OLD, Schema(), categories=[Category.FILE])
        assert [change.element for change in found] == ["vendored.proto", "a.proto"]


def large(kind: str, values: int, fields: int) -> Schema:
    file = {"a.proto": ProtoFile("a.proto", "a.proto", "v1", "proto3")}
    numbers = range(1, fields + 1)
    reserved = tuple(Range(number, number) for number in numbers if number % 4 == 2)
    message = Message("v1.M", "a.proto", tuple(Field(f"f{n}", n, kind) for n in numbers if n % values), (), reserved)
    enum = Enum("v1.E", "a.proto", tuple(EnumValue(f"V{n}", n) for n in numbers if n % values), False, reserved)
    return Schema(file, {"v1.M": message}, {"v1.E": enum})


def test_twenty_thousand_fields_are_all_compared() -> None:
    found = gravest(compare(large("int32", 10**9, 20_000), large("string", 2, 20_000)))
    assert (
        len(found) == 30_000
    )  # of 20,000 fields each second is gone, the others are texts; of the values half is gone
