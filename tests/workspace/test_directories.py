"""Directories of rendered files: replaced as a whole, by who made them, and never what others put there."""

import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comb_compiler.release.release import Promise, Release, release_bytes
from comb_compiler.workspace.directories import ForeignFiles, Written, write_directories, write_files
from comb_compiler.workspace.errors import OutsideFailure

ROOT = Path(__file__).parents[2]

HERE = "clusters/east/vision/ocr"
DIGEST = "0" * 64


def files(**contents: str) -> dict[str, bytes]:
    """A release of these files, by name without its ending."""
    made = {f"{name}.yaml": content.encode() for name, content in contents.items()}
    listed = dict.fromkeys(made, DIGEST)
    promise = Promise("a.B/C", (), b"")
    release = Release(
        "ocr", "production", "east", "vision", DIGEST, {}, DIGEST, DIGEST, {}, listed, DIGEST, (), None, promise
    )
    return {**made, "release.json": release_bytes(release)}


def state(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_directory_holds_exactly_its_files(tmp_path: Path) -> None:
    assert write_directories(tmp_path, {HERE: files(a="1", b="2")}) == [Written(HERE, new=3)]
    done = write_directories(tmp_path, {HERE: files(a="1", c="3")})
    assert done == [Written(HERE, new=1, changed=1, unchanged=1, removed=1)]
    assert state(tmp_path) == {f"{HERE}/{name}": content for name, content in files(a="1", c="3").items()}


def test_files_may_be_in_directories_of_their_own(tmp_path: Path) -> None:
    listed = {**files(a="1"), "below/b.yaml": b"2"}
    more = b'"below/b.yaml": "%s",' % DIGEST.encode()
    listed["release.json"] = listed["release.json"].replace(b'"a.yaml": ', more + b'"a.yaml": ')
    write_directories(tmp_path, {HERE: listed})
    write_directories(tmp_path, {HERE: files(a="1")})
    assert sorted(state(tmp_path)) == [f"{HERE}/a.yaml", f"{HERE}/release.json"]


def test_what_does_not_differ_is_not_touched(tmp_path: Path) -> None:
    write_directories(tmp_path, {HERE: files(a="1")})
    before = (tmp_path / HERE).stat()
    assert write_directories(tmp_path, {HERE: files(a="1")}) == [Written(HERE, unchanged=2)]
    after = (tmp_path / HERE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "below/notes.txt", "link"])
def test_what_others_put_there_stops_it(tmp_path: Path, name: str) -> None:
    write_directories(tmp_path, {HERE: files(a="1")})
    foreign = tmp_path / HERE / name
    foreign.parent.mkdir(exist_ok=True)
    if name == "link":
        foreign.symlink_to("/etc")
    else:
        foreign.write_text("mine")
    before = state(tmp_path)
    with pytest.raises(ForeignFiles, match=f"holds `{name}`, which no rendering listed as its own"):
        write_directories(tmp_path, {"clusters/east/other/ocr": files(z="1"), HERE: files(a="2")})
    assert state(tmp_path) == before


@pytest.mark.parametrize("release", [None, b"", b"{}", b'{"version": 1, "files": {"a.yaml": "x"}}'])
def test_without_a_release_nothing_is_known_to_be_ours(tmp_path: Path, release: bytes | None) -> None:
    (tmp_path / HERE).mkdir(parents=True)
    (tmp_path / HERE / "a.yaml").write_text("1")
    if release is not None:
        (tmp_path / HERE / "release.json").write_bytes(release)
    with pytest.raises(ForeignFiles, match=r"a\.yaml"):
        write_directories(tmp_path, {HERE: files(a="2")})


def test_a_platforms_directory_is_known_by_its_list(tmp_path: Path) -> None:
    here = "clusters/east/_platform"
    write_directories(tmp_path, {here: {"a.yaml": b"1", "kustomization.yaml": b"resources:\n- a.yaml\n"}})
    done = write_directories(tmp_path, {here: {"b.yaml": b"1", "kustomization.yaml": b"resources:\n- b.yaml\n"}})
    assert done == [Written(here, new=1, changed=1, removed=1)]


