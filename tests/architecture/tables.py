"""What ARCHITECTURE.md says, read from its table: the document is the rule, and tests hold the code to it."""

import re

from tests.architecture.imports import ROOT

__all__ = ["may_import"]

_ROW = re.compile(r"^\| `(?P<package>\w+)` \|.*\| (?P<allowed>[^|]+) \|$", re.MULTILINE)


def may_import() -> dict[str, set[str]]:
    """Package → every package that it may import: those that its row names, and whatever those may import."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = {row["package"]: set(re.findall(r"`(\w+)`", row["allowed"])) for row in _ROW.finditer(text)}
    return {package: _closure(package, named) for package in named}


def _closure(package: str, named: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    todo = [package]
    while todo:
        new = named.get(todo.pop(), set()) - reached
        reached |= new
        todo += new
    return reached
