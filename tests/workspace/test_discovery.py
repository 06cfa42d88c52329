"""The combs that a person means by the paths that they give."""

import os
import time
from pathlib import Path

import pytest

from comb_compiler.diagnostics import Span, codes
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from tests.workspace.trees import Link, checkout_of, plant


def found(checkout: Checkout, *paths: str) -> list[str]:
    """The combs below paths from the root; nothing was wrong."""
    discovery = find_combs(checkout, [os.path.join(checkout.root, path) for path in paths])
    assert discovery.diagnostics == []
    return discovery.combs


def said(checkout: Checkout, *paths: str | Path) -> list[tuple[str, str]]:
    """What was wrong, by code and file; no comb was found."""
    discovery = find_combs(checkout, [os.path.join(checkout.root, path) for path in paths])
    assert discovery.combs == []
    return [(found.code.name, found.primary.span.file if found.primary else "") for found in discovery.diagnostics]


def test_every_comb_below_a_directory_sorted(tmp_path: Path) -> None:
    names = ["b/comb.yaml", "a/x/comb.yaml", "comb.yaml", "a/comb.yaml", "a-b/comb.yaml"]
    checkout = checkout_of(tmp_path, {**dict.fromkeys(names, "x"), "a/other.yaml": "x", "comb.yaml.d/f": "x"})
    assert found(checkout, "") == sorted(names)
    assert found(checkout, "a") == ["a/comb.yaml", "a/x/comb.yaml"]
    assert found(checkout, "b", "a", "a/x") == ["a/comb.yaml", "a/x/comb.yaml", "b/comb.yaml"]


def test_a_file_is_meant_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = checkout_of(tmp_path, {"a/platform.yaml": "x", "a/comb.yaml": "x", ".hidden/x": "x"})
    assert found(checkout, "a/platform.yaml", ".hidden/x", "a/comb.yaml", "a") == [
        ".hidden/x",
        "a/comb.yaml",
        "a/platform.yaml",
    ]
    monkeypatch.chdir(tmp_path / "a")
    assert find_combs(checkout, ["platform.yaml", "./platform.yaml"]).combs == ["a/platform.yaml"]


def test_others_directories_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    left_out = [
        ".git/comb.yaml",
        ".hidden/a/comb.yaml",
        "node_modules/a/comb.yaml",
        "env/comb.yaml",
        "env/lib/comb.yaml",
    ]
    checkout = checkout_of(tmp_path, {**dict.fromkeys(left_out, "x"), "comb.yaml": "x", "env/pyvenv.cfg": ""})
    assert found(checkout, "") == ["comb.yaml"]
    assert found(checkout, ".hidden", "node_modules", "env") == [
        ".hidden/a/comb.yaml",
        "env/comb.yaml",
        "env/lib/comb.yaml",
        "node_modules/a/comb.yaml",
    ]


def test_linked_directories_inside_are_searched_once_by_their_own_name(tmp_path: Path) -> None:
    files: dict[str, str | bytes | Link] = {
        "real/comb.yaml": "x",
        "shared/deep/comb.yaml": "x",
        "a/comb.yaml": "x",
        "a/link": Link("../shared"),
        "a/deeper": Link("../shared/deep"),
        "a/real": Link("../real"),
        "a/again": Link("real"),
    }
    checkout = checkout_of(tmp_path, files)
    assert found(checkout, "") == ["a/comb.yaml", "real/comb.yaml", "shared/deep/comb.yaml"]
    assert found(checkout, "a") == ["a/comb.yaml", "real/comb.yaml", "shared/deep/comb.yaml"]
    assert found(checkout, "a/link") == ["shared/deep/comb.yaml"]
    assert found(checkout, "a/link/deep/comb.yaml", "shared/deep/comb.yaml") == ["shared/deep/comb.yaml"]


