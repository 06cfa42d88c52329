"""Changelog fragments are ones that a release can be made from."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.imports import ROOT

FRAGMENTS = [path for path in sorted((ROOT / "changelog.d").iterdir()) if not path.name.startswith(".")]


def test_a_fragment_is_named_by_issue_and_kind() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
    kinds = "|".join(kind["directory"] for kind in settings["type"])
    assert [path.name for path in FRAGMENTS if not re.fullmatch(rf"(\d+|\+[\w-]+)\.({kinds})\.md", path.name)] == []


def test_a_release_would_tell_every_change() -> None:
    program = Path(sys.executable).with_name("towncrier")
    command = [str(program), "build", "--draft", "--version", "9.9.9", "--date", "2026-11-24"]
    draft = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "## 9.9.9 (2026-11-24)" in draft
    for fragment in FRAGMENTS:
        assert fragment.read_text("utf-8").split()[0] in draft
