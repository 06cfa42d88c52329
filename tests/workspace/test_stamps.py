"""Stamps of paths: what each of them has to tell, and what its directory tells."""

import time
from pathlib import Path

import pytest

from comb_compiler.workspace.stamps import SETTLED, Stamps, stamp_of

LATER = SETTLED + 3600 * 10**9


def noted(*paths: Path) -> Stamps:
    """Stamps of what is taken to have been there for an hour."""
    stamps = Stamps(time.time_ns() + LATER)
    assert stamps.places(map(str, paths)) is not None
    return stamps


def is_as_it_was(stamps: Stamps) -> bool:
    return all(stamp_of(path) == stamp for path, stamp in stamps.noted.items())


def test_what_is_missing_is_told_by_its_directory(tmp_path: Path) -> None:
    stamps = noted(tmp_path, tmp_path / "comb.lock")
    assert list(stamps.noted) == [str(tmp_path)]
    assert is_as_it_was(stamps)
    (tmp_path / "comb.lock").write_bytes(b"")
    assert not is_as_it_was(stamps)


def test_what_is_missing_alone_tells_itself(tmp_path: Path) -> None:
    stamps = noted(tmp_path / "comb.lock")
    (tmp_path / "comb.lock").write_bytes(b"")
    assert not is_as_it_was(stamps)


def test_a_link_that_leads_nowhere_tells_itself(tmp_path: Path) -> None:
    place = tmp_path / "comb"
    place.mkdir()
    (place / "comb.lock").symlink_to(tmp_path / "elsewhere")
    stamps = noted(place, place / "comb.lock")
    (tmp_path / "elsewhere").write_bytes(b"")
    assert stamp_of(str(place)) == stamps.noted[str(place)]
    assert not is_as_it_was(stamps)


@pytest.mark.parametrize("missing", [True, False])
def test_a_directory_that_changed_a_moment_ago_tells_nothing(tmp_path: Path, *, missing: bool) -> None:
    names = [tmp_path, tmp_path / "comb.lock"] if missing else [tmp_path]
    assert Stamps(time.time_ns()).places(map(str, names)) is None
