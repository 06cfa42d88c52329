"""A directory of samples → a set, or what is wrong with it, file by file."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.samples import Kept, Mark, SampleSet, load_sample_set
from comb_compiler.samples.files import MAX_FILE

GOOD: dict[str, Any] = {
    "request.json": {"frame": {"image": {"$file": "frame.jpg"}, "note": {"$text": "note.txt"}}, "tags": ["a"]},
    "frame.jpg": b"\xff\xd8 picture",
    "note.txt": "grün".encode(),
    "expected.json": {"decision": "ALLOW"},
    "sample.json": {"about": "A frame.", "marks": [{"mark": "standard", "by": "ada"}]},
}


KEPT: dict[str, Any] = {"$record": "0a" * 16, "sha256": "1b" * 32}


def lay(directory: Path, files: dict[str, Any]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        (directory / name).write_bytes(raw)
    return directory


def flaws_of(root: Path) -> list[tuple[str, str]]:
    return [(flaw.file, flaw.message) for flaw in load_sample_set(root)[1]]


def read(root: Path) -> SampleSet:
    found, flaws = load_sample_set(root)
    assert flaws == ()
    return found


def test_a_sample_has_its_files_in_its_request(tmp_path: Path) -> None:
    lay(tmp_path / "standard" / "one", GOOD)
    (tmp_path / "standard" / "README.md").write_text("left alone", encoding="utf-8")
    (sample,) = read(tmp_path / "standard").samples
    image = base64.b64encode(GOOD["frame.jpg"]).decode()
    assert sample.request == {"frame": {"image": image, "note": "grün"}, "tags": ["a"]}
    assert (sample.name, sample.about, sample.expected, sample.error) == (
        "one",
        "A frame.",
        {"decision": "ALLOW"},
        None,
    )
    assert sample.marks == (Mark("standard", "ada"),)


def test_a_sample_may_have_to_fail(tmp_path: Path) -> None:
    lay(tmp_path / "set" / "bad", {"request.json": {}, "sample.json": {"error": "INVALID_ARGUMENT"}})
    (sample,) = read(tmp_path / "set").samples
    assert (sample.expected, sample.error) == (None, "INVALID_ARGUMENT")


def test_a_request_may_be_in_a_store(tmp_path: Path) -> None:
    lay(tmp_path / "set" / "far", {"request.json": KEPT, "expected.json": {}})
    lay(tmp_path / "set" / "near", GOOD)
    found = read(tmp_path / "set")
    assert [(one.name, one.kept, bool(one.request)) for one in found.samples] == [
        ("far", Kept("0a" * 16, "1b" * 32), False),
        ("near", None, True),
    ]
    assert [one.name for one in found.in_files.samples] == ["near"]
    lay(tmp_path / "set" / "far", {"request.json": {**KEPT, "sha256": "2c" * 32}})
    assert read(tmp_path / "set").digest != found.digest, "it moves with what the record must be"


def test_notes_may_be_left_out(tmp_path: Path) -> None:
    lay(tmp_path / "set" / "bare", {"request.json": {}, "expected.json": {}})
    (sample,) = read(tmp_path / "set").samples
    assert (sample.about, sample.marks) == ("", ())


def test_the_digest_is_of_names_and_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "set", tmp_path / "b" / "other"
    lay(first / "one", GOOD)
    lay(second / "one", GOOD)
    before = read(first).digest
    assert before == read(second).digest
    (second / "one" / "frame.jpg").write_bytes(b"another")
    assert read(second).digest != before
    (first / "one").rename(first / "two")
    assert read(first).digest != before


@pytest.mark.parametrize(
    ("files", "file", "reason"),
    [
        ({"request.json": None}, "request.json", "there is no file"),
        ({"request.json": b"{"}, "request.json", "no JSON: Expecting"),
        ({"request.json": b"\xff"}, "request.json", "no JSON in UTF-8"),
        ({"request.json": b"[" * 100_000}, "request.json", "too deep"),
        ({"request.json": b'{"a": ' + b"1" * 5_000 + b"}"}, "request.json", "no JSON in UTF-8"),
        ({"request.json": b'{"a": NaN}'}, "request.json", "NaN is no JSON"),
        ({"request.json": b'{"a": 1, "a": 2}'}, "request.json", "`a` is there twice"),
        ({"request.json": []}, "request.json", "no JSON object"),
        ({"request.json": {"a": {"$file": "none"}}}, "request.json", "there is no file `none`"),
        ({"request.json": {"a": {"$file": "../../secret"}}}, "request.json", "outside the sample's directory"),
        ({"request.json": {"a": {"$file": "/etc/hostname"}}}, "request.json", "outside the sample's directory"),
        ({"request.json": {"a": {"$file": "a\0b"}}}, "request.json", "cannot be read"),
        ({"request.json": {"a": {"$file": ""}}}, "request.json", "there is no file"),
        ({"request.json": {"a": {"$file": "frame.jpg", "b": 1}}}, "request.json", "its name and nothing else"),
        ({"request.json": {"a": {"$file": 1}}}, "request.json", "its name and nothing else"),
        ({"request.json": {"a": {"$text": "frame.jpg"}}}, "request.json", "no text in UTF-8"),
        ({"request.json": {"$record": "0a" * 16}}, "request.json", "and nothing else"),
        ({"request.json": {**KEPT, "a": 1}}, "request.json", "and nothing else"),
        ({"request.json": {**KEPT, "$record": "0A" * 16}}, "request.json", "`$record` has 32 hexadecimal digits"),
        ({"request.json": {**KEPT, "sha256": 1}}, "request.json", "`sha256` has 64 hexadecimal digits"),
        ({"request.json": {"a": [KEPT]}}, "request.json", "stands for a whole request"),
        ({"request.json": KEPT}, "frame.jpg", "nothing in request.json refers to it"),
        ({"forgotten.png": b""}, "forgotten.png", "nothing in request.json refers to it"),
        ({"expected.json": None}, "sample.json", "either expected.json or"),
        ({"sample.json": {"error": "INTERNAL"}}, "sample.json", "either expected.json or"),
        ({"expected.json": None, "sample.json": {"error": "BROKEN"}}, "sample.json", "no code of gRPC's"),
        ({"sample.json": {"abuot": ""}}, "sample.json", "`abuot` is none of"),
        ({"sample.json": {"about": 1}}, "sample.json", "no text"),
        ({"sample.json": {"marks": {}}}, "sample.json", "`marks` is no list"),
        ({"sample.json": {"marks": [{"mark": "Good one", "by": "ada"}]}}, "sample.json", "small letters"),
        ({"sample.json": {"marks": [{"mark": "eror", "by": "ada"}]}}, "sample.json", "did you mean error"),
        ({"sample.json": {"marks": [{"mark": "error"}]}}, "sample.json", "a mark is"),
        ({"sample.json": {"marks": ["error"]}}, "sample.json", "a mark is"),
        ({"frame.jpg": b"\0" * (MAX_FILE + 1)}, "request.json", "has more than"),
    ],
)
def test_what_is_wrong_is_said_of_its_file(tmp_path: Path, files: dict[str, Any], file: str, reason: str) -> None:
    kept = {name: content for name, content in {**GOOD, **files}.items() if content is not None}
    lay(tmp_path / "set" / "one", kept)
    (tmp_path / "secret").write_bytes(b"secret")
    found = flaws_of(tmp_path / "set")
    assert any(place == f"one/{file}" and reason in message for place, message in found), found
    assert load_sample_set(tmp_path / "set")[0].samples == ()


def test_a_mistake_in_json_has_its_line(tmp_path: Path) -> None:
    lay(tmp_path / "set" / "one", {**GOOD, "expected.json": b'{\n  "a": 1,\n}'})
    assert [(flaw.file, flaw.line) for flaw in load_sample_set(tmp_path / "set")[1]] == [("one/expected.json", 3)]


def test_one_bad_sample_does_not_hide_the_others(tmp_path: Path) -> None:
    lay(tmp_path / "set" / "good", GOOD)
    lay(tmp_path / "set" / "bad", {})
    found, flaws = load_sample_set(tmp_path / "set")
    assert [sample.name for sample in found.samples] == ["good"]
    assert {flaw.file for flaw in flaws} >= {"bad/request.json"}


def test_links_lead_nowhere(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", GOOD)
    lay(tmp_path / "set" / "one", {**GOOD, "frame.jpg": b""})
    (tmp_path / "set" / "one" / "frame.jpg").unlink()
    (tmp_path / "set" / "one" / "frame.jpg").symlink_to(tmp_path / "elsewhere" / "frame.jpg")
    (tmp_path / "set" / "two").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "three").mkdir()
    (tmp_path / "set" / "three" / "request.json").symlink_to("request.json")
    found = flaws_of(tmp_path / "set")
    assert ("two", "this is a link; a sample is a directory") in found
    assert ("one/request.json", "`frame.jpg` is outside the sample's directory") in found
    assert any(file == "three/request.json" for file, _ in found)


def test_an_empty_and_a_missing_directory(tmp_path: Path) -> None:
    assert flaws_of(tmp_path) == [("", "there are no samples in this directory")]
    assert flaws_of(tmp_path / "none") == [("", "the directory cannot be read: No such file or directory")]
