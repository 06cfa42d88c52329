"""buf itself, asked about every row of the table: what it says is what the table says."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from comb_compiler.protos.breaking import RULES, Category
from tests.conftest import RequiresTool
from tests.protos.rows import ROWS, Row, compile_protos

pytestmark = pytest.mark.slow

_CATEGORIES = [category.name for category in Category]
_CONFIG = json.dumps({"version": "v2", "breaking": {"use": _CATEGORIES}})


@pytest.fixture(scope="module")
def buf(requires_tool: RequiresTool) -> Path:
    """The program."""
    return requires_tool("buf")


def _lines(command: list[str], directory: Path) -> list[dict[str, str]]:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, env={**os.environ, "HOME": str(directory)}
    )
    if "unsupported edition" in done.stderr:
        pytest.skip(f"this buf is too old: {done.stderr.strip()}")
    assert not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_rules_have_the_names_and_categories_of_bufs(buf: Path, tmp_path: Path) -> None:
    listed = _lines([str(buf), "config", "ls-breaking-rules", "--version", "v2", "--format", "json"], tmp_path)
    theirs = {one["id"]: {Category[name] for name in one["categories"] if name in _CATEGORIES} for one in listed}
    ours = {rule.name: set(rule.categories) for rule in RULES}
    assert ours == {name: categories for name, categories in theirs.items() if categories}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_buf_says_of_a_change_what_its_row_says(row: Row, buf: Path, tmp_path: Path) -> None:
    for name, files in (("old", row.old), ("new", row.new)):
        Path(tmp_path, f"{name}.binpb").write_bytes(compile_protos(files))
    command = [
        str(buf),
        "breaking",
        "new.binpb",
        "--against",
        "old.binpb",
        "--config",
        _CONFIG,
        "--error-format",
        "json",
    ]
    said = {one["type"] for one in _lines([*command, "--exclude-imports"], tmp_path)}
    assert said == (frozenset[str]().union(*row.breaks.values()) | row.buf_more) - row.buf_less
