"""Finding the .proto files of a comb, and what protoc says of them, at the places of Comb."""

import textwrap
from collections.abc import Mapping

import pytest

from comb_compiler.diagnostics import Code, Position, codes
from comb_compiler.protos.compiled import Protos, from_bytes, to_bytes
from comb_compiler.protos.imports import find_imports
from comb_compiler.source.memo import NOTHING_KEPT
from comb_compiler.workspace.protos import compile_protos, gather_protos
from tests.support.memory import MemoryCheckout

HEAD = 'syntax = "proto3";\n'


def compiled(files: Mapping[str, str], main: str = "a.proto", include: tuple[str, ...] = ()) -> Protos:
    checkout = MemoryCheckout({name: text.encode() for name, text in files.items()})
    return compile_protos(gather_protos(checkout, [main], include), checkout, NOTHING_KEPT)


def roots(files: Mapping[str, str], main: str, include: tuple[str, ...] = ()) -> tuple[str, ...]:
    checkout = MemoryCheckout({name: text.encode() for name, text in files.items()})
    return gather_protos(checkout, [main], include).roots


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('import "a.proto";', ["a.proto"]),
        ("import 'a.proto'; import public \"b.proto\";import weak 'c.proto';", ["a.proto", "b.proto", "c.proto"]),
        ('// import "a.proto";\n/* import "b.proto"; */ import "c.proto";', ["c.proto"]),
        ('option x = "import"; message M { string import = 1 [default = "a.proto"]; }', []),
        ('message M { import "a.proto"; } import "b.proto";', ["b.proto"]),
        ('import "a.proto', []),
        ("import a.proto;", []),
        ("/* never closed import 'a.proto';", []),
        ('import /* why */ "a.proto" // so\n;', ["a.proto"]),
    ],
)
def test_imports_are_found_without_a_compiler(text: str, names: list[str]) -> None:
    assert [one.name for one in find_imports(text)] == names
    assert all(text[one.start + 1 : one.end - 1] == one.name for one in find_imports(text))


def test_the_root_of_imports_is_the_nearest_directory_from_which_all_are_found() -> None:
    files = {"p/x/v1/a.proto": HEAD + 'import "x/v1/b.proto";', "p/x/v1/b.proto": HEAD}
    assert roots(files, "p/x/v1/a.proto") == ("p",)
    assert compiled(files, "p/x/v1/a.proto").schema is not None
    beside = {"p/a.proto": HEAD + 'import "b.proto";', "p/b.proto": HEAD, "b.proto": "not one"}
    assert roots(beside, "p/a.proto") == ("p",)
    deep = {"p/a.proto": HEAD + 'import "q/b.proto";', "q/b.proto": HEAD + 'import "p/c.proto";', "p/c.proto": HEAD}
    assert roots(deep, "p/a.proto") == ("",)


def test_included_directories_are_looked_into_after_the_root() -> None:
    files = {"p/a.proto": HEAD + 'import "third/b.proto";', "vendor/third/b.proto": HEAD}
    assert roots(files, "p/a.proto", ("vendor",)) == ("p", "vendor")
    assert compiled(files, "p/a.proto", ("vendor",)).schema is not None
    assert [one.code for one in compiled(files, "p/a.proto").diagnostics] == [codes.UNKNOWN_IMPORT]


def test_what_was_asked_for_in_vain_is_known() -> None:
    checkout = MemoryCheckout({"p/a.proto": (HEAD + 'import "b.proto";').encode(), "b.proto": HEAD.encode()})
    gathered = gather_protos(checkout, ["p/a.proto"], ())
    assert set(gathered.looked_at) == {"p/a.proto", "p/b.proto", "b.proto"}


def test_protocs_files_are_there_without_being_in_the_checkout() -> None:
    found = compiled(
        {"a.proto": HEAD + 'import "google/protobuf/any.proto"; message M { google.protobuf.Any any = 1; }'}
    )
    assert found.schema is not None
    assert found.schema.files["google/protobuf/any.proto"].path == ""
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("message M { strin a = 1; }", (2, 13), "strin"),
        ("message M {\n\tstring ä_ = 1; }", (3, 9), ""),
        ("message M {\n\t\tstring a = 1;\n\t\tstring a = 2;\n}", (4, 10), "already defined"),
        ("// äöü 💡\nmessage M { /* ä💡 */ strin a = 1; }", (3, 22), "strin"),
        ("message M { string a = 1 }", (2, 26), ""),
        ("message M { string a = 1; string b = 1; }", (2, 38), "already been used"),
        ("service S { rpc R(Nothing) returns (Nothing); }", (2, 19), "Nothing"),
    ],
)
def test_errors_are_at_the_line_and_column_of_the_text(text: str, place: tuple[int, int], words: str) -> None:
    found = compiled({"a.proto": HEAD + text})
    assert found.schema is None
    first = found.diagnostics[0]
    assert first.code is codes.BAD_PROTO
    assert first.primary is not None
    assert (first.primary.span.file, first.primary.span.start) == ("a.proto", Position(*place))
    assert words in first.message


def test_an_error_in_an_imported_file_is_shown_there() -> None:
    found = compiled({"p/a.proto": HEAD + 'import "b.proto";', "p/b.proto": HEAD + "message M { x }"}, "p/a.proto")
    assert {one.primary.span.file for one in found.diagnostics if one.primary and one.primary.span.start.line > 1} >= {
        "p/b.proto"
    }


