"""`comb plan --all`: a tree against what is there, whatever is known from earlier runs."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import comb_compiler
from comb_compiler.cli import tree_index
from comb_compiler.cli.plan_all import compare_tree
from comb_compiler.diagnostics import has_errors
from comb_compiler.release.images import Images
from comb_compiler.workspace import stamps
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.stamps import SETTLED, is_settled, stamp_of
from tests.cli.conftest import COMB, PROTO, Comb
from tests.cli.test_plan import PLATFORM

NAMES = ("alpha", "beta", "gamma")
DAMAGES = ("cut", "another form", "another number")
IMAGE = "registry.acme.example/combs/{}@sha256:{}"
EXPERIMENT = "experiment: {key: header/x-user, arms: {control: {weight: 90}, other: {weight: 10}}}\n"
OVERLAY = "environments: {staging: {operators: {greet: {timeout: 70ms}}}}\n"

PATCH = "patches: {more: {why: w, target: {kind: Deployment}, merge: {spec: {minReadySeconds: 5}}}}\n"

RULE = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAME}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]
  validations: [{expression: "object.metadata.name != 'omega'", message: this name means something else}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: NAME}
spec: {policyName: NAME, validationActions: [Deny]}
"""

Changed = Callable[[Path], object]


def write(file: Path, text: str) -> None:
    """A file that was written long ago, as far as its stamps can say that: its inode's time is the test's patience."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def images(digit: str = "1") -> Images:
    return Images({name: {"cpu": IMAGE.format(name, digit * 64)} for name in NAMES})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three combs and what was rendered of them, long enough ago for stamps to count."""
    root = tmp_path_factory.mktemp("tree")
    (root / ".git").mkdir()
    write(root / "platform.yaml", PLATFORM + "policies: [policies]\n")
    write(root / "policies/names.yaml", RULE.replace("NAME", "names"))
    for name in NAMES:
        place = root / "combs" / name
        write(place / "comb.yaml", COMB.replace("name: greeting,", f"name: {name},") + EXPERIMENT + OVERLAY)
        write(place / "greeting.proto", PROTO)
        write(place / "operators.py", "class Greet: ...\n")
    write(root / "images.json", json.dumps({"images": images().by_process}))
    render(root)
    return root


@pytest.fixture
def tree(made: Path, tmp_path: Path) -> Path:
    """A copy of it, which a test may change."""
    root = tmp_path / "tree"
    shutil.copytree(made, root, symlinks=True)
    return root


def render(root: Path) -> None:
    command = [sys.executable, "-m", "comb_compiler", "render", "combs", "--platform", "platform.yaml"]
    command += ["--environment", "staging", "--images", "images.json", "-o", "out"]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, timeout=600)


def asked_of(root: Path) -> argparse.Namespace:
    """What `comb plan --all` is asked of the tree below `root`, against what was rendered to `out` there."""
    return argparse.Namespace(
        paths=[str(root / "combs")],
        platform=str(root / "platform.yaml"),
        environment="staging",
        against=str(root / "out"),
        published_from=None,
    )


