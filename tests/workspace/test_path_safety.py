"""No path and no link reaches a file outside the root, whatever happens meanwhile; what is inside is reached."""

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.workspace.checkout import Checkout
from tests.workspace.trees import Link, checkout_of, code_of, plant

NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(st.sampled_from(["a", "b", "c", "..", ".", "", "root", "outside"]), max_size=7).map("/".join)
PATHS = STEPS | STEPS.map(lambda path: f"/{path}") | st.text(max_size=12)
PLACES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PLACES, st.none() | st.booleans() | STEPS | st.tuples(st.booleans(), STEPS), max_size=8)
"""By place: a directory, a file, a relative link, or an absolute one, to inside the root or to outside."""


def grow(base: Path, tree: dict[str, object]) -> Path:
    """`base/root` with the tree, as far as it fits together, and `base/outside`; every file holds its own real path."""
    root = plant(base, {"root/": "", "outside/a": "OUTSIDE", "outside/b/c": "OUTSIDE", "a": "OUTSIDE"}) / "root"
    for place, kind in tree.items():
        path = root / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind is None:
                path.mkdir()
            elif isinstance(kind, bool):
                _write_inside(path, root)
            elif isinstance(kind, str):
                path.symlink_to(kind or ".")
            elif isinstance(kind, tuple):
                path.symlink_to(f"{root if kind[0] else base}/{kind[1]}")
        except (OSError, RuntimeError):
            continue
    return root


def _write_inside(path: Path, root: Path) -> None:
    """The directory may be a link to anywhere by now: only files inside the root hold something else than OUTSIDE."""
    real = os.path.realpath(path)
    if not os.path.lexists(path) and real.startswith(f"{os.path.realpath(root)}/"):
        Path(real).write_text(real)


@given(tree=TREES, paths=st.lists(PATHS | PLACES, min_size=1, max_size=10))
def test_what_is_read_lies_inside(tree: dict[str, object], paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = grow(Path(directory), tree)
        checkout = Checkout(root)
        for path in [*paths, *(f"{place}/{path}" for place in tree for path in paths[:2])]:
            content = checkout.read(path)
            if isinstance(content, bytes):
                real = os.path.realpath(root / path)
                assert content.decode() == real
                assert real.startswith(f"{os.path.realpath(root)}/")
            else:
                content.message.encode("utf-8")


@given(places=st.dictionaries(PLACES, st.booleans(), min_size=1, max_size=6), links=st.dictionaries(PLACES, PLACES))
def test_what_lies_inside_is_read(places: dict[str, bool], links: dict[str, str]) -> None:
    """Links here never pass through what is outside: then the system's own answer is ours."""
    with tempfile.TemporaryDirectory() as directory:
        root = grow(Path(directory), dict(places))
        for place, target in links.items():
            if not os.path.lexists(root / place) and (root / place).parent.is_dir():
                real = os.path.realpath((root / place).parent)
                os.symlink(os.path.relpath(os.path.join(os.path.realpath(root), target), real), root / place)
        checkout = Checkout(root)
        for path in [*places, *links, *(f"{link}/{place}" for link in links for place in places)]:
            _same_answer(checkout, root, path)


def _same_answer(checkout: Checkout, root: Path, path: str) -> None:
    found = checkout.read(path)
    try:
        status = os.stat(root / path)
    except OSError:
        assert code_of(found) in (codes.FILE_NOT_FOUND, codes.UNREADABLE_FILE)
        return
    if stat.S_ISDIR(status.st_mode):
        assert code_of(found) is codes.NOT_A_REGULAR_FILE
    else:
        assert found == os.path.realpath(root / path).encode()


@pytest.fixture
def tempting(tmp_path: Path) -> Path:
    """A root with `d/secret`, beside a directory that has another `secret`."""
    plant(tmp_path, {"outside/secret": "outside", "root/d/secret": "inside", "to-outside": Link("../outside")})
    return tmp_path


def after(real: Callable[..., os.stat_result], name: str, swap: Callable[[], None]) -> Callable[..., os.stat_result]:
    """`os.stat`, but right after the first look at `name`, `swap` happens."""
    swaps = [swap]

    def look(path: str, **more: int) -> os.stat_result:
        status = real(path, **more)
        if path == name and swaps:
            swaps.pop()()
        return status

    return look


def test_a_directory_that_becomes_a_link_is_looked_at_again(tempting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Checkout(tempting / "root")

    def swap() -> None:
        os.rename(tempting / "root/d", tempting / "parked")
        os.rename(tempting / "to-outside", tempting / "root/d")

    monkeypatch.setattr(os, "stat", after(os.stat, "d", swap))
    assert code_of(checkout.read("d/secret")) is codes.OUTSIDE_ROOT
    assert (tempting / "root/d/secret").read_text() == "outside"


@pytest.mark.parametrize("replacement", ["link", "pipe", "nothing"])
def test_a_file_that_becomes_something_else_is_refused(
    tempting: Path, monkeypatch: pytest.MonkeyPatch, replacement: str
) -> None:
    checkout = Checkout(tempting / "root")
    place = tempting / "root/d/secret"

    def swap() -> None:
        place.unlink()
        if replacement == "link":
            place.symlink_to(tempting / "outside/secret")
        elif replacement == "pipe":
            os.mkfifo(place)

    monkeypatch.setattr(os, "stat", after(os.stat, "secret", swap))
    expected = {"link": codes.UNREADABLE_FILE, "pipe": codes.NOT_A_REGULAR_FILE, "nothing": codes.FILE_NOT_FOUND}
    assert code_of(checkout.read("d/secret")) is expected[replacement]


def test_a_directory_that_is_moved_out_does_not_take_us_along(tempting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`..` is the directory that we came from, not the one in which the directory is now."""
    plant(tempting, {"root/x/y/up": Link("../../d/secret"), "d/secret": "outside"})
    checkout = Checkout(tempting / "root")

    def swap() -> None:
        os.rename(tempting / "root/x/y", tempting / "outside/y")

    monkeypatch.setattr(os, "stat", after(os.stat, "up", swap))
    found = checkout.read("x/y/up")
    assert isinstance(found, Unavailable) or found == b"inside"


def test_a_tree_that_never_rests_does_not_let_us_out(tempting: Path) -> None:
    checkout = Checkout(tempting / "root")
    place = tempting / "root/d"
    stop = threading.Event()

    def never_rest() -> None:
        while not stop.is_set():
            os.rename(place, tempting / "parked")
            os.rename(tempting / "to-outside", place)
            os.rename(place, tempting / "to-outside")
            os.rename(tempting / "parked", place)

    thread = threading.Thread(target=never_rest)
    thread.start()
    try:
        read = {checkout.read("d/secret") for _ in range(4000)}
        naive = {_read_naively(place / "secret") for _ in range(4000)}
    finally:
        stop.set()
        thread.join()
    assert {found for found in read if isinstance(found, bytes)} == {b"inside"}
    assert b"outside" in naive  # or this would prove nothing


def _read_naively(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_checkout_of_an_alias_keeps_to_its_real_root(tmp_path: Path) -> None:
    """The root that was meant is the one that the name led to when the checkout was made."""
    checkout_of(tmp_path / "real", {"f": "inside"})
    plant(tmp_path, {"other/f": "outside", "alias": Link("real")})
    checkout = Checkout(tmp_path / "alias")
    (tmp_path / "alias").unlink()
    (tmp_path / "alias").symlink_to("other")
    assert checkout.read("f") == b"inside"
