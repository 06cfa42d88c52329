"""Reading files of a checkout: what is there is read, what cannot be is a value with a reason."""

import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comb_compiler.diagnostics import codes
from comb_compiler.source import Limits, Unavailable
from comb_compiler.workspace.checkout import Checkout, Found, find_root
from comb_compiler.workspace.watching import Watching
from tests.workspace.trees import Link, checkout_of, code_of, plant


def test_a_file_is_read_by_its_path_from_the_root(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/b/c.txt": "text\n", "empty": ""})
    assert checkout.read("a/b/c.txt") == b"text\n"
    assert checkout.read("./a//b/./c.txt") == b"text\n"
    assert checkout.read("a/../a/b/c.txt") == b"text\n"
    assert checkout.read("empty") == b""


@pytest.mark.parametrize("path", ["absent", "a/absent", "absent/c", "a/f/c", "a/f/", "a/f/.", "absent/../a/f", "a\0b"])
def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    checkout = checkout_of(tmp_path, {"a/f": "text"})
    assert code_of(checkout.read(path)) is codes.FILE_NOT_FOUND
    assert code_of(checkout.find(path)) is codes.FILE_NOT_FOUND
    assert code_of(checkout.open(path)) is codes.FILE_NOT_FOUND


def test_the_reason_says_which_part_of_a_path_is_missing(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/f": "text", "a/gone": Link("nowhere")})
    assert checkout.read("a/b/c.proto") == Unavailable(
        codes.FILE_NOT_FOUND, "`a/b/c.proto` does not exist", "there is no directory `a/b`"
    )
    assert checkout.read("a/f/c.proto") == Unavailable(
        codes.FILE_NOT_FOUND, "`a/f/c.proto` does not exist", "`a/f` is a file, not a directory"
    )
    assert checkout.read("a/gone") == Unavailable(
        codes.FILE_NOT_FOUND, "`a/gone` does not exist", "`a/gone` is a symbolic link to `nowhere`"
    )


def test_links_that_stay_inside_are_followed(tmp_path: Path) -> None:
    files: dict[str, str | bytes | Link] = {
        "shared/x.proto": "x",
        "combs/a/protos": Link("../../shared"),
        "combs/a/y.proto": Link("protos/x.proto"),
        "combs/a/absolute": Link(str(tmp_path / "shared/x.proto")),
        "combs/a/root": Link(str(tmp_path)),
        "again": Link("combs/a"),
    }
    checkout = checkout_of(tmp_path, files)
    for path in ("combs/a/protos/x.proto", "combs/a/y.proto", "combs/a/absolute", "again/root/again/y.proto"):
        assert checkout.read(path) == b"x"
        assert checkout.find(path) == Found("shared/x.proto", 1, is_directory=False)
    assert checkout.find("again/root") == Found(".", (tmp_path).stat().st_size, is_directory=True)


def test_an_absolute_link_by_another_name_of_the_root_is_inside(tmp_path: Path) -> None:
    root = plant(tmp_path / "real", {"f": "text", "link": Link(str(tmp_path / "alias/f"))})
    plant(tmp_path, {"alias": Link("real")})
    assert Checkout(tmp_path / "alias").read("link") == b"text"
    assert code_of(Checkout(root).read("link")) is codes.OUTSIDE_ROOT


@pytest.mark.parametrize(
    "path",
    ["../secret", "a/../../secret", "/etc/passwd", "up/secret", "out", "abs", "abs/secret", "near/secret", "a/.."],
)
def test_what_is_outside_the_root_is_refused(tmp_path: Path, path: str) -> None:
    plant(tmp_path, {"secret": "outside", "root-too/secret": "outside"})
    files: dict[str, str | bytes | Link] = {
        "a/f": "text",
        "up": Link(".."),
        "out": Link("../secret"),
        "abs": Link(str(tmp_path)),
        "near": Link(str(tmp_path / "root-too")),
    }
    checkout = checkout_of(tmp_path / "root", files)
    expected = codes.NOT_A_REGULAR_FILE if path == "a/.." else codes.OUTSIDE_ROOT
    assert code_of(checkout.read(path)) is expected
    assert code_of(checkout.open(path)) is expected


def test_a_link_that_leads_outside_is_named(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path / "root", {"a/link": Link("../../other/x"), "f": Link("a/link")})
    reason = checkout.read("f")
    assert isinstance(reason, Unavailable)
    assert reason.message == "`f` leads out of the checkout"
    assert reason.hint.startswith("`a/link` is a symbolic link to `../../other/x`; ")


@pytest.mark.parametrize("path", [".git/config", ".GIT/config", "a/.git", "link/config"])
def test_what_belongs_to_git_is_no_part_of_a_checkout(tmp_path: Path, path: str) -> None:
    files: dict[str, str | bytes | Link] = {".git/config": "token", "a/.git": "gitdir: x", "link": Link(".git")}
    assert code_of(checkout_of(tmp_path, files).read(path)) is codes.OUTSIDE_ROOT


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a": Link("b"), "b": Link("a"), "d/self": Link("self/x"), "deep": Link("deep")})
    for path in ("a", "b", "d/self", "deep/x"):
        assert code_of(checkout.read(path)) is codes.UNREADABLE_FILE


def test_forty_links_are_followed_and_no_more(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"l0": "text", **{f"l{n}": Link(f"l{n - 1}") for n in range(1, 42)}})
    assert checkout.read("l40") == b"text"
    assert code_of(checkout.read("l41")) is codes.UNREADABLE_FILE


def test_paths_that_walk_in_circles_end(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/b/f": "text", "a/b/up": Link("../" * 2 + "a/b")})
    assert checkout.read("a/b/../../" * 100 + "a/b/f") == b"text"
    assert code_of(checkout.read("a/b/../../" * 100_000 + "a/b/f")) is codes.UNREADABLE_FILE
    assert code_of(checkout.read("a/b/" + "up/" * 41 + "f")) is codes.UNREADABLE_FILE


def test_names_that_cannot_be_are_refused(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"f": "text"})
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("text")
    for path in ("x" * 300, "x/" * 3000, "caf\udce9", "\ud800"):
        found = checkout.read(path)
        assert code_of(found) in (codes.UNREADABLE_FILE, codes.FILE_NOT_FOUND)
        assert isinstance(found, Unavailable)
        found.message.encode("utf-8")
    assert code_of(checkout.read("caf\udce9")) is codes.UNREADABLE_FILE


def test_only_regular_files_are_read_and_nothing_waits(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"d/f": "text", "to-pipe": Link("pipe")})
    os.mkfifo(tmp_path / "pipe")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s")
        os.rename(f"{short}/s", tmp_path / "socket")
        kinds = {"d": "a directory", "pipe": "a named pipe", "to-pipe": "a named pipe", "socket": "a socket"}
        for path, kind in kinds.items():
            expected = Unavailable(codes.NOT_A_REGULAR_FILE, f"`{path}` is {kind}, not a file")
            assert checkout.read(path) == expected
            assert checkout.open(path) == expected


