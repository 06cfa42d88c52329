"""The rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

SOURCES = sorted((ROOT / "comb_compiler").rglob("*.py"))
EVERYTHING = SOURCES + sorted((ROOT / "tests").rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


@named(EVERYTHING)
def test_a_file_is_one_room(path: Path) -> None:
    assert path.read_bytes().count(b"\n") <= 500


@named([path for path in SOURCES if not path.name.startswith("_") or path.name == "__init__.py"])
def test_a_public_module_says_what_it_is_and_what_is_public(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module)
    assigned = {target.id for node in ast.walk(module) for target in _targets(node) if isinstance(target, ast.Name)}
    assert "__all__" in assigned


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


@named(SOURCES)
def test_names_say_what_a_thing_is(path: Path) -> None:
    names = [path.stem, *(node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef))]
    assert [name for name in names if re.search(r"manager|helper|util", name, re.IGNORECASE)] == []


@named(SOURCES)
def test_lines_end_where_yaml_says(path: Path) -> None:
    """`str.splitlines` also splits at U+2028, form feeds and others, which moves every position after them."""
    calls = (node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    assert [call.lineno for call in calls if isinstance(call, ast.Attribute) and call.attr == "splitlines"] == []
