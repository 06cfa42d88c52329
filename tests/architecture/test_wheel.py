"""What is installed works by itself: the wheel and the two packages of the core, without the checkout or any extra."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

CORE = ("annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection", "yaml")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds the wheel's content, and links to the packages that a core install brings."""
    directory = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = directory.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    for name in CORE:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        home = origin.parent if origin.name == "__init__.py" else origin
        (directory / home.name).symlink_to(home)
    return directory


def comb(installed: Path, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "COMB_CACHE_DIR": str(directory / "cache")}
    command = [sys.executable, "-S", "-P", "-m", "comb_compiler", *arguments]  # -S: nothing that is installed here
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)


def test_it_explains_a_code(installed: Path, tmp_path: Path) -> None:
    done = comb(installed, tmp_path, "explain", "duplicate-key")
    assert (done.returncode, done.stderr) == (0, "")
    assert "COMB1004" in done.stdout


@pytest.mark.parametrize("schema", sorted(path.name.partition(".")[0] for path in (ROOT / "schemas").glob("*.json")))
def test_it_prints_its_schemas(installed: Path, tmp_path: Path, schema: str) -> None:
    done = comb(installed, tmp_path, "schema", schema)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "schemas" / f"{schema}.v1.schema.json").read_text("utf-8")


def test_it_checks_a_file(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "comb.yaml").write_text("kind: Comb\nkind: Comb\n", encoding="utf-8")
    done = comb(installed, tmp_path, "check", "comb.yaml")
    assert done.returncode == 1
    assert "duplicate-key" in done.stdout


@pytest.mark.parametrize("module", ["git", "fsspec", "pytest"])
def test_the_extras_are_really_away(installed: Path, tmp_path: Path, module: str) -> None:
    environment = {"PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-S", "-P", "-c", f"import {module}"], env=environment, capture_output=True)
    assert b"ModuleNotFoundError" in done.stderr


def test_what_needs_an_extra_says_which(installed: Path, tmp_path: Path) -> None:
    done = comb(installed, tmp_path, "run", ".")
    assert done.returncode == 2
    assert "install the extra: pip install 'comb-compiler[runtime]'" in done.stderr