def test_a_device_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = checkout_of(tmp_path, {"f": "text"})
    real, looked = os.stat, os.stat_result((stat.S_IFCHR | 0o666, *[0] * 9))
    monkeypatch.setattr(os, "stat", lambda name, **more: looked if name == "f" else real(name, **more))
    monkeypatch.setattr(os, "open", _open_all_but("f"))
    assert checkout.read("f") == Unavailable(codes.NOT_A_REGULAR_FILE, "`f` is a device, not a file")


def _open_all_but(refused: str) -> Callable[..., int]:
    real = os.open

    def open_or_fail(name: str, *arguments: int, **more: int) -> int:
        assert name != refused
        return real(name, *arguments, **more)

    return open_or_fail


def test_too_large_a_file_is_refused_without_reading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Checkout(tmp_path, Limits(bytes=1000))
    (tmp_path / "exact").write_bytes(b"x" * 1000)
    assert checkout.read("exact") == b"x" * 1000
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(os, "read", None)
    reason = checkout.read("huge")
    assert code_of(reason) is codes.FILE_TOO_LARGE
    assert isinstance(reason, Unavailable)
    assert reason.message == "`huge` has 1,099,511,627,776 bytes, more than the 1,000 that Comb reads"


def test_a_file_that_grows_while_it_is_read_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = checkout_of(tmp_path, {"f": "text"})
    monkeypatch.setattr(os, "read", lambda descriptor, count: b"x" * count)
    assert code_of(checkout.read("f")) is codes.FILE_TOO_LARGE


