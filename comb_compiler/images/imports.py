"""What operators' code imports when it is loaded, and no part of an image has: found by reading, not by running it.

The machine that builds has packages which the image has not, so that code which is imported there may not start here.
Only what is certain counts: an import in a `try`, an `if` or a function may be one that nobody needs.
"""

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from comb_compiler.images.wheels import wheel_files

__all__ = ["Lacking", "lacking_modules", "modules_of"]

_RUNTIME = frozenset({"comb_compiler", "google"})
"""What the runtime has, or cannot be without."""


class Lacking(NamedTuple):
    """A package that is imported, and where first: a file of the code, and a line from 1; of an entry point none."""

    package: str
    file: str = ""
    line: int = 0


class _Import(NamedTuple):
    module: str
    file: str = ""
    line: int = 0


def modules_of(wheels: Iterable[Path]) -> frozenset[str]:
    """The modules and packages at the top of wheels. Raises ImageError for what is no wheel."""
    return frozenset(file.path.split("/")[1].partition(".")[0] for one in wheels for file in wheel_files(one, "x"))


def lacking_modules(entries: Iterable[str], code: Mapping[str, bytes], there: Collection[str]) -> list[Lacking]:
    """What loading these modules would not find, each package once, where the code first imports it.

    `code` are files by their paths from where code is imported; `there` is what is installed, by the top of its name.
    """
    own = {name.partition("/")[0].removesuffix(".py") for name in code}
    found: set[Lacking] = set()
    todo = [_Import(one) for one in entries]
    read: set[str] = set()
    for one in todo:
        top = one.module.partition(".")[0]
        if top not in own:
            if not (top in sys.stdlib_module_names or top in there or top in _RUNTIME):
                found.add(Lacking(top, one.file, one.line))
            continue
        for file in _files(one.module, code):
            if file not in read:
                read.add(file)
                todo += _imports(file, code[file])
    first: dict[str, Lacking] = {}
    for lacking in sorted(found, key=lambda one: (one.file, one.line)):
        first.setdefault(lacking.package, lacking)
    return list(first.values())


def _files(module: str, code: Mapping[str, bytes]) -> Iterator[str]:
    """The files that are run when a module is imported: its packages' own first."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        path = "/".join(parts[:count])
        yield from (name for name in (f"{path}/__init__.py", f"{path}.py") if name in code)


def _imports(file: str, content: bytes) -> Iterator[_Import]:
    try:
        todo: list[ast.stmt] = list(ast.parse(content).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # whoever imports it says so better
    package = file.split("/")[:-1]
    for statement in todo:
        if isinstance(statement, ast.ClassDef):
            todo += statement.body
        elif isinstance(statement, ast.Import):
            yield from (_Import(alias.name, file, statement.lineno) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            near = package[: len(package) - statement.level + 1] if statement.level else []
            module = [*near, *filter(None, [statement.module])]
            # What is imported from a package may be a module of it.
            yield from (_Import(".".join([*module, alias.name]), file, statement.lineno) for alias in statement.names)
