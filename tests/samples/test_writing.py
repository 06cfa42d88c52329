"""A request → a sample's files, which are read back as the same."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings, strategies as st

from comb_compiler.samples import Kept, Mark, load_sample_set
from comb_compiler.samples.writing import SampleExists, sample_files, sample_name, write_sample
from tests.runtime.post.post_pb2 import Letter, Request

LETTERS = st.builds(
    Letter,
    text=st.text(max_size=600),
    number=st.integers(-(2**63), 2**63 - 1),
    picture=st.binary(max_size=200),
    lines=st.lists(st.text(max_size=500), max_size=3),
    maybe=st.text(max_size=3),
)
REQUESTS = st.builds(Request, letter=LETTERS, other=LETTERS, name=st.text(max_size=500))


def write(root: Path, request: Any, **more: Any) -> Path:
    files = sample_files(MessageToDict(request), request.DESCRIPTOR, **({"expected": {}} | more))
    return write_sample(root, "one", files)


@settings(max_examples=150, deadline=None)
@given(request=REQUESTS)
def test_what_is_written_is_read_back(request: Request, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("set")
    marks = (Mark("error", "ada", "upside down"),)
    write(root, request, expected={"text": "a"}, about="A letter.", marks=marks)
    samples, flaws = load_sample_set(root)
    assert flaws == ()
    (one,) = samples.samples
    assert (one.request, one.expected, one.about, one.marks) == (
        MessageToDict(request),
        {"text": "a"},
        "A letter.",
        marks,
    )


@pytest.mark.parametrize(
    ("content", "file"),
    [
        (b"\xff\xd8\xff\xe0", "picture.jpg"),
        (b"\x89PNG\r\n\x1a\n", "picture.png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "picture.webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "picture.wav"),
        (b"\0\0\0\x20ftypavif", "picture.avif"),
        (b"\0\0\0\x20ftypisom", "picture.mp4"),
        (b"what it is", "picture.bin"),
    ],
)
def test_a_picture_is_a_picture(content: bytes, file: str, tmp_path: Path) -> None:
    content = content.ljust(64, b"\0")
    assert (write(tmp_path, Letter(picture=content)) / file).read_bytes() == content


def test_short_bytes_stay_where_they_are(tmp_path: Path) -> None:
    assert [path.name for path in sorted(write(tmp_path, Letter(picture=b"x" * 32, text="short")).iterdir())] == [
        "expected.json",
        "request.json",
    ]


def test_two_pictures_have_two_names(tmp_path: Path) -> None:
    request = Request(letter=Letter(picture=b"a" * 40), other=Letter(picture=b"b" * 40))
    written = write(tmp_path, request)
    assert (written / "picture.bin").read_bytes() == b"a" * 40
    assert (written / "picture-2.bin").read_bytes() == b"b" * 40


def test_a_request_in_a_store_is_named_and_not_written(tmp_path: Path) -> None:
    kept = Kept("0a" * 16, "1b" * 32)
    written = write(tmp_path, Request(letter=Letter(picture=b"\xff\xd8\xff".ljust(64))), kept=kept)
    assert sorted(path.name for path in written.iterdir()) == ["expected.json", "request.json"]
    (one,) = load_sample_set(tmp_path)[0].samples
    assert one.kept == kept


def test_an_error_stands_in_the_notes(tmp_path: Path) -> None:
    write(tmp_path, Letter(), expected=None, error="INVALID_ARGUMENT")
    (one,) = load_sample_set(tmp_path)[0].samples
    assert (one.expected, one.error) == (None, "INVALID_ARGUMENT")


@pytest.mark.parametrize("wanted", [{}, {"expected": {}, "error": "INTERNAL"}])
def test_a_sample_expects_one_thing(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either"):
        sample_files({}, Letter.DESCRIPTOR, **wanted)


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, Letter(text="first"))
    with pytest.raises(SampleExists):
        write(tmp_path, Letter(text="second"))
    assert load_sample_set(tmp_path)[0].samples[0].request == {"text": "first"}


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        write_sample(tmp_path, "one", {"request.json": b"{}", "x" * 300: b""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "taken", "name"),
    [
        ("IMG_0042 (copy)", (), "img-0042-copy"),
        ("面", (), "sample"),
        ("..", (), "sample"),
        ("a", ("a", "a-2"), "a-3"),
        ("x" * 100, (), "x" * 60),
    ],
)
def test_names_are_those_of_plain_directories(text: str, taken: tuple[str, ...], name: str) -> None:
    assert sample_name(text, taken) == name