@pytest.fixture
def world_readable() -> Iterator[Path]:
    """A directory that other users can get into, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


def test_without_permission_a_file_is_unreadable(world_readable: Path) -> None:
    checkout = checkout_of(world_readable, {"f": "text", "closed/f": "text", "listed/f": "text"})
    (world_readable / "f").chmod(0)
    (world_readable / "closed").chmod(0)
    (world_readable / "listed").chmod(0o444)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(65534)
        assert checkout.read("f") == Unavailable(codes.UNREADABLE_FILE, "`f` cannot be read: permission denied")
        assert code_of(checkout.read("closed/f")) is codes.UNREADABLE_FILE
        assert code_of(checkout.read("listed/f")) is codes.UNREADABLE_FILE
    finally:
        if is_root:
            os.seteuid(0)
        for name in ("closed", "listed"):
            (world_readable / name).chmod(0o755)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/f": "text", "out": Link("../x"), "loop": Link("loop"), "in": Link("a/../a/f")})
    before = os.listdir("/dev/fd")
    for path in ("a/f", "out", "loop", "in", "a", "absent", "a/f/x", "../x", "x" * 300, "a/b/c"):
        checkout.read(path)
        checkout.find(path)
        checkout.names(path)
    assert os.listdir("/dev/fd") == before


def test_a_root_that_is_gone_has_no_files(tmp_path: Path) -> None:
    assert code_of(Checkout(tmp_path / "gone").read("f")) is codes.FILE_NOT_FOUND
    assert Checkout(tmp_path / "gone").names(".") == ()


def test_folders_are_counted_without_files_links_and_hidden_ones(tmp_path: Path) -> None:
    tree: dict[str, str | bytes | Link] = {
        "d/one/": "",
        "d/two/f": "",
        "d/.three/": "",
        "d/file": "",
        "d/four": Link("one"),
    }
    checkout = checkout_of(tmp_path / "here", {**tree, "link": Link("d"), "out": Link(".."), "empty/": ""})
    assert checkout.folders("d") == checkout.folders("link") == checkout.folders("./d/../d") == 2
    assert checkout.folders("empty") == 0
    assert [code_of(checkout.folders(path)) for path in ("absent", "d/file")] == [codes.FILE_NOT_FOUND] * 2
    assert [code_of(checkout.folders(path)) for path in ("out", "..", ".git")] == [codes.OUTSIDE_ROOT] * 3


def test_folders_are_counted_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comb_compiler.workspace.checkout.MOST_SAMPLES", 3)
    checkout = checkout_of(tmp_path, {"d/a/": "", "d/b/": ""})
    assert checkout.folders("d") == 2
    plant(tmp_path, {"d/c": "", "d/e": ""})
    assert checkout.folders("d") == 3


def test_a_count_of_folders_is_an_answer_that_is_asked_for_again(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"d/a/": ""})
    watching = Watching(checkout)
    assert (watching.folders("d"), watching.folders("e")) == (1, checkout.folders("e"))
    assert watching.says(watching.asked, {})
    plant(tmp_path, {"d/b/": ""})
    assert not watching.says(watching.asked, {})


def test_names_lists_a_directory_sorted(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path / "root", {"d/b": "", "d/a": "", "d/c/": "", "link": Link("d"), "out": Link("..")})
    assert checkout.names("d") == checkout.names("link") == ("a", "b", "c")
    assert checkout.names(".") == ("d", "link", "out")
    assert checkout.names("out") == checkout.names("d/a") == checkout.names("absent") == ()


def test_a_persons_path_becomes_one_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = checkout_of(tmp_path / "root", {"a/f": "text", "link": Link("a")})
    plant(tmp_path, {"alias": Link("root")})
    monkeypatch.chdir(tmp_path / "root" / "a")
    for path in ("f", "./f", "../a/f", tmp_path / "root/a/f", tmp_path / "alias/a/f"):
        assert checkout.relative(path) == "a/f"
    assert checkout.relative("..") == checkout.relative(tmp_path / "root") == "."
    assert checkout.relative("../link/f") == "link/f"
    for path in ("../..", tmp_path / "root-too", "/"):
        assert code_of(checkout.relative(path)) is codes.OUTSIDE_ROOT
    assert code_of(checkout.relative("a\0b")) is codes.FILE_NOT_FOUND


def test_the_root_is_the_nearest_directory_with_git_in_it(tmp_path: Path) -> None:
    plant(tmp_path, {"repo/.git/": "", "repo/a/b/f": "", "repo/module/.git": "gitdir: …", "repo/module/c/": ""})
    assert find_root(tmp_path / "repo") == str(tmp_path / "repo")
    assert find_root(tmp_path / "repo/a/b") == find_root(tmp_path / "repo/a/b/f") == str(tmp_path / "repo")
    assert find_root(tmp_path / "repo/a/not/there") == str(tmp_path / "repo")
    assert find_root(tmp_path / "repo/module/c") == str(tmp_path / "repo/module")


def test_without_git_the_root_is_the_directory_itself(tmp_path: Path) -> None:
    plant(tmp_path, {"a/b/f": ""})
    assert find_root(tmp_path / "a/b") == find_root(tmp_path / "a/b/f") == str(tmp_path / "a/b")


def test_inside_a_repository_a_link_begins_no_other_one(tmp_path: Path) -> None:
    plant(tmp_path, {"other/.git/": "", "repo/.git/": "", "repo/link": Link("../other"), "home": Link("repo")})
    assert find_root(tmp_path / "repo/link") == str(tmp_path / "repo")
    assert find_root(tmp_path / "home") == str(tmp_path / "home")