@pytest.mark.parametrize("at", ["clusters", "clusters/east", HERE])
def test_no_link_and_no_file_is_written_through(tmp_path: Path, at: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    (root / at).parent.mkdir(parents=True)
    (root / at).symlink_to(outside)
    with pytest.raises(ForeignFiles, match="is a symbolic link"):
        write_directories(root, {HERE: files(a="1")})
    (root / at).unlink()
    (root / at).write_text("a file")
    with pytest.raises(ForeignFiles, match="is a file"):
        write_directories(root, {HERE: files(a="1")})
    assert state(outside) == {}


def test_a_disk_that_refuses_leaves_everything_as_it_was(tmp_path: Path) -> None:
    there = "clusters/east/vision/two"
    write_directories(tmp_path, {HERE: files(a="1"), there: files(a="1")})
    before = state(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OutsideFailure, match="cannot be written: file too large"):
            write_directories(tmp_path, {HERE: files(a="2"), there: files(a="too much" * 5_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert state(tmp_path) == before


def test_only_what_was_to_take_one_of_the_places_is_cleared_away(tmp_path: Path) -> None:
    write_directories(tmp_path, {HERE: files(a="1")})
    above = (tmp_path / HERE).parent
    name = (tmp_path / HERE).name
    mark = "0123456789abcdef"
    for left in (f".{name}.{mark}", f".{name}.{mark}.old", f".other.{mark}", f".{name}.{mark}.new"):
        (above / left).mkdir()
    write_directories(tmp_path, {HERE: files(a="1")})
    assert {one.name for one in above.iterdir()} == {name, f".other.{mark}", f".{name}.{mark}.new"}


def test_a_directory_that_cannot_take_its_place_gives_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_directories(tmp_path, {HERE: files(a="1")})
    before = state(tmp_path)
    rename = Path.rename

    def refused(path: Path, target: Path) -> Path:
        if path.name.startswith(".") and not path.name.endswith(".old"):
            raise OSError(5, os.strerror(5), str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OutsideFailure):
        write_directories(tmp_path, {HERE: files(a="2")})
    assert state(tmp_path) == before


def test_single_files_leave_those_of_others_alone(tmp_path: Path) -> None:
    folder = "clusters/east/_flux"
    write_files(tmp_path, folder, {"vision.ocr.yaml": b"1"}, ())
    done = write_files(tmp_path, folder, {"_platform.yaml": b"1", "_alert-a.yaml": b"1"}, ())
    assert done == Written(folder, new=2)
    done = write_files(tmp_path, folder, {"_platform.yaml": b"2"}, ("_platform.yaml", "_alert-a.yaml"))
    assert done == Written(folder, changed=1, removed=1)
    assert state(tmp_path) == {f"{folder}/vision.ocr.yaml": b"1", f"{folder}/_platform.yaml": b"2"}


LEFT = (".ocr.0123456789abcdef", ".ocr.0123456789abcdef.old")


def test_what_a_killed_writer_left_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "clusters" / "east"
    stays = (".ocr.0123", ".nsfw.0123456789abcdef", ".ocr.0123456789abcdef.bak")
    for name in (*LEFT, *stays):
        (home / name).mkdir(parents=True)
        (home / name / "x.yaml").touch()
    (home / "_flux").mkdir()
    (home / "_flux" / ".apps.ocr.yaml.0123456789abcdef").touch()
    write_directories(tmp_path, {"clusters/east/ocr": {"kustomization.yaml": b""}})
    write_files(tmp_path, "clusters/east/_flux", {"apps.ocr.yaml": b""}, ())
    assert sorted(path.name for path in home.iterdir()) == sorted((*stays, "_flux", "ocr"))
    assert [path.name for path in (home / "_flux").iterdir()] == ["apps.ocr.yaml"]


_WAITS = """
import sys
from pathlib import Path
from comb_compiler.workspace import directories
def held(*arguments):
    print("staged", flush=True)
    sys.stdin.readline()
directories._swap = held
directories.write_directories(Path(sys.argv[1]), {"ocr": {"kustomization.yaml": b"killed"}})
"""


def test_a_writer_that_is_killed_leaves_what_the_next_clears_and_nobody_takes_it_from_a_living_one(
    tmp_path: Path,
) -> None:
    write_directories(tmp_path, {"ocr": {"kustomization.yaml": b"before"}})
    command = [sys.executable, "-c", _WAITS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"staged\n"
        staged = [path.name for path in tmp_path.iterdir() if path.name != "ocr"]
        assert len(staged) == 1
        with ThreadPoolExecutor(1) as pool:
            next_one = pool.submit(write_directories, tmp_path, {"ocr": {"kustomization.yaml": b"after"}})
            time.sleep(0.3)
            assert not next_one.done()
            assert (tmp_path / staged[0]).is_dir()
            process.kill()
            next_one.result(120)
    assert [path.name for path in tmp_path.iterdir()] == ["ocr"]
    assert (tmp_path / "ocr" / "kustomization.yaml").read_bytes() == b"after"
