"""Files that a request names: kept, or known by their digest; never those outside of the workspace."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from comb_compiler.release import Recording
from comb_compiler.runtime.recording.captures import Captures
from comb_compiler.samples.record_pb2 import Capture
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.recording.test_recorder import records

FIELD = "request.letter.text"


def captured(directory: Path | None, path: str, **more: int) -> Capture:
    (one,) = Captures([FIELD], directory, **more).of(Request(letter=Letter(text=path)))
    return one


def test_a_small_file_is_kept_in_the_record(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    recording = Recording(1.0, files=(FIELD,))
    request = Request(letter=Letter(text="a.png"))
    (record,) = records(chain("same", 1, recording=recording), [{"request": request}], files=tmp_path)
    (one,) = record.captures
    assert (one.field, one.path, one.content, one.size) == (FIELD, "a.png", b"picture", 7)
    assert one.sha256 == sha256(b"picture").hexdigest()
    assert not one.pinned
    assert not one.missing


def test_a_large_file_is_pinned_and_a_huge_one_told_by_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    one = captured(tmp_path, "a", largest=10)
    assert (one.pinned, one.size, one.content) == (True, 100, b"")
    assert one.sha256 == sha256(b"x" * 100).hexdigest()
    one = captured(tmp_path, "a", largest=10, most=50)
    assert (one.pinned, one.size, one.sha256) == (True, 100, "")


def test_a_path_may_be_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert captured(tmp_path, str(tmp_path / "a")).content == b"x"


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link", "deep/../../secret"])
def test_no_file_outside_of_the_workspace_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path / "secret")
    one = captured(inside, path)
    assert one.missing == "it is outside of the workspace"
    assert one.content == b""


def test_what_is_no_file_says_so_and_holds_up_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    assert captured(tmp_path, "pipe").missing == "it is no regular file"
    assert "directory" in captured(tmp_path, ".").missing
    assert "No such file" in captured(tmp_path, "nothing").missing
    assert captured(tmp_path, "circle").missing
    assert captured(tmp_path, "a\0b").missing == "it is no path"
    assert "too long" in captured(tmp_path, "x" * 5000).missing
    assert captured(None, "a").missing == "this process has no workspace"


def test_every_path_of_a_list_is_captured_and_an_empty_text_names_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    found = list(Captures(["request.letter.lines"], tmp_path).of(Request(letter=Letter(lines=["a", "", "b"]))))
    assert [one.content for one in found] == [b"1", b"2"]
    assert list(Captures([FIELD], tmp_path).of(Request())) == []


def test_a_hidden_value_is_in_no_path_and_no_content(tmp_path: Path) -> None:
    (tmp_path / "of-ann-4711").write_bytes(b"for ann-4711")
    recording = Recording(1.0, redact=("request.name",), files=(FIELD,))
    request = Request(letter=Letter(text="of-ann-4711"), name="ann-4711")
    (record,) = records(chain("same", 1, recording=recording), [{"request": request}], files=tmp_path)
    assert b"ann-4711" not in record.SerializeToString()
    assert record.captures[0].content == b"for [redacted]"
