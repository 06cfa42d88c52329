"""A run sees one state of each file."""

from pathlib import Path

from comb_compiler.source import Unavailable
from comb_compiler.workspace.checkout import Checkout, ReadOnce


def test_a_file_stays_what_it_was_when_it_was_read_first(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("before")
    once = ReadOnce(Checkout(tmp_path))
    assert once.read("f") == b"before"
    assert isinstance(once.read("g"), Unavailable)
    (tmp_path / "f").write_text("after")
    (tmp_path / "g").write_text("new")
    assert once.read("f") == b"before"
    assert isinstance(once.read("g"), Unavailable)
    assert ReadOnce(Checkout(tmp_path)).read("f") == b"after"


def test_what_is_forgotten_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("before")
    once = ReadOnce(Checkout(tmp_path))
    once.read("f")
    (tmp_path / "f").write_text("after")
    once.forget("f")
    once.forget("never read")
    assert once.read("f") == b"after"


def test_it_reaches_no_further_than_the_checkout_behind_it(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../outside")
    once, behind = ReadOnce(Checkout(root)), Checkout(root)
    assert once.read("link") == behind.read("link")
    assert once.find("link") == behind.find("link")
    assert once.names(".") == behind.names(".") == ("link",)