def differing(root: Path, cache: Path | None, given: Images | None = None) -> list[str]:
    """The combs of which something is to be said."""
    compared, alike = compare_tree(Checkout(root), asked_of(root), given or images(), str(cache) if cache else None)
    if compared is None:
        assert alike.combs == len(NAMES)
        return []
    named = {one.comb for one in compared.changes if not one.is_empty or one.notes}
    named |= {"mistakes"} if has_errors(compared.diagnostics) else set()
    named |= {Path(main).parent.name for main, _ in compared.failed} | {name for name, _ in compared.gone}
    return sorted(named)


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all that is there had been there for an hour: only what is written from now on is new."""
    monkeypatch.setattr(stamps, "is_settled", is_settled_for_an_hour)


def is_settled_for_an_hour(stamp: str, before: int) -> bool:
    """Whether a stamp counts, as if it had been there for an hour."""
    return is_settled(stamp, before + 3600 * 10**9)


def damage_index(cache: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the index that is kept in `cache` be one that is of no use: one of `DAMAGES`."""
    (file,) = (cache / "trees").iterdir()
    text = file.read_text(encoding="utf-8")
    if damage == "cut":
        file.write_text(text[: len(text) // 2], encoding="utf-8")
    elif damage == "another number":
        assert '"nvidia-t4":4' in text
        file.write_text(text.replace('"nvidia-t4":4', '"nvidia-t4":1'), encoding="utf-8")
    else:
        monkeypatch.setattr(tree_index, "_FORM", tree_index._FORM + 1)


def replaced(name: str, old: str, new: str) -> Changed:
    def change(root: Path) -> None:
        file = root / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


INPUTS: dict[str, tuple[Changed, list[str]]] = {
    "comb": (replaced("combs/beta/comb.yaml", "timeout: 80ms", "timeout: 81ms, retries: 1"), ["beta"]),
    "weights": (replaced("combs/beta/comb.yaml", "weight: 90", "weight: 91"), ["beta"]),
    "overlay": (replaced("combs/beta/comb.yaml", "timeout: 70ms", "timeout: 71ms"), ["beta"]),
    "proto": (replaced("combs/beta/greeting.proto", "string text = 1;", "string text = 1; int32 more = 2;"), ["beta"]),
    "code": (replaced("combs/beta/operators.py", "...", "pass"), ["beta"]),
    "new code": (lambda root: write(root / "combs/beta/more.py", "x = 1\n"), ["beta"]),
    "code that goes": (lambda root: (root / "combs/beta/operators.py").unlink(), ["beta"]),
    "requirements": (lambda root: write(root / "combs/beta/requirements.txt", "numpy\n"), ["beta"]),
    "lock that is none": (lambda root: write(root / "combs/beta/comb.lock", "nothing\n"), ["beta"]),
    "platform": (replaced("platform.yaml", "namespaces:", PATCH + "namespaces:"), list(NAMES)),
    "policy": (replaced("policies/names.yaml", "!= 'omega'", "== 'omega'"), ["mistakes"]),
    "new policy": (lambda root: write(root / "policies/more.yaml", RULE.replace("!=", "==")), ["mistakes"]),
    "policies that go": (lambda root: shutil.rmtree(root / "policies"), ["mistakes"]),
    "another comb": (lambda root: shutil.copytree(root / "combs/beta", root / "combs/delta"), ["mistakes"]),
    "comb that goes": (lambda root: shutil.rmtree(root / "combs/beta"), ["beta"]),
    "mistake": (replaced("combs/beta/comb.yaml", "greet(name", "great(name"), ["beta"]),
    "what is there goes": (lambda root: shutil.rmtree(root / "out/clusters/east/greetings/beta"), ["beta"]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *((name, True) for name in INPUTS),
        *((name, False) for name in ("comb", "proto", "code", "new code", "platform", "policy", "new policy")),
    ],
)
def test_whatever_changes_is_seen(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, known: bool
) -> None:
    cache = tmp_path / "cache"
    if known:
        settle(monkeypatch)
        assert differing(tree, cache) == []
    assert differing(tree, cache) == []
    change, expected = INPUTS[name]
    change(tree)
    found = differing(tree, cache)
    assert found == differing(tree, None)
    assert set(expected) <= set(found)


def test_other_images_are_seen(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    assert differing(tree, cache) == differing(tree, cache) == []
    assert differing(tree, cache, images("2")) == list(NAMES)


def test_another_compiler_knows_nothing(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    assert differing(tree, cache) == []
    before = {path.name for path in cache.rglob("*") if path.is_file()}
    monkeypatch.setattr(comb_compiler, "__version__", "9.9.9")
    assert differing(tree, cache) == []
    kinds = {path.parent.name for path in cache.rglob("*") if path.is_file() and path.name not in before}
    assert "trees" in kinds


def test_the_same_size_and_the_same_time_are_no_proof(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    cache, file = tmp_path / "cache", tree / "combs/beta/comb.yaml"
    assert differing(tree, cache) == differing(tree, cache) == []
    before = file.stat()
    file.write_text(file.read_text("utf-8").replace("80ms", "81ms").replace("70ms", "71ms"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert differing(tree, cache) == ["beta"]


def test_what_was_written_a_moment_ago_has_no_stamp_that_counts(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"")
    now = time.time_ns()
    assert not is_settled(stamp_of(str(file)), now)
    assert is_settled(stamp_of(str(file)), now + SETTLED + 10**9)


def test_several_at_once_leave_a_cache_that_holds(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: differing(tree, cache), range(4))) == [[]] * 4
    assert differing(tree, cache) == []
    INPUTS["weights"][0](tree)
    assert differing(tree, cache) == ["beta"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"stamps": 3}', '{"combs": {"combs/beta/comb.yaml": 1}}', "\0"])
def test_a_damaged_cache_is_no_cache(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    settle(monkeypatch)
    cache = tmp_path / "cache"
    assert differing(tree, cache) == []
    for file in cache.rglob("*"):
        if file.is_file() and file.parent.name != "results":
            file.write_text(content, encoding="utf-8")
    assert differing(tree, cache) == []
    INPUTS["comb"][0](tree)
    assert differing(tree, cache) == ["beta"]


def test_trees_that_nobody_asks_for_go(tmp_path: Path) -> None:
    for number in range(40):
        tree_index.TreeIndex(str(tmp_path), (str(number),)).keep((), (), (), {}, time.time_ns())
    assert len(list((tmp_path / "trees").iterdir())) <= 16


@pytest.mark.slow
def test_several_processes_say_what_one_does(comb: Comb, made: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    shutil.copytree(made, root)
    for number in range(40):
        shutil.copytree(root / "combs/beta", root / f"combs/more{number}")
        replaced(f"combs/more{number}/comb.yaml", "name: beta,", f"name: more{number},")(root)
    asked = ("combs", "--platform", "platform.yaml", "--environment", "staging")
    assert comb("render", *asked, "--unbuilt", "-o", "out", cwd=root).code == 0
    INPUTS["comb"][0](root)
    env = {"COMB_CACHE_DIR": str(tmp_path / "cache")}
    for _ in range(2):
        ran = comb("plan", *asked, "--all", "--against", "out", "--format", "json", cwd=root, env=env)
        assert (ran.code, ran.err) == (0, "42 combs: as what is there\n")
        assert {one["comb"] for one in json.loads(ran.out)["changes"]} == {"beta"}


def test_what_this_comb_does_by_itself_is_shown_apart(comb: Comb, made: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    shutil.copytree(made, root)
    (root / ".git").rmdir()
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for command in (
        ("init", "-q", "-b", "main"),
        ("add", "combs", "platform.yaml", "policies"),
        ("commit", "-q", "-m", "first"),
    ):
        subprocess.run(["git", *identity, *command], cwd=root, check=True)
    environment, env = tmp_path / "environment.git", {"COMB_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(environment)], check=True)
    asked = ("combs", "--platform", "platform.yaml", "--environment", "staging")
    where = ("--unbuilt", "--repository", str(environment))
    older = replaced_compiler(tmp_path)
    assert comb("publish", *asked, *where, cwd=root, env={**env, **older}).code == 0
    INPUTS["weights"][0](root)
    ran = comb("plan", *asked, "--all", "--against", str(environment), "--format", "json", cwd=root, env=env)
    assert ran.code == 0, ran
    changes = json.loads(ran.out)["changes"]
    by_itself = {one["comb"] for one in changes if one["cause"] == "compiler"}
    assert by_itself == set(NAMES)
    assert {one["comb"] for one in changes if one["cause"] == "sources"} == {"beta"}
    paths = {
        part["path"]
        for one in changes
        if one["cause"] == "compiler"
        for each in one["objects"]
        for part in each["parts"]
    }
    assert "spec.revisionHistoryLimit" in paths


def replaced_compiler(tmp_path: Path) -> dict[str, str]:
    """The environment of a Comb that is other in one thing: it keeps more of the history of a Deployment."""
    older = tmp_path / "older"
    shutil.copytree(
        Path("comb_compiler").resolve(), older / "comb_compiler", ignore=shutil.ignore_patterns("__pycache__")
    )
    replaced("comb_compiler/render/deployment.py", '"revisionHistoryLimit": 3', '"revisionHistoryLimit": 7')(older)
    return {"PYTHONPATH": str(older), "COMB_CACHE_DIR": str(tmp_path / "older-cache")}
