"""`comb check` of one comb beside all others of a checkout: what is known of these from an earlier run."""

import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from comb_compiler.cli import others
from comb_compiler.cli.beside import Claims
from comb_compiler.cli.checking import Checking
from comb_compiler.cli.verdicts import Verdict, VerdictCache
from comb_compiler.release.claims import Claim
from comb_compiler.workspace import stamps
from comb_compiler.workspace.checkout import Checkout
from tests.cli.test_beside import PLATFORM, budget, write
from tests.cli.test_plan_all import DAMAGES, damage_index, is_settled_for_an_hour, replaced, settle


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three combs of a team that asks for one GPU more than it may have."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / ".git").mkdir()
    (root / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    budget(root, 8)
    for name, count in (("alpha", 4), ("beta", 3), ("gamma", 2)):
        write(root, name, count)
    return root


def said(root: Path, cache: Path | None, asked: str = "beta", asking: list[str] | None = None) -> list[str]:
    """What is said of one comb."""

    class Counted(Checking):
        def verdict(self, main: str, others: Claims | None = None) -> Verdict:
            if asking is not None:
                asking.append(main)
            return super().verdict(main, others)

    checking = Counted(Checkout(root), VerdictCache(str(cache) if cache else None), "platform.yaml")
    return sorted(one.message for one in checking.run([str(root / "combs" / asked)]).diagnostics)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda root: root, "beside 6 of alpha (4), gamma (2), and the team may have 8"),
    "more of them": (lambda root: write(root, "alpha", 5), "beside 7 of alpha (5), gamma (2)"),
    "another team": (lambda root: write(root, "alpha", 6, team="search"), ""),
    "into the team": (lambda root: write(root, "alpha", 4, each=2), "beside 10 of alpha (8), gamma (2)"),
    "another name": (replaced("combs/alpha/comb.yaml", "name: alpha", "name: zeta"), "beside 6 of gamma (2), zeta (4)"),
    "one that goes": (lambda root: shutil.rmtree(root / "combs" / "alpha"), ""),
    "a new one": (lambda root: write(root, "delta", 1), "beside 7 of alpha (4), delta (1), gamma (2)"),
    "one in a new place": (
        lambda root: (root / "combs" / "alpha").rename(root / "alpha"),
        "beside 6 of alpha (4), gamma (2)",
    ),
    "a mistake": (replaced("combs/alpha/comb.yaml", "greet(name", "great(name"), "is judged without `alpha`"),
    "a .proto file with a mistake": (
        replaced("combs/alpha/greeting.proto", "message Name", "massage Name"),
        "is judged without `alpha`",
    ),
    "a .proto file that goes": (
        lambda root: (root / "combs" / "alpha" / "greeting.proto").unlink(),
        "is judged without `alpha`",
    ),
    "another budget": (lambda root: budget(root, 7), "beside 6 of alpha (4), gamma (2), and the team may have 7"),
    "another platform": (replaced("platform.yaml", "nvidia-t4: {m", "nvidia-l4: {m"), "nvidia-t4"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_known_of_others_is_what_they_say(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    before = said(tree, cache)
    assert said(tree, cache) == before
    CHANGES[change][0](tree)
    found = said(tree, cache)
    assert any(CHANGES[change][1] in one for one in found) if CHANGES[change][1] else not found
    assert found == said(tree, cache) == said(tree, None)


def test_others_are_asked_once_and_again_where_they_changed(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    asking: list[str] = []
    said(tree, tmp_path / "cache", asking=asking)
    assert {"combs/alpha/comb.yaml", "combs/gamma/comb.yaml"} <= {*asking}
    asking.clear()
    write(tree, "gamma", 1)
    said(tree, tmp_path / "cache", asking=asking)
    assert "combs/gamma/comb.yaml" in asking
    assert "combs/alpha/comb.yaml" not in asking


def test_where_many_changed_all_that_is_known_is_written_anew(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    monkeypatch.setattr(others, "_FEW", 1)
    cache = tmp_path / "cache"
    said(tree, cache)
    write(tree, "gamma", 1)
    write(tree, "alpha", 3)
    monkeypatch.setattr(stamps, "is_settled", lambda stamp, before: True)
    asking: list[str] = []
    for _ in range(2):
        asking.clear()
        assert said(tree, cache, asking=asking) == []
    assert {*asking} == {"platform.yaml", "combs/beta/comb.yaml"}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_index_that_is_damaged_or_of_another_comb_knows_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    before = said(tree, cache)
    damage_index(cache, damage, monkeypatch)
    asking: list[str] = []
    assert said(tree, cache, asking=asking) == before
    assert "combs/alpha/comb.yaml" in asking


def _aged(root: Path, cache: Path, asked: str) -> list[str]:
    stamps.is_settled = is_settled_for_an_hour
    return said(root, cache, asked)


@pytest.mark.slow
def test_several_processes_leave_an_index_that_holds(tree: Path, tmp_path: Path) -> None:
    cache, asked = tmp_path / "cache", ["alpha", "beta", "gamma"] * 2
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        first = list(pool.map(_aged, [tree] * 6, [cache] * 6, asked))
        write(tree, "alpha", 5)
        second = list(pool.map(_aged, [tree] * 6, [cache] * 6, asked))
    assert first[:3] == first[3:]
    assert all("and the team may have 8" in one for (one,) in first)
    assert ["beside 7 of alpha (5), gamma (2)" in one for (one,) in second] == [False, True, False] * 2
    assert len(list((cache / "trees").iterdir())) == 1


def test_what_a_comb_claims_beside_its_team_is_the_same_whoever_asks() -> None:
    from comb_compiler.cli.beside import Beside

    verdicts = [
        Verdict(f"{name}.yaml", "Comb", name, None, (), {"staging": Claim(name, team, {"t4": 1} if gpus else {})})
        for name, team, gpus in (("b", "one", 1), ("a", "one", 1), ("c", "two", 1), ("d", "one", 0), ("e", "", 1))
    ]
    known = Beside((), verdicts)
    assert [one.comb for one in known.of("b.yaml")["staging"]] == ["a"]
    assert [one.comb for one in known.of("d.yaml")["staging"]] == ["a", "b"]
    assert known.of("c.yaml") == {"staging": ()} == known.of("e.yaml")
