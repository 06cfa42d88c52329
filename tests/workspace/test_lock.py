"""`comb lock` and `comb lock --check`, on real files."""

import hashlib
import os
from pathlib import Path

import pytest

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.spec.lock import Lock, lock_bytes, parse_lock
from comb_compiler.spec.pins import Digest
from comb_compiler.workspace import lock as lock_module
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.lock import LockReport, check_locks, write_locks
from tests.workspace.trees import Link, checkout_of, comb_text, places

MODELS = (
    '  angle: {versions: {"1": {artifact: m/a.onnx}, "2": {artifact: m/a.onnx}}}\n  b: {versions: {"1": {artifact: b}}}'
)
EXAMPLE = Path(__file__).parents[2] / "examples/frame-moderation"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A comb with two artifacts that are there, and no lock."""
    return checkout_of(
        tmp_path, {"comb.yaml": comb_text(MODELS), "ocr.proto": "", "m/a.onnx": "model a", "b": "model b"}
    )


def write(checkout: Checkout) -> LockReport:
    (report,) = write_locks(checkout, ["comb.yaml"])
    return report


def check(checkout: Checkout) -> LockReport:
    (report,) = check_locks(checkout, ["comb.yaml"])
    assert not report.written
    return report


def said(report: LockReport, checkout: Checkout) -> list[tuple[str, str]]:
    """The findings by code, and the text that they point at."""
    files = {"comb.yaml", "comb.lock"} & set(os.listdir(checkout.root))
    return places(report.diagnostics, {name: Path(checkout.root, name).read_text() for name in files})


def change(checkout: Checkout, name: str, old: str, new: str) -> None:
    path = Path(checkout.root, name)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_is_written_holds(checkout: Checkout) -> None:
    report = write(checkout)
    assert (report.path, report.before, report.written) == ("comb.lock", None, True)
    assert (report.diagnostics, report.failures) == ((), ())
    file, _ = parse_lock("comb.lock", Path(checkout.root, "comb.lock").read_bytes())
    assert file is not None
    assert file.lock == report.after
    assert [(pin.uri, pin.sha256, pin.size, pin.models) for pin in file.lock.artifacts] == [
        ("b", sha(b"model b"), 7, ("b@1",)),
        ("m/a.onnx", sha(b"model a"), 7, ("angle@1", "angle@2")),
    ]
    assert check(checkout)._replace(written=True) == report._replace(before=report.after)


def test_only_a_change_is_written(checkout: Checkout) -> None:
    write(checkout)
    before = os.stat(Path(checkout.root, "comb.lock"))
    report = write(checkout)
    assert not report.written
    assert report.before == report.after is not None
    assert os.stat(Path(checkout.root, "comb.lock")).st_ino == before.st_ino
    change(checkout, "b", "model b", "model B")
    report = write(checkout)
    assert report.written
    assert report.after is not None
    assert report.after.artifacts[0].sha256 == sha(b"model B")


def test_another_layout_holds_and_is_written_as_it_should_be(checkout: Checkout) -> None:
    write(checkout)
    content = Path(checkout.root, "comb.lock").read_bytes()
    Path(checkout.root, "comb.lock").write_bytes(b"".join(content.split()))
    assert check(checkout).diagnostics == ()
    assert write(checkout).written
    assert Path(checkout.root, "comb.lock").read_bytes() == content


def test_a_comb_without_artifacts_needs_no_lock(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"comb.yaml": comb_text(), "ocr.proto": ""})
    for report in (write(checkout), check(checkout)):
        assert (report.after, report.written, report.diagnostics) == (Lock(), False, ())
    assert not (tmp_path / "comb.lock").exists()


def test_a_lock_that_has_become_empty_stays_and_says_so(checkout: Checkout) -> None:
    write(checkout)
    Path(checkout.root, "comb.yaml").write_text(comb_text())
    assert said(check(checkout), checkout) == [("stale-lock", '"b"'), ("stale-lock", '"m/a.onnx"')]
    assert write(checkout).written
    assert Path(checkout.root, "comb.lock").read_bytes() == lock_bytes(Lock())


def test_a_lock_that_is_missing_is_said_once(checkout: Checkout) -> None:
    assert said(check(checkout), checkout) == [("stale-lock", "models")]
    assert not Path(checkout.root, "comb.lock").exists()


def test_changed_bytes_are_found(checkout: Checkout) -> None:
    write(checkout)
    change(checkout, "m/a.onnx", "a", "A")
    assert said(check(checkout), checkout) == [("digest-mismatch", f'"{sha(b"model a")}"')]


def test_a_changed_comb_is_found(checkout: Checkout) -> None:
    write(checkout)
    change(checkout, "comb.yaml", "artifact: b}", "artifact: m/a.onnx}")
    assert [code for code, _ in said(check(checkout), checkout)] == ["stale-lock", "stale-lock"]


def test_a_stated_digest_that_is_not_the_bytes_stops_the_lock(checkout: Checkout) -> None:
    wrong = "f" * 64
    change(checkout, "comb.yaml", "artifact: b}", f"artifact: b, sha256: {wrong}}}")
    for report in (write(checkout), check(checkout)):
        assert ("digest-mismatch", wrong) in said(report, checkout)
    assert not Path(checkout.root, "comb.lock").exists()
    change(checkout, "comb.yaml", wrong, sha(b"model b"))
    assert write(checkout).written
    assert check(checkout).diagnostics == ()


def test_every_artifact_that_cannot_be_had_is_said_and_the_lock_is_left_alone(checkout: Checkout) -> None:
    write(checkout)
    before = Path(checkout.root, "comb.lock").read_bytes()
    more = '  c: {versions: {"1": {artifact: gone}, "2": {artifact: "python://no_such_package/x"}, "3": {artifact: "zip://x"}}}'
    Path(checkout.root, "comb.yaml").write_text(comb_text(f"{MODELS}\n{more}"))
    os.remove(Path(checkout.root, "b"))
    report = write(checkout)
    assert said(report, checkout) == [
        ("file-not-found", "b"),
        ("file-not-found", "gone"),
        ("unreachable-artifact", '"python://no_such_package/x"'),
        ("refused-artifact", '"zip://x"'),
    ]
    assert (report.after, report.written) == (None, False)
    assert Path(checkout.root, "comb.lock").read_bytes() == before
    assert set(said(report, checkout)) <= set(said(check(checkout), checkout))


def test_failures_outside_are_told_apart_and_stop_the_lock(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(checkout: Checkout, main: str, uri: str, **more: object) -> Digest | Unavailable:
        if uri == "b":
            raise OutsideFailure("the server sleeps")
        return Digest("0" * 64, 1)

    monkeypatch.setattr(lock_module, "digest_artifact", fail)
    for report in (write(checkout), check(checkout)):
        assert [str(failure) for failure in report.failures] == ["the server sleeps"]
        assert (report.after, report.written) == (None, False)
    assert not Path(checkout.root, "comb.lock").exists()


@pytest.mark.parametrize("content", ["", "{", '{"version": 1}', "<<<<<<< HEAD\n", '{"version": 0, "artifacts": []}'])
def test_a_spoiled_lock_is_said_and_written_anew(checkout: Checkout, content: str) -> None:
    Path(checkout.root, "comb.lock").write_text(content)
    assert {found.code for found in check(checkout).diagnostics} == {codes.BAD_LOCK}
    report = write(checkout)
    assert (report.written, report.diagnostics) == (True, ())
    assert check(checkout).diagnostics == ()


def test_what_a_later_comb_pinned_is_not_written_over(checkout: Checkout) -> None:
    later = '{"version": 2, "artifacts": [], "requirements": []}'
    Path(checkout.root, "comb.lock").write_text(later)
    for report in (write(checkout), check(checkout)):
        assert [found.message for found in report.diagnostics] == [
            "a later Comb wrote this lock; this one knows version 1"
        ]
    assert Path(checkout.root, "comb.lock").read_text() == later


@pytest.mark.parametrize("target", ["other", "../outside", "comb.lock"])
def test_a_lock_that_is_a_link_is_not_written_through(tmp_path: Path, target: str) -> None:
    files: dict[str, str | bytes | Link] = {
        "comb.yaml": comb_text(MODELS),
        "ocr.proto": "",
        "m/a.onnx": "x",
        "b": "x",
        "other": "{",
        "comb.lock": Link(target),
    }
    (tmp_path / "outside").write_text("outside")
    report = write(checkout_of(tmp_path / "root", files))
    assert not report.written
    assert len(report.diagnostics) == 1
    assert (tmp_path / "outside").read_text() == "outside"
    assert (tmp_path / "root/other").read_text() == "{"


def test_a_disk_that_takes_no_more_is_a_failure(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", refuse)
    report = write(checkout)
    assert [str(failure) for failure in report.failures] == ["`comb.lock` cannot be written: no space left on device"]
    assert not report.written


def test_a_comb_with_mistakes_is_not_locked(checkout: Checkout) -> None:
    change(checkout, "comb.yaml", "kind: Comb", "kind: Comb\nsurprise: 1")
    for report in (write(checkout), check(checkout)):
        assert said(report, checkout) == [("unknown-key", "surprise")]
    Path(checkout.root, "comb.yaml").write_text("{")
    assert [found.code for found in write(checkout).diagnostics] == [codes.UNCLOSED_BRACKET]
    os.remove(Path(checkout.root, "comb.yaml"))
    assert [found.code for found in write(checkout).diagnostics] == [codes.FILE_NOT_FOUND]
    assert not Path(checkout.root, "comb.lock").exists()


def test_each_comb_has_its_own_fate_and_an_artifact_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = '  m: {versions: {"1": {artifact: ../shared.onnx}}}'
    files: dict[str, str | bytes | Link] = {
        "a/comb.yaml": comb_text(shared, name="a"),
        "b/comb.yaml": comb_text(shared.replace("shared", "gone"), name="b"),
        "c/comb.yaml": comb_text(shared.replace("../shared", "../a/../shared"), name="c"),
        "shared.onnx": "model",
    }
    checkout = checkout_of(tmp_path, files)
    read: list[tuple[str, int, int | None]] = []
    reports = write_locks(
        checkout, ["a/comb.yaml", "b/comb.yaml", "c/comb.yaml"], progress=lambda *step: read.append(step)
    )
    assert [report.written for report in reports] == [True, False, True]
    assert read == [("../shared.onnx", 5, 5)]
    assert [report.main for report in reports] == ["a/comb.yaml", "b/comb.yaml", "c/comb.yaml"]
    assert (tmp_path / "a/comb.lock").exists()


def test_the_same_artifacts_give_the_same_bytes(checkout: Checkout) -> None:
    write(checkout)
    content = Path(checkout.root, "comb.lock").read_bytes()
    os.remove(Path(checkout.root, "comb.lock"))
    lines = MODELS.split("\n")
    Path(checkout.root, "comb.yaml").write_text(comb_text("\n".join(reversed(lines))))
    write(checkout)
    assert Path(checkout.root, "comb.lock").read_bytes() == content


def test_the_lock_of_the_example_holds() -> None:
    """Its models are those that two packages on PyPI ship; `make setup` installs them."""
    checkout = Checkout(EXAMPLE.parents[1])
    (report,) = check_locks(checkout, ["examples/frame-moderation/comb.yaml"])
    assert (report.diagnostics, report.failures) == ((), ())
    assert report.after is not None
    assert report.after == report.before
    assert len(report.after.artifacts) >= 4


def test_an_interface_that_is_not_declared_is_not_locked(tmp_path: Path) -> None:
    proto = 'syntax = "proto3"; package ocr.v1; message X {} message Y {} service Ocr { rpc Read(X) returns (Y); }'
    checkout = checkout_of(tmp_path, {"comb.yaml": comb_text(), "ocr.proto": proto})
    assert write(checkout).written
    before = (tmp_path / "comb.lock").read_bytes()
    change(checkout, "comb.yaml", "Ocr/Read", "Ocr/Raed")
    assert check(checkout).diagnostics == ()
    assert not write(checkout).written
    change(checkout, "ocr.proto", "message X {}", "message X {")
    assert not write(checkout).written
    assert (tmp_path / "comb.lock").read_bytes() == before
