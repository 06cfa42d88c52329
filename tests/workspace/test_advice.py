"""protoc's own sentences, of a real run, each with what to do about it."""

from pathlib import Path

import pytest

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.source.memo import NOTHING_KEPT
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.protos import compile_protos, gather_protos

HEAD = 'syntax = "proto3";\npackage shop.v1;\n'
MISTAKES = {
    "message A { string b = 1 }": "one is missing before this",
    "message A { string b = 1\n}": "at the end of the line above",
    "message A { string b; }": "a field is `type name = number;`",
    "message A { string = 1; }": "a field is `type name = number;`",
    "message A { string b = -1; }": "a field is `type name = number;`",
    "message A { string b = 0; }": "number fields from 1",
    "message A { string b = 19000; }": "below 19000",
    "message A { reserved 1; string b = 1; }": "never used",
    "message A { string b = 1; string c = 1; }": "another number",
    "message A { string a_b = 1; string aB = 2; }": "in JSON",
    "message A { string b = 1;": "a `}` is missing",
    "message A {} }": "closes nothing",
    "# a comment": "a comment begins with `//`",
    "mesage A {}": "did you mean `message`?",
    "def run(): ...": "a .proto is made of",
    'edition = "2023";': "the first statement",
    "message A { strng b = 1; }": "did you mean `string`?",
    "message A { str b = 1; }": "Protobuf has `string` for it",
    "message A { boolean b = 1; }": "Protobuf has `bool` for it",
    "message A { Thing b = 1; }": "declare `message Thing`",
    "message A { message B {} } message C { B b = 1; }": "write its full name",
    "message A { google.protobuf.Timestamp b = 1; }": 'add `import "google/protobuf/timestamp.proto";`',
    "message A { required string b = 1; }": "leave `required` out",
    "message A { repeated map<string, string> b = 1; }": "leave the label out",
    "message A { map<float, string> b = 1; }": "as the key",
    "message A { repeated group B = 1 {} }": "declare a message",
    "message A { string b = 1 [json_name = “c”]; }": "straight",
    'message A { string b = 1 [json_name = "c]; }': "close a text on its line",
    "enum A { B = 1; }": "KIND_UNSPECIFIED = 0",
    "enum A {}": "KIND_UNSPECIFIED",
    "enum A { OK = 0; } enum B { OK = 0; }": "begin each value with the name of its enum",
    "enum A { B = 0; C = 0; }": "its own number",
    "message A {} message A {}": "rename one of the two",
    "message A {} service S { rpc M(A); }": "rpc Name(Request) returns (Response);",
    "service S { rpc M(string) returns (string); }": "takes and returns messages",
    "import google/protobuf/any.proto;": "write the path in quotes",
    "package other;": "keep one `package`",
    'option (unheard) = "of";': "import the file that declares the option",
}


def findings(text: str, directory: Path) -> tuple[Diagnostic, ...]:
    (directory / "shop.proto").write_text(text, encoding="utf-8")
    checkout = Checkout(directory)
    return compile_protos(gather_protos(checkout, ["shop.proto"], ()), checkout, NOTHING_KEPT).diagnostics


@pytest.mark.parametrize(("mistake", "advice"), MISTAKES.items())
def test_what_protoc_says_comes_with_what_to_do(mistake: str, advice: str, tmp_path: Path) -> None:
    found = findings(f"{HEAD}{mistake}\n", tmp_path)
    assert any(advice in hint for hint in found[0].hints), found
    assert [one for one in found if not one.hints] == []


@pytest.mark.parametrize("mistake", [one for one, advice in MISTAKES.items() if advice.startswith("did you mean")])
def test_what_was_meant_is_a_repair(mistake: str, tmp_path: Path) -> None:
    [one] = findings(f"{HEAD}{mistake}\n", tmp_path)
    assert one.fix is not None
    [edit] = one.fix.edits
    start, end = edit.span.start.column - 1, edit.span.end.column - 1
    mended = mistake[:start] + edit.text + mistake[end:]
    assert findings(f"{HEAD}{mended}\n", tmp_path) == ()


def test_a_character_of_several_bytes_is_one_mistake(tmp_path: Path) -> None:
    assert len(findings(f"{HEAD}message Frühling {{ string größe = 1; }}\n", tmp_path)) == 1
