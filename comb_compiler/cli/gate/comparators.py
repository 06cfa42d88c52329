"""Comparators that gates.compare names: what is run of them, and which code they consist of."""

import ast
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from comb_compiler.cli.opening import Clean
from comb_compiler.gates.comparator import Outside
from comb_compiler.gates.rules import ByCode
from comb_compiler.spec.comb.gates import Gates
from comb_compiler.workspace.operators import readable_code

__all__ = ["Comparators", "recoded"]

_NEEDED = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Whose buffers would be counted as memory."""


class Comparators(ExitStack):
    """Comparators of the comb in a directory, each started when it is first asked, and ended after the block."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def rule(self, entry: str) -> ByCode:
        """The rule that a comparator says."""
        return ByCode(self._outside(entry))

    def flaw(self, entry: str) -> str:
        """Why a comparator cannot be asked; empty where it can."""
        return self._outside(entry).flaw()

    def _outside(self, entry: str) -> Outside:
        """One that gets of this process's environment what a program needs to run."""
        environment = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        comparator = Outside(entry, self._directory, environment | _ONE_THREAD)
        self.callback(comparator.close)
        return comparator


def recoded(base: Gates, own: Gates, baseline: Clean, candidate: Clean) -> list[str]:
    """The paths of comparators that are named alike, and whose code is not the same.

    That is their module and what it imports of the comb's own code, as far as that is written as imports.
    """
    shared = {path: rule.run for path, rule in own.compare.items() if rule.run and base.compare.get(path) == rule}
    if not shared:
        return []
    before, after = (_sources(clean) for clean in (baseline, candidate))
    return [
        path
        for path, entry in shared.items()
        if _reached(before, entry.partition(":")[0]) != _reached(after, entry.partition(":")[0])
    ]


def _sources(clean: Clean) -> dict[str, bytes]:
    code = readable_code(clean.checkout, clean.main)
    return {name: content for name, content in code.items() if name.endswith(".py")}


def _reached(files: Mapping[str, bytes], module: str) -> dict[str, bytes]:
    """The files that are read when a module is imported."""
    found: dict[str, bytes] = {}
    waiting = [module]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += [name.rpartition(".")[0]] if "." in name else []
        stem = name.replace(".", "/")
        for path, package in ((f"{stem}.py", name.rpartition(".")[0]), (f"{stem}/__init__.py", name)):
            if path in files:
                found[path] = files[path]
                waiting += _imports(files[path], package)
    return found


def _imports(content: bytes, package: str) -> Iterator[str]:
    """The modules that a file may import: of `from a import b`, both `a` and `a.b`."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
