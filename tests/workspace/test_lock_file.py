"""comb.lock as bytes: what is written is read again, and what is wrong is shown where it is."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.source import SourceSet, Unavailable
from comb_compiler.spec.lock import (
    Lock,
    LockFile,
    Pin,
    is_of_later_comb,
    lock_bytes,
    lock_path,
    make_lock,
    parse_lock,
    read_lock,
)
from tests.workspace.trees import places

SHA, OTHER, UPPER = "0" * 64, "f" * 64, "F" * 64
NO_DIGEST = "`sha256` must be 64 lower-case hexadecimal digits"
NO_TARGET = "a target is a Python and a platform, as `cp312-manylinux_2_36_x86_64`"
NO_MODELS = "`models` must be a list of `model@version`, none of them twice"
LOCK = Lock((Pin("a.onnx", SHA, 5, ("m@1", "m@2")), Pin("s3://b/ü.onnx", OTHER, 1 << 40, ("n@1",))))
TEXT = lock_bytes(LOCK).decode()

URIS = st.from_regex(r"[^\x00-\x1f\x7f\ud800-\udfff]+", fullmatch=True)
MODELS = st.sets(st.from_regex(r"[a-z]{1,3}@[0-9.]{1,3}", fullmatch=True), min_size=1).map(sorted).map(tuple)
PINS = st.builds(Pin, URIS, st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(0, 1 << 60), MODELS)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def parsed(text: str) -> LockFile:
    file, diagnostics = parse_lock("c/comb.lock", text.encode())
    assert diagnostics == ()
    assert file is not None
    return file


def wrong(text: str | bytes) -> list[tuple[str, str]]:
    """What is wrong by message and the text pointed at; every code is BAD_LOCK."""
    content = text.encode() if isinstance(text, str) else text
    file, diagnostics = parse_lock("comb.lock", content)
    assert file is None
    assert {found.code for found in diagnostics} == {codes.BAD_LOCK}
    texts = {"comb.lock": content.decode("utf-8", "replace").removeprefix("\ufeff")}
    pointed = [text for _, text in places(diagnostics, texts)]
    return list(zip([found.message for found in diagnostics], pointed, strict=True))


def changed(change: Any) -> str:
    """The lock after `change(data)`."""
    data = json.loads(TEXT)
    change(data)
    return json.dumps(data)


@given(pins=st.lists(PINS))
def test_what_is_written_is_read_again(pins: list[Pin]) -> None:
    lock = make_lock(pins)
    content = lock_bytes(lock)
    assert parsed(content.decode()).lock == lock
    assert lock_bytes(make_lock(reversed(lock.artifacts))) == content


def test_the_bytes_are_these() -> None:
    assert lock_bytes(Lock(LOCK.artifacts[:1])).decode() == (
        '{\n  "version": 1,\n  "artifacts": [\n    {\n      "uri": "a.onnx",\n'
        f'      "sha256": "{SHA}",\n      "size": 5,\n'
        '      "models": [\n        "m@1",\n        "m@2"\n      ]\n    }\n  ]\n}\n'
    )
    assert lock_bytes(Lock()) == b'{\n  "version": 1,\n  "artifacts": []\n}\n'


def test_one_artifact_has_one_pin_with_all_its_models() -> None:
    pins = [Pin("b", SHA, 1, ("n@2",)), Pin("a", OTHER, 2, ("m@1",)), Pin("b", SHA, 1, ("m@1", "n@2"))]
    assert make_lock(pins) == Lock((Pin("a", OTHER, 2, ("m@1",)), Pin("b", SHA, 1, ("m@1", "n@2"))))


def test_layout_does_not_matter_and_places_are_found() -> None:
    for text in (
        TEXT,
        json.dumps(json.loads(TEXT)),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("  ", "\t"),
        "\ufeff" + TEXT,
    ):
        file = parsed(text)
        assert file.lock == LOCK
        start, end = file.span("artifacts", 1, "sha256")[1:]
        lines = Lines(text.removeprefix("\ufeff"))
        first, last = lines.offset(start), lines.offset(end)
        assert lines.text[first:last] == f'"{OTHER}"'


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("", ""),
        ("{", ""),
        ("no", "n"),
        (TEXT + "x", "x"),
        (TEXT.replace("5,", "5"), '"'),
        (TEXT.replace("true", "True").replace('"size": 5', '"size": 5x'), "x"),
        ("{'version': 1}", "'"),
    ],
)
def test_what_is_no_json_is_shown_where_it_ends(text: str, pointed: str) -> None:
    assert wrong(text) == [("this is no JSON", pointed)]


def test_an_unfinished_merge_is_recognised() -> None:
    text = TEXT.replace('      "size": 5,\n', '<<<<<<< HEAD\n      "size": 5,\n=======\n      "size": 6,\n>>>>>>> x\n')
    assert wrong(text) == [("the lock holds the marks of an unfinished merge", "<<<<<<<")]


@pytest.mark.parametrize(
    ("change", "message", "pointed"),
    [
        (lambda d: d.pop("version"), "a lock needs `version`", None),
        (lambda d: d.pop("artifacts"), "a lock needs `artifacts`", None),
        (lambda d: d.update(version="1"), "`version` must be the number 1", '"1"'),
        (lambda d: d.update(version=True), "`version` must be the number 1", "true"),
        (lambda d: d.update(version=0), "`version` must be the number 1", "0"),
        (lambda d: d.update(engines=[]), "a lock has no member `engines`", "[]"),
        (lambda d: d.update(requirements={"sha256": SHA, "targets": {"cp312": []}}), NO_TARGET, "[]"),
        (lambda d: d.update(requirements={"sha256": UPPER, "targets": {}}), NO_DIGEST, f'"{UPPER}"'),
        (lambda d: d.update(artifacts={}), "`artifacts` must be a list", "{}"),
        (lambda d: d["artifacts"].append(7), "an artifact is a JSON object", "7"),
        (lambda d: d["artifacts"][0].pop("size"), "an artifact needs `size`", None),
        (lambda d: d["artifacts"][0].update(etag="x"), "an artifact has no member `etag`", '"x"'),
        (lambda d: d["artifacts"][0].update(uri=""), "`uri` must be the URI of an artifact", '""'),
        (lambda d: d["artifacts"][0].update(sha256=UPPER), NO_DIGEST, f'"{UPPER}"'),
        (lambda d: d["artifacts"][0].update(size=-1), "`size` must be a number of bytes", "-1"),
        (lambda d: d["artifacts"][0].update(size=1.5), "`size` must be a number of bytes", "1.5"),
        (lambda d: d["artifacts"][1].update(models=[]), NO_MODELS, "[]"),
        (lambda d: d["artifacts"][1].update(models=["m"]), NO_MODELS, '["m"]'),
        (lambda d: d["artifacts"][1].update(uri="a.onnx"), "this artifact is pinned already", '"a.onnx"'),
    ],
)  # fmt: skip
def test_what_a_lock_cannot_hold_is_shown_at_its_place(change: Any, message: str, pointed: str | None) -> None:
    (found,) = wrong(changed(change))
    assert found[0] == message
    assert pointed is None or found[1] == pointed


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = changed(lambda d: (d["artifacts"][0].update(size="x"), d["artifacts"][1].update(sha256=1, uri=None)))
    assert [pointed for _, pointed in wrong(text)] == ['"x"', "null", "1"]


def test_a_member_that_is_given_twice_is_shown_at_the_second() -> None:
    text = TEXT.replace('"size": 5,', '"size": 5,\n      "size": 6,')
    _, (diagnostic,) = parse_lock("comb.lock", text.encode())
    assert diagnostic.message == "`size` is given twice"
    assert diagnostic.primary is not None
    assert (diagnostic.primary.span.start.line, diagnostic.related[0].span.start.line) == (8, 7)


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe{",
        b"[" * 200_000,
        b"NaN",
        b'{"version": ' + b"9" * 5000 + b"}",
        json.dumps({"version": 1, "artifacts": [], "\ud800": 1}).encode(),
        json.dumps(json.loads(TEXT.replace("a.onnx", "\\ud800"))).encode(),
        json.dumps({"x" * 100_000: 1}).encode(),
    ],
)
def test_horrors_are_refused_in_few_words(text: bytes) -> None:
    for message, _ in wrong(text):
        assert len(message.encode("utf-8")) < 200


def test_what_a_later_comb_wrote_is_not_taken_for_ours() -> None:
    text = changed(lambda d: d.update(version=2, requirements=[]))
    _, (diagnostic,) = parse_lock("comb.lock", text.encode())
    assert diagnostic.message == "a later Comb wrote this lock; this one knows version 1"
    assert is_of_later_comb(text.encode())
    assert not any(is_of_later_comb(content) for content in (b"", b"{", b"[]", TEXT.encode(), b"\xff", b"[" * 200_000))


@given(content=st.binary() | st.text().map(str.encode) | JSON.map(lambda data: json.dumps(data).encode()))
def test_no_content_is_too_odd(content: bytes) -> None:
    file, diagnostics = parse_lock("comb.lock", content)
    assert (file is None) == bool(diagnostics)
    is_of_later_comb(content)
    try:
        lines = Lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return
    for found in diagnostics:
        assert found.primary is not None
        assert lines.offset(found.primary.span.start) is not None
        assert lines.offset(found.primary.span.end) is not None


def test_the_lock_of_a_comb_is_beside_it() -> None:
    assert lock_path("comb.yaml") == "comb.lock"
    assert lock_path("a/b/comb.yaml") == "a/b/comb.lock"


def test_no_lock_is_no_finding_and_one_that_cannot_be_had_is() -> None:
    gone = Unavailable(codes.FILE_NOT_FOUND, "gone")
    closed = Unavailable(codes.UNREADABLE_FILE, "closed", "open it")
    assert read_lock(SourceSet("comb.yaml", {})) == read_lock(SourceSet("comb.yaml", {"comb.lock": gone})) == (None, ())
    file, (diagnostic,) = read_lock(SourceSet("comb.yaml", {"comb.lock": closed}))
    assert (file, diagnostic.code, diagnostic.message) == (None, codes.UNREADABLE_FILE, "closed")
    file, diagnostics = read_lock(SourceSet("a/comb.yaml", {"a/comb.lock": TEXT.encode()}))
    assert file is not None
    assert (file.lock, diagnostics) == (LOCK, ())
