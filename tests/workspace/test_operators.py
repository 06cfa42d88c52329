"""The digest of operators' code: another where code is another, and the same wherever the comb lies."""

from pathlib import Path

import pytest

from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.operators import code_digest

FILES = {"comb.yaml": "kind: Comb", "operators/text.py": "a = 1", "requirements.txt": "numpy==2.2"}


def digest(root: Path, files: dict[str, str], main: str = "comb.yaml") -> str:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return code_digest(Checkout(root), main)


@pytest.mark.parametrize(
    "change",
    [
        {"operators/text.py": "a = 2"},
        {"operators/more.py": ""},
        {"other.py": ""},
        {"requirements.txt": "numpy==2.3"},
        {"pyproject.toml": ""},
    ],
    ids=str,
)
def test_other_code_has_another(tmp_path: Path, change: dict[str, str]) -> None:
    assert digest(tmp_path / "a", FILES) != digest(tmp_path / "b", {**FILES, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"comb.yaml": "kind: Other"},
        {"README.md": "words"},
        {".venv/code.py": "b"},
        {"environment/pyvenv.cfg": "", "environment/code.py": "b"},
        {"operators/__pycache__/text.py": "b"},
        {"other/comb.yaml": "", "other/code.py": "b"},
    ],
    ids=str,
)
def test_what_is_no_code_of_the_comb_does_not_count(tmp_path: Path, change: dict[str, str]) -> None:
    assert digest(tmp_path / "a", FILES) == digest(tmp_path / "b", {**FILES, **change})


def test_where_the_comb_lies_means_nothing(tmp_path: Path) -> None:
    moved = {f"combs/ocr/{name}": content for name, content in FILES.items()}
    assert digest(tmp_path / "a", FILES) == digest(tmp_path / "b", moved, "combs/ocr/comb.yaml")


def test_links_are_not_followed_out_and_end(tmp_path: Path) -> None:
    (tmp_path / "operators").mkdir()
    (tmp_path / "operators/loop").symlink_to("..")
    (tmp_path / "operators/outside.py").symlink_to("/etc/hostname")
    assert len(digest(tmp_path, FILES)) == 64
