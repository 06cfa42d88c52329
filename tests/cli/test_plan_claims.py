"""`comb plan --all` beside what is published: what is known of releases from an earlier run, and what comes of it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from comb_compiler.cli import plan_claims
from comb_compiler.cli.plan_all import compare_tree
from comb_compiler.release.release import Devices, parse_devices
from comb_compiler.workspace import stamps
from comb_compiler.workspace.checkout import Checkout
from tests.cli.test_beside import PLATFORM, budget, write
from tests.cli.test_plan_all import DAMAGES, asked_of, damage_index, is_settled_for_an_hour, settle

NAMES = {"alpha": 4, "beta": 3, "gamma": 2}
THERE = "out/clusters/east/greetings"


def render(root: Path, out: str) -> None:
    command = [sys.executable, "-m", "comb_compiler", "render", "combs", "--platform", "platform.yaml", "--unbuilt"]
    command += ["--environment", "staging", "-o", out]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, timeout=600)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three combs of one team as they are published in `out`, and as they may come to be there in `other`."""
    root = tmp_path_factory.mktemp("claims")
    (root / ".git").mkdir()
    (root / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    budget(root, 9)
    for name, count in (("alpha", 5), ("delta", 1)):
        write(root, name, count)
    write(root, "gamma", 2, team="search")
    render(root, "other")
    shutil.rmtree(root / "combs")
    for name, count in NAMES.items():
        write(root, name, count)
    render(root, "out")
    return root


@pytest.fixture
def tree(made: Path, tmp_path: Path) -> Path:
    """A copy of it, which a test may change."""
    return Path(shutil.copytree(made, tmp_path / "tree"))


def said(root: Path, cache: Path | None) -> list[str]:
    """What is said of the combs that differ beside all others."""
    compared, _ = compare_tree(Checkout(root), asked_of(root), None, str(cache) if cache else None)
    return sorted(one.message for one in compared.diagnostics) if compared is not None else []


def published(name: str, count: int, team: str = "welcome") -> Callable[[Path], object]:
    """That a comb asks for other devices, and is published like that."""

    def change(root: Path) -> None:
        write(root, name, count, team=team)
        shutil.rmtree(root / THERE / name, ignore_errors=True)
        shutil.copytree(root / THERE.replace("out", "other") / name, root / THERE / name)

    return change


def gone(root: Path) -> None:
    for one in (root / THERE / "alpha", root / "combs" / "alpha"):
        shutil.rmtree(one)


def older(root: Path) -> None:
    file = root / THERE / "alpha" / "release.json"
    release = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({key: one for key, one in release.items() if key not in ("team", "devices")}))


def nothing(root: Path) -> None:
    assert root.is_dir()


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (nothing, "6 of alpha (4), gamma (2)"),
    "more of them": (published("alpha", 5), "7 of alpha (5), gamma (2)"),
    "another team": (published("gamma", 2, team="search"), "4 of alpha (4)"),
    "a new one": (published("delta", 1), "7 of alpha (4), delta (1), gamma (2)"),
    "one that goes": (gone, "2 of gamma (2)"),
    "one that was published by an older Comb": (older, "2 of gamma (2)"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_known_of_releases_is_what_they_say(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    assert said(tree, cache) == []
    write(tree, "beta", 8)
    CHANGES[change][0](tree)
    found = said(tree, cache)
    assert any(f"up to 8 GPUs or shares of them beside {CHANGES[change][1]}, and" in one for one in found), found
    assert found == said(tree, cache) == said(tree, None)


def test_a_release_that_is_known_is_not_read_again(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    read: list[bytes] = []

    def parsed(content: bytes) -> Devices:
        read.append(content)
        return parse_devices(content)

    monkeypatch.setattr(plan_claims, "parse_devices", parsed)
    assert said(tree, cache) == []
    write(tree, "beta", 8)
    assert len(said(tree, cache)) == 1
    assert read == []
    published("alpha", 5)(tree)
    assert len(said(tree, cache)) == 1
    assert len(read) == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_index_that_is_damaged_or_of_another_comb_knows_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    assert said(tree, cache) == []
    damage_index(cache, damage, monkeypatch)
    write(tree, "beta", 8)
    (found,) = said(tree, cache)
    assert "beside 6 of alpha (4), gamma (2)" in found


def _aged(root: Path, cache: Path) -> list[str]:
    stamps.is_settled = is_settled_for_an_hour
    return said(root, cache)


@pytest.mark.slow
def test_several_processes_leave_an_index_that_holds(tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        assert list(pool.map(_aged, [tree] * 6, [cache] * 6)) == [[]] * 6
        write(tree, "beta", 8)
        published("alpha", 5)(tree)
        found = list(pool.map(_aged, [tree] * 6, [cache] * 6))
    assert all(re.search(r"beside 7 of alpha \(5\), gamma \(2\)", one) for (one,) in found)
    assert len(list((cache / "trees").iterdir())) == 1
