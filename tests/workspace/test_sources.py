"""What a compilation may look at: the file, what it names, its lock, and which models are there."""

import time
from pathlib import Path

import pytest

from comb_compiler.diagnostics import codes
from comb_compiler.source import SourceFile, SourceSet, Unavailable
from comb_compiler.spec import loading
from comb_compiler.spec.files import file_findings, named_files
from comb_compiler.spec.reading import Reading, read
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED
from tests.workspace.trees import Link, checkout_of, code_of, comb_text, places

PROTO = """\
syntax = "proto3";
package ocr.v1;
import "box.proto";
service Ocr { rpc Read(Request) returns (Y); }
message Request { X x = 1; }
message X { Box box = 1; }
message Y {}
"""
BOX = 'syntax = "proto3";\npackage ocr.v1;\nmessage Box {}\n'
MODELS = '  angle: {versions: {"1": {artifact: m/a.onnx}, "2": {artifact: "s3://models/a.onnx"}}}'


def findings(sources: SourceSet) -> list[tuple[str, str]]:
    """What is wrong with the files that the main file names: the code, and the text that names it."""
    content = sources.files[sources.main]
    assert isinstance(content, bytes)
    text = content.decode()
    root = read(SourceFile(sources.main, text)).root
    assert root is not None
    return places(file_findings(sources, root), {sources.main: text})


def test_the_comb_its_proto_and_its_lock_are_read(tmp_path: Path) -> None:
    text = comb_text(MODELS, proto="../protos/ocr.proto")
    files: dict[str, str | bytes | Link] = {
        "c/comb.yaml": text,
        "protos/ocr.proto": PROTO,
        "protos/box.proto": BOX,
        "c/comb.lock": "lock",
        "c/m/a.onnx": "model",
        "c/other.proto": "not named",
    }
    sources = load_sources(checkout_of(tmp_path, files), "c/comb.yaml", REMEMBERED)
    read = ("c/comb.yaml", "protos/ocr.proto", "protos/box.proto", "c/comb.lock")
    assert sources.files == {name: str(files[name]).encode() for name in read}
    assert sources.present == {"c/m/a.onnx"}
    assert findings(sources) == []
    assert sources.protos is not None
    assert sources.protos.diagnostics == ()
    assert sources.protos.schema is not None
    assert list(sources.protos.schema.services) == ["ocr.v1.Ocr"]
    assert {"ocr.v1.X", "ocr.v1.Box"} <= sources.protos.schema.messages.keys()


def test_an_import_that_is_nowhere_was_looked_for(tmp_path: Path) -> None:
    """So that a verdict which was kept is worth nothing once there is one."""
    text = comb_text(proto="protos/ocr.proto")
    sources = load_sources(checkout_of(tmp_path, {"comb.yaml": text, "protos/ocr.proto": PROTO}), "comb.yaml")
    assert code_of(sources.files["protos/box.proto"]) is codes.FILE_NOT_FOUND
    assert code_of(sources.files["box.proto"]) is codes.FILE_NOT_FOUND
    assert sources.protos is not None
    assert [(found.code, found.primary.span.file) for found in sources.protos.diagnostics if found.primary] == [
        (codes.UNKNOWN_IMPORT, "protos/ocr.proto")
    ]


def test_without_all_files_of_types_there_are_no_types(tmp_path: Path) -> None:
    text = comb_text(proto="ocr.proto, types: [gone.proto]")
    checkout = checkout_of(tmp_path, {"comb.yaml": text, "ocr.proto": PROTO, "box.proto": BOX})
    sources = load_sources(checkout, "comb.yaml", REMEMBERED)
    assert sources.protos is not None
    assert sources.protos.schema is None
    assert findings(sources) == [("file-not-found", "gone.proto")]


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("third_party", []),
        (".", []),
        ("gone", [("file-not-found", "gone")]),
        ("ocr.proto", [("file-not-found", "ocr.proto")]),
        ("..", [("outside-root", "..")]),
    ],
)
def test_what_is_included_is_a_directory_of_the_checkout(
    tmp_path: Path, include: str, expected: list[tuple[str, str]]
) -> None:
    text = comb_text(proto=f"protos/a/ocr.proto, include: [{include}]")
    files: dict[str, str | bytes | Link] = {
        "comb.yaml": text,
        "protos/a/ocr.proto": PROTO,
        "ocr.proto": "",
        "box.proto": BOX,
    }
    sources = load_sources(checkout_of(tmp_path, {**files, "third_party/": ""}), "comb.yaml", REMEMBERED)
    assert findings(sources) == expected


def test_a_model_is_not_read(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"comb.yaml": comb_text(MODELS), "m/": "", "ocr.proto": ""})
    with (tmp_path / "m/a.onnx").open("wb") as file:
        file.truncate(1 << 40)
    assert load_sources(checkout, "comb.yaml").present == {"m/a.onnx"}


def test_a_lock_that_is_not_there_is_known_not_to_be_there(tmp_path: Path) -> None:
    """So that a verdict which was kept is worth nothing once there is one."""
    sources = load_sources(checkout_of(tmp_path, {"comb.yaml": comb_text(), "ocr.proto": ""}), "comb.yaml")
    assert code_of(sources.files["comb.lock"]) is codes.FILE_NOT_FOUND


