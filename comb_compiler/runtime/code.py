"""The directory that a comb's operators are imported from, under names of its own.

Two combs may both have a package called `operators`, and a comb that is loaded again has changed: in one process each
directory is a package of its own, `_comb1`, `_comb2`…, whose modules find each other by the names that they know.
"""

import builtins
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.abc import MetaPathFinder, PathEntryFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
)
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Never

__all__ = ["Code", "by_source_alone"]

_numbers = count(1)


class Code(MetaPathFinder):
    """A directory of operator code, imported anew for each Code. `close` forgets its modules.

    Modules of the directory are found before installed ones, but for those of Python's own library. An import that
    names one (`import operators.text`) is led to this directory's; what is imported by a computed name, as
    `importlib.import_module("operators.text")` does, is not.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory.resolve())
        self._root = f"_comb{next(_numbers)}"
        self._is_own = cache(self._has)
        package = ModuleType(self._root, f"Operator code of {self._directory}.")
        package.__path__ = [self._directory]
        sys.modules[self._root] = package
        sys.meta_path.insert(0, self)
        invalidate_caches()

    def load(self, name: str) -> ModuleType:
        """The module of that name in the directory, or an installed one. Raises what importing it raises."""
        return import_module(f"{self._root}.{name}" if self._is_own(name.partition(".")[0]) else name)

    def said(self, error: BaseException) -> str:
        """What an error says, with the names that the code itself uses."""
        return str(error).replace(f"{self._root}.", "")

    def close(self) -> None:
        """Forget the modules: who has them still may go on using them, and imports no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in [name for name in sys.modules if name.partition(".")[0] == self._root]:
            del sys.modules[name]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """For Python: modules of this directory are loaded with an `import` that knows their neighbours."""
        if not fullname.startswith(f"{self._root}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path, {**vars(builtins), "__import__": self._import})
        return spec

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        if level or not self._is_own(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = builtins.__import__(f"{self._root}.{name}", globals, locals, fromlist or (), 0)
        return module if fromlist else sys.modules[f"{self._root}.{top}"]

    def _has(self, top: str) -> bool:
        if top in sys.stdlib_module_names:
            return False
        spec = PathFinder.find_spec(top, [self._directory])
        if spec is None:
            return False
        # As on sys.path: a mere directory gives way to an installed package of its name.
        return spec.origin is not None or find_spec(top) is None


def by_source_alone(directory: str) -> None:
    """Have this process import what is in a directory, and below, by its source, whatever bytecode is beside it."""
    find = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (_BySource, SOURCE_SUFFIXES))

    def found(path: str) -> PathEntryFinder:
        if path != directory and not path.startswith(f"{directory}/"):
            raise ImportError(path=path)
        return find(path)

    sys.path_hooks.insert(0, found)
    sys.path_importer_cache.pop(directory, None)


class _BySource(SourceFileLoader):
    """Bytecode is known by a source's length and second alone, and may be of another one than that which is there."""

    def path_stats(self, path: str) -> Never:
        """Of what has no time there is no bytecode."""
        raise OSError(path)


class _Loader(_BySource):
    def __init__(self, name: str, path: str, own: Mapping[str, Any]) -> None:
        super().__init__(name, path)
        self._own = own

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = dict(self._own)
        super().exec_module(module)
