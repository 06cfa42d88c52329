"""The same inputs, the same bytes: whatever the run, the machine's settings, the order of files, the process."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "frame-moderation"
Tree = Mapping[str, bytes]


def checkout_of(directory: Path, seed: int = 0) -> Path:
    """A checkout with what a rendering reads, whose files were made in an order of their own."""
    files = [
        path for path in EXAMPLE.rglob("*") if path.is_file() and path.suffix in (".yaml", ".proto", ".lock", ".json")
    ]
    files += EXAMPLE.rglob("*.py")
    random.Random(seed).shuffle(files)
    for path in files:
        place = directory / "combs" / "moderation" / path.relative_to(EXAMPLE)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        os.utime(place, (seed, seed))
    (directory / ".git").mkdir()
    return directory


def rendered(
    checkout: Path, into: Path, where: Path | None = None, environment: Mapping[str, str] | None = None
) -> Tree:
    """What a process of its own writes."""
    comb = checkout / "combs" / "moderation"
    arguments = [str(comb), "--platform", str(comb / "platform.yaml"), "--environment", "production", "--unbuilt"]
    command = [sys.executable, "-m", "comb_compiler", "render", *arguments, "--no-cache", "-o", str(into)]
    own = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    done = subprocess.run(command, cwd=where or checkout, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return tree(into)


def tree(directory: Path) -> Tree:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout_of(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def expected(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    found = rendered(checkout, tmp_path_factory.mktemp("expected"), environment={"PYTHONHASHSEED": "0"})
    assert len(found) > 40
    return found


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "4242"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
        {"LC_ALL": "C.utf8", "LANGUAGE": "tr"},
        {"TZ": "Pacific/Kiritimati"},
        {"TZ": "America/St_Johns", "SOURCE_DATE_EPOCH": "1"},
        {"COLUMNS": "20", "NO_COLOR": "1"},
        {"PYTHONOPTIMIZE": "2"},
    ],
    ids=lambda environment: " ".join(f"{name}={value}" for name, value in environment.items()) or "again",
)
def test_settings_of_the_machine_change_nothing(
    checkout: Path, expected: Tree, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert rendered(checkout, tmp_path / "out", environment=environment) == expected


def test_where_the_checkout_is_and_how_its_files_came_there_changes_nothing(expected: Tree, tmp_path: Path) -> None:
    other = checkout_of(tmp_path / "elsewhere" / "é ü", seed=7)
    assert rendered(other, tmp_path / "out") == expected


def test_the_directory_that_it_is_run_in_changes_nothing(checkout: Path, expected: Tree, tmp_path: Path) -> None:
    assert rendered(checkout, tmp_path / "out", where=tmp_path) == expected


def test_processes_beside_it_change_nothing(checkout: Path, expected: Tree, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: rendered(checkout, tmp_path / str(number)), range(4)))
    assert all(one == expected for one in found)


def test_other_combs_beside_it_change_nothing(checkout: Path, expected: Tree, tmp_path: Path) -> None:
    """One run renders many combs, in whatever order: each is as if it were alone."""
    many = tmp_path / "many"
    shutil.copytree(checkout, many)
    other = many / "combs" / "another"
    shutil.copytree(checkout / "combs" / "moderation", other)
    text = (other / "comb.yaml").read_text().replace("name: frame-moderation\n", "name: another\n")
    (other / "comb.yaml").write_text(text)
    (other / "platform.yaml").unlink()
    out = tmp_path / "out"
    arguments = ["--platform", str(many / "combs" / "moderation" / "platform.yaml"), "--environment", "production"]
    command = [
        sys.executable,
        "-m",
        "comb_compiler",
        "render",
        str(many / "combs"),
        *arguments,
        "--unbuilt",
        "-o",
        str(out),
    ]
    done = subprocess.run(
        command, cwd=many, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert {name: content for name, content in tree(out).items() if "another" not in name} == expected


def test_comments_and_the_order_of_keys_change_nothing(checkout: Path, expected: Tree, tmp_path: Path) -> None:
    """What is written of the same comb in another way is the same release."""
    moved = tmp_path / "moved"
    shutil.copytree(checkout, moved)
    file = moved / "combs" / "moderation" / "platform.yaml"
    document = yaml.safe_load(file.read_text())
    turned = dict(reversed(document.items()))
    file.write_text("# Another way to write it.\n" + yaml.safe_dump(turned, sort_keys=False))
    assert rendered(moved, tmp_path / "out") == expected
