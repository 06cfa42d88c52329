"""Imports point one way: the contracts in pyproject.toml hold, and they can fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, package_of, packages, project_imports
from tests.architecture.tables import may_import


def contracts(directory: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--no-logo"]
    environment = os.environ | {"PYTHONPATH": str(directory), "COLUMNS": "200"}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's sources, to be spoiled."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "comb_compiler", tmp_path / "comb_compiler", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    done = contracts(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "offence", "reported"),
    [
        ("diagnostics/spoiled.py", "import comb_compiler.source", "Imports point one way"),
        ("source/spoiled.py", "def late():\n    from comb_compiler import spec", "Imports point one way"),
        ("spec/spoiled.py", "import kubernetes.client", "What compiles a comb knows no cluster"),
        ("source/spoiled.py", "import pynvml", "What compiles a comb knows no cluster"),
        ("unheard_of/__init__.py", "", "unheard_of"),
    ],
)
def test_an_offence_breaks_a_contract(copy: Path, file: str, offence: str, reported: str) -> None:
    path = copy / "comb_compiler" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(offence, encoding="utf-8")
    done = contracts(copy)
    assert done.returncode != 0, done.stdout
    assert reported in done.stdout


def test_every_package_is_in_the_table_of_architecture() -> None:
    assert set(may_import()) == packages()


@pytest.mark.parametrize("package", sorted(packages()))
def test_a_package_imports_only_what_architecture_allows(package: str) -> None:
    assert project_imports()[package] <= may_import()[package]


def test_package_of_names_the_part_below_the_root() -> None:
    assert [package_of(name) for name in ("comb_compiler", "comb_compiler.cli", "comb_compiler.spec.comb")] == [
        "",
        "cli",
        "spec",
    ]