def test_files_that_cannot_be_had_are_said_where_they_are_named(tmp_path: Path) -> None:
    models = '  angle:\n    versions: {"1": {artifact: gone.onnx}, "2": {artifact: ../../x}, "3": {artifact: m}}'
    text = comb_text(models, proto="protos/OCR.proto")
    sources = load_sources(checkout_of(tmp_path, {"comb.yaml": text, "m/f": "", "protos/ocr.proto": ""}), "comb.yaml")
    assert findings(sources) == [
        ("file-not-found", "protos/OCR.proto"),
        ("file-not-found", "gone.onnx"),
        ("outside-root", "../../x"),
        ("not-a-regular-file", "m"),
    ]
    proto = sources.files["protos/OCR.proto"]
    assert isinstance(proto, Unavailable)
    assert proto.hint == "did you mean `protos/ocr.proto`?"
    assert sources.present == frozenset()


def test_what_an_arm_changes_is_looked_for_too(tmp_path: Path) -> None:
    arm = "b: {weight: 50, set: {models: {angle: {versions: {'3': {artifact: arm.onnx}}}}}}"
    more = f"experiment: {{key: header/x-user, arms: {{a: {{weight: 50}}, {arm}}}}}\n"
    text = comb_text(MODELS, more=more)
    checkout = checkout_of(tmp_path, {"comb.yaml": text, "ocr.proto": "", "m/a.onnx": ""})
    assert findings(load_sources(checkout, "comb.yaml")) == [("file-not-found", "arm.onnx")]


def test_a_file_with_mistakes_names_what_can_be_understood(tmp_path: Path) -> None:
    models = "{a: {versions: {'1': {artifact: m}}}, b: 3, c: null}"
    text = f"kind: Comb\ninterface: {{proto: x.proto, method: 5}}\nmodels: {models}\n"
    checkout = checkout_of(tmp_path, {"comb.yaml": text, "x.proto": "x"})
    sources = load_sources(checkout, "comb.yaml")
    assert sources.files["x.proto"] == b"x"
    assert findings(sources) == [("file-not-found", "m")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kind: Comb",
        "interface: {proto: 7}",
        "interface: [proto]",
        'interface: {proto: "a\\0b"}',
        "interface: {proto: /etc/passwd}",
        "interface: {proto: ''}",
        "models: []",
        "models: {a: {versions: {b: {artifact: [1]}}}}",
        "experiment: {arms: {a: null, b: {set: 3}}}",
        "[unclosed",
        "\x00",
        "a: &a {b: *a}",
    ],
)
def test_whatever_a_file_says_nothing_else_is_asked_for(tmp_path: Path, text: str) -> None:
    sources = load_sources(checkout_of(tmp_path, {"comb.yaml": text}), "comb.yaml")
    assert set(sources.files) <= {"comb.yaml", "comb.lock"}
    assert sources.present == frozenset()


def test_a_platform_names_no_files(tmp_path: Path) -> None:
    text = "kind: Platform\ninterface: {proto: x.proto}\n"
    assert set(load_sources(checkout_of(tmp_path, {"p.yaml": text}), "p.yaml").files) == {"p.yaml"}


def test_a_main_file_that_cannot_be_had_is_in_the_set(tmp_path: Path) -> None:
    sources = load_sources(Checkout(tmp_path), "comb.yaml")
    assert code_of(sources.files["comb.yaml"]) is codes.FILE_NOT_FOUND


def test_an_alias_names_a_file_once(tmp_path: Path) -> None:
    models = '  a: {versions: {"1": &v {artifact: gone.onnx}, "2": *v}}'
    text = comb_text(models)
    root = read(SourceFile("comb.yaml", text)).root
    assert root is not None
    assert [file.path for file in named_files("comb.yaml", root)] == ["ocr.proto", "gone.onnx"]


def test_a_file_is_parsed_once_however_many_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = comb_text(name="parsed-once")
    asked: list[str] = []

    def count(source: SourceFile) -> Reading:
        asked.append(source.path)
        return read(source)

    monkeypatch.setattr(loading, "read", count)
    load_sources(checkout_of(tmp_path, {"comb.yaml": text, "ocr.proto": ""}), "comb.yaml")
    loading.read_once(SourceFile("comb.yaml", "".join(text)))
    assert asked == ["comb.yaml"]


@pytest.mark.slow
def test_beyond_parsing_a_comb_costs_little(tmp_path: Path) -> None:
    combs = 300
    files: dict[str, str | bytes | Link] = {"protos/ocr.proto": PROTO, "protos/box.proto": BOX}
    for number in range(combs):
        files[f"c{number}/comb.yaml"] = comb_text(MODELS, proto="../protos/ocr.proto", name=f"ocr-{number}")
    checkout = checkout_of(tmp_path, files)
    mains = [f"c{number}/comb.yaml" for number in range(combs)]

    def cpu(cached: int) -> float:
        began = time.process_time()
        for main in mains:
            for _ in range(1 + cached):
                load_sources(checkout, main, REMEMBERED)
        return (time.process_time() - began) / combs

    cpu(0)
    beyond = cpu(1) - cpu(0)  # the second load of each finds it parsed
    assert beyond < 0.02  # seen: 0.8 ms on a quiet machine, most of it for the .proto files