def test_a_directory_is_listed_once_however_many_links_lead_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = {f"a/{9 - number}": Link("../shared" + "/d" * number) for number in range(10)}
    checkout = checkout_of(tmp_path, {"shared" + "/d" * 9 + "/comb.yaml": "x", **links})
    listed: list[str] = []
    real = os.scandir

    def scandir(path: str) -> "os._ScandirIterator[str]":
        listed.append(os.path.relpath(path, tmp_path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert found(checkout, "a", "shared") == ["shared" + "/d" * 9 + "/comb.yaml"]
    assert sorted(listed) == sorted(["a", *2 * ["shared" + "/d" * number for number in range(10)]])


def test_links_that_leave_or_loop_are_left_out(tmp_path: Path) -> None:
    plant(tmp_path, {"outside/comb.yaml": "x"})
    files: dict[str, str | bytes | Link] = {
        "a/comb.yaml": "x",
        "a/out": Link("../../outside"),
        "a/absolute": Link(str(tmp_path / "outside")),
        "a/up": Link(".."),
        "a/self": Link("self"),
        "a/here": Link("."),
        "a/gone": Link("nowhere"),
        "a/hidden": Link("../.hidden"),
        ".hidden/comb.yaml": "x",
        "b/a": Link("../a"),
        "a/b": Link("../b"),
        "z/comb.yaml": "x",
        "z/y/x/up": Link("../.."),
        "z/y/x/comb.yaml": "x",
    }
    checkout = checkout_of(tmp_path / "root", files)
    assert found(checkout, "a") == ["a/comb.yaml"]
    assert found(checkout, "b") == ["a/comb.yaml"]
    assert found(checkout, "z/y") == ["z/y/x/comb.yaml"]
    assert found(checkout, "") == ["a/comb.yaml", "z/comb.yaml", "z/y/x/comb.yaml"]


def test_a_linked_comb_is_found_where_the_link_is(tmp_path: Path) -> None:
    """What a comb names is beside the link: a comb.yaml may be shared, its directory is its own."""
    checkout = checkout_of(tmp_path, {"base.yaml": "x", "a/comb.yaml": Link("../base.yaml")})
    assert found(checkout, "") == found(checkout, "a/comb.yaml") == ["a/comb.yaml"]


def test_a_comb_that_is_no_file_is_found_too_so_that_it_is_said(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/": "", "b/comb.yaml": Link("../../outside")})
    os.mkfifo(tmp_path / "a/comb.yaml")
    assert found(checkout, "") == ["a/comb.yaml", "b/comb.yaml"]


def test_each_path_that_leads_nowhere_is_said_and_the_others_are_searched(tmp_path: Path) -> None:
    plant(tmp_path, {"outside/comb.yaml": "x"})
    checkout = checkout_of(tmp_path / "root", {"a/comb.yaml": "x", "empty/": "", "out": Link("../outside")})
    paths = ["a", "absent", "empty", "out", "../outside", "a/comb.yaml/x"]
    discovery = find_combs(checkout, [os.path.join(checkout.root, path) for path in paths])
    assert discovery.combs == ["a/comb.yaml"]
    assert [(found.code, found.primary and found.primary.span) for found in discovery.diagnostics] == [
        (codes.FILE_NOT_FOUND, Span.whole_file("absent")),
        (codes.NO_COMB_FOUND, Span.whole_file("empty")),
        (codes.OUTSIDE_ROOT, Span.whole_file("out")),
        (codes.OUTSIDE_ROOT, Span.whole_file(f"{checkout.root}/../outside")),
        (codes.FILE_NOT_FOUND, Span.whole_file("a/comb.yaml/x")),
    ]


def test_a_pipe_is_no_comb(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert said(Checkout(tmp_path), "pipe") == [("not-a-regular-file", "pipe")]


@pytest.mark.parametrize("name", ["comb.yml", "Comb.yaml", "COMB.YAML", "combs.yaml", "comb.yaml.txt"])
def test_a_name_that_is_almost_right_is_mentioned(tmp_path: Path, name: str) -> None:
    checkout = checkout_of(tmp_path, {f"a/{name}": "x"})
    (diagnostic,) = find_combs(checkout, [tmp_path]).diagnostics
    assert diagnostic.message == "there is no `comb.yaml` in this directory or below it"
    assert diagnostic.hints == (f"rename `a/{name}`: only `comb.yaml` is looked for",)


def test_a_name_that_is_not_utf8_is_said_and_shown_escaped(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    checkout = checkout_of(tmp_path, {f"{odd}/comb.yaml": "x"})
    assert said(checkout, "", odd) == [("unreadable-file", "caf\\udce9/comb.yaml"), ("unreadable-file", "caf\\udce9")]


def test_a_directory_that_cannot_be_listed_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = checkout_of(tmp_path, {"a/closed/comb.yaml": "x", "a/comb.yaml": "x"})
    real = os.scandir

    def refuse(path: str) -> "os._ScandirIterator[str]":
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    combs, diagnostics = find_combs(checkout, [tmp_path])
    assert combs == ["a/comb.yaml"]
    assert [found.message for found in diagnostics] == ["`a/closed` cannot be searched for combs: permission denied"]


def test_directories_as_deep_as_a_path_can_be(tmp_path: Path) -> None:
    depth = 1500
    path = str(tmp_path)
    for _ in range(depth):
        path += "/d"
        os.mkdir(path)
    Path(path, "comb.yaml").write_text("x")
    try:
        assert found(Checkout(tmp_path), "") == ["d/" * depth + "comb.yaml"]
    finally:  # pytest removes what is left by recursion
        os.unlink(f"{path}/comb.yaml")
        while path != str(tmp_path):
            os.rmdir(path)
            path = os.path.dirname(path)


@pytest.mark.slow
def test_many_directories_are_walked_fast(tmp_path: Path) -> None:
    for outer in range(100):
        for inner in range(100):
            os.makedirs(tmp_path / f"{outer}/{inner}")
    plant(tmp_path, {"7/7/comb.yaml": "x"})
    began = time.process_time()
    assert found(Checkout(tmp_path), "") == ["7/7/comb.yaml"]
    assert time.process_time() - began < 10  # 10,000 directories: seen 0.06 s
