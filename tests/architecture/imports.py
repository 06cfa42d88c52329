"""The import graph of Comb, by package: who imports whom, and who imports what from outside."""

import sys
from collections import defaultdict
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp

__all__ = [
    "ROOT",
    "distribution_of",
    "import_graph",
    "package_of",
    "packages",
    "project_imports",
    "third_party_imports",
]

ROOT = Path(__file__).parents[2]


@cache
def import_graph() -> grimp.ImportGraph:
    """Every import statement, wherever it stands: at the top of a module or in a function."""
    return grimp.build_graph("comb_compiler", include_external_packages=True, cache_dir=None)


def package_of(module: str) -> str:
    """The package of `comb_compiler` that a module is part of; "" for `comb_compiler` itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def packages() -> frozenset[str]:
    """The packages right below `comb_compiler`; `__main__` is the door of `cli`, and no package."""
    return frozenset(package_of(child) for child in import_graph().find_children("comb_compiler")) - {"__main__"}


def project_imports() -> dict[str, set[str]]:
    """Package → the other packages of Comb that it imports directly."""
    found: dict[str, set[str]] = {package: set() for package in packages()}
    for importer, imported in _edges():
        if package_of(importer) in found and package_of(imported) and imported.startswith("comb_compiler."):
            found[package_of(importer)].add(package_of(imported))
    return {package: imports - {package} for package, imports in found.items()}


def third_party_imports() -> dict[str, set[str]]:
    """Top-level module of another project → the packages of Comb that import it."""
    found = defaultdict(set)
    for importer, imported in _edges():
        top = imported.partition(".")[0]
        if top != "comb_compiler" and top not in sys.stdlib_module_names:
            found[top].add(package_of(importer))
    return dict(found)


def distribution_of(module: str) -> str:
    """The name under which a top-level module is installed, in lower case."""
    return packages_distributions()[module][0].lower()


def _edges() -> list[tuple[str, str]]:
    graph = import_graph()
    ours = (module for module in graph.modules if module.partition(".")[0] == "comb_compiler")
    return [(module, imported) for module in ours for imported in graph.find_modules_directly_imported_by(module)]