def test_files_that_import_each_other_are_refused() -> None:
    found = compiled({"a.proto": HEAD + 'import "b.proto";', "b.proto": HEAD + 'import "a.proto";'})
    assert any("recursively imports itself" in one.message for one in found.diagnostics)


@pytest.mark.parametrize("name", ["../b.proto", "/etc/passwd", "./b.proto", "x/../b.proto", "a\\\\b.proto", ""])
def test_an_import_that_leads_elsewhere_is_refused_where_it_is_written(name: str) -> None:
    found = compiled({"p/a.proto": f'{HEAD}import "{name}";', "b.proto": HEAD}, "p/a.proto")
    (one,) = found.diagnostics
    assert one.code is codes.UNKNOWN_IMPORT
    assert one.primary is not None
    assert one.primary.span.start == Position(2, 8)


def test_a_warning_does_not_keep_the_types_back() -> None:
    found = compiled({"a.proto": HEAD + 'import "b.proto";', "b.proto": HEAD})
    assert found.schema is not None
    assert [one.code for one in found.diagnostics] == [codes.PROTO_WARNING]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "message " * 10_000,
        "message M {" * 2_000,
        "option x = " + "[" * 50_000,
        'syntax = "proto9";',
        'edition = "2023"; message M { int32 a = 1; }',
        'syntax = "proto2"; message M { optional group G = 1 { optional int32 a = 1; } required string s = 2; }',
        "message M { " + " ".join(f"int32 f{n} = {n};" for n in range(1, 5_000)) + " }",
        "\ufeff" + HEAD + "message M {}",
    ],
    ids=lambda text: text[:20],
)
def test_nothing_that_is_written_raises(text: str) -> None:
    found = compiled({"a.proto": text})
    assert (found.schema is None) == any(one.code is codes.BAD_PROTO for one in found.diagnostics)
    for one in found.diagnostics:
        assert one.primary is not None
        assert one.message


def test_what_is_kept_reads_back_the_same() -> None:
    text = """
        syntax = "proto2";
        package k;
        import "google/protobuf/duration.proto";
        enum E { option allow_alias = true; A = 1; B = 1; reserved 5 to 7; }
        message M {
          optional int32 in = 1 [default = 3];
          repeated E from = 2 [packed = true];
          map<string, M> class = 3;
          oneof one { string a = 4; google.protobuf.Duration b = 5; }
          optional group G = 6 { optional bytes x = 1; }
          reserved 9, 11 to 13;
          reserved "old";
          extensions 100 to 199;
        }
        extend M { optional string more = 100; }
        service S { rpc R(M) returns (stream M); }
    """
    found = compiled({"a.proto": textwrap.dedent(text)})
    assert found.schema is not None
    assert from_bytes(to_bytes(found)) == found


@pytest.mark.parametrize(("content", "code"), [(b"// \xe4\n", codes.NOT_UTF8), (b"// a\x00b\n", codes.BINARY_FILE)])
def test_a_file_that_is_no_text_is_refused(content: bytes, code: Code) -> None:
    checkout = MemoryCheckout({"a.proto": HEAD.encode() + content})
    found = compile_protos(gather_protos(checkout, ["a.proto"], ()), checkout, NOTHING_KEPT)
    assert [one.code for one in found.diagnostics] == [code]
    assert found.schema is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_mistake_stands_on_its_line_whatever_ends_lines(end: str) -> None:
    text = end.join(('syntax = "proto3";', "/* \u4f60\tso */", "message M {", "\tNobody n = 1;", "}", ""))
    found = compiled({"a.proto": text}).diagnostics
    assert [one.primary and (one.primary.span.start, one.primary.span.end) for one in found] == [
        (Position(4, 2), Position(4, 8))
    ]


def test_files_may_be_called_what_people_call_them() -> None:
    found = compiled(
        {"é b.proto": HEAD + 'import public "日/ö.proto";', "日/ö.proto": HEAD + "message M {}"}, "é b.proto"
    )
    assert found.schema is not None
    assert "M" in found.schema.messages


def _code_and_message(protos: Protos) -> tuple[Code, str]:
    (found,) = protos.diagnostics
    return found.code, found.message


def test_more_than_anybody_imports_is_refused_before_protoc_sees_it() -> None:
    padding = f"// {'x' * 2_000_000}\n"
    files = {f"f{number}.proto": f"{HEAD}{padding}" for number in range(5)}
    main = HEAD + "".join(f'import "{name}";\n' for name in files)
    code, message = _code_and_message(compiled({"a.proto": main, **files}))
    assert code is codes.FILE_TOO_LARGE
    assert message == "`a.proto` and what it imports are more than the 8,388,608 bytes that Comb compiles"


def test_more_files_than_anybody_imports_are_refused() -> None:
    files = {f"f{number}.proto": f'{HEAD}import "f{number + 1}.proto";\n' for number in range(2_100)}
    code, message = _code_and_message(compiled({"a.proto": f'{HEAD}import "f0.proto";\n', **files}))
    assert code is codes.FILE_TOO_LARGE
    assert message == "`a.proto` and what it imports are more than the 1,999 files that Comb compiles"
