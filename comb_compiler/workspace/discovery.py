"""Paths as a person gives them → the combs that they mean."""

import os
import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace._walk import shown
from comb_compiler.workspace.checkout import Checkout, Found

__all__ = ["COMB_FILE", "Discovery", "find_combs"]

COMB_FILE = "comb.yaml"

_ENVIRONMENT_MARK = "pyvenv.cfg"
_OTHERS_CODE = frozenset({"node_modules"})
_A_PATH = f"give the path of a `{COMB_FILE}`, or of a directory with one or with many, not a comb's name"
_ALMOST = frozenset({"comb.yml", "combs.yaml", "combs.yml", "comb.yaml.txt", COMB_FILE})


class Discovery(NamedTuple):
    """The files to check, sorted, each by its path from the root; and what is wrong with the paths themselves."""

    combs: list[str]
    diagnostics: list[Diagnostic]


def find_combs(checkout: Checkout, paths: Iterable[str | os.PathLike[str]]) -> Discovery:
    """For a file that file, whatever its name; for a directory every `comb.yaml` in it and below.

    Paths are absolute or from the working directory. Below a directory, what is hidden, `node_modules` and virtual
    environments are left out, and so are links to directories that lead outside the root or back to themselves; a
    directory that is reached both directly and by links is searched once, under its own name.
    """
    combs: dict[str, None] = {}
    diagnostics: list[Diagnostic] = []
    for path in paths:
        found, said = _find(checkout, os.fspath(path))
        combs |= dict.fromkeys(found)
        diagnostics += said
    return Discovery(sorted(combs), list(dict.fromkeys(diagnostics)))


def _find(checkout: Checkout, path: str) -> tuple[list[str], list[Diagnostic]]:
    relative = checkout.relative(path)
    if isinstance(relative, Unavailable):
        return [], [_unavailable(path, relative)]
    found = checkout.find(relative)
    if isinstance(found, Unavailable):
        is_a_name = found.code is codes.FILE_NOT_FOUND and not found.hint and not {"/", "."} & {*path}
        return [], [_unavailable(relative, found._replace(hint=_A_PATH) if is_a_name else found)]
    if found.is_directory:
        return _search(checkout, found.path)
    # Its directory by the one name that it has, so that a file named in two ways is checked once.
    directory = checkout.find(posixpath.dirname(relative) or ".")
    name = posixpath.basename(relative)
    return [_below(directory.path, name) if isinstance(directory, Found) else relative], []


def _search(checkout: Checkout, start: str) -> tuple[list[str], list[Diagnostic]]:
    search = _Search(checkout, start)
    search.run()
    if not search.combs and not search.diagnostics:
        search.diagnostics.append(_nothing(start, search.almost))
    return search.combs, search.diagnostics


class _Search:
    """One walk below one directory, without recursion; links to directories wait until all others are known."""

    def __init__(self, checkout: Checkout, start: str) -> None:
        self.combs: list[str] = []
        self.diagnostics: list[Diagnostic] = []
        self.almost: list[str] = []
        self._checkout = checkout
        self._start = start
        self._seen: set[str] = set()
        self._links: list[str] = []

    def run(self) -> None:
        self._search(self._start)
        while self._links:
            waiting, self._links = sorted(self._links), []
            for link in waiting:
                target = self._checkout.find(link)
                if isinstance(target, Found) and target.is_directory and self._is_new(target.path, link):
                    self._search(target.path)

    def _is_new(self, target: str, link: str) -> bool:
        """Whether a link leads to a place of its own: not around where it stands, and nowhere that is left out."""
        around = target == "." or posixpath.dirname(link).startswith(target + "/") or posixpath.dirname(link) == target
        left_out = any(part.startswith(".") or part in _OTHERS_CODE for part in target.split("/"))
        return not around and not left_out and target not in self._seen

    def _search(self, start: str) -> None:
        todo = [start]
        while todo:
            directory = todo.pop()
            if directory not in self._seen:
                self._seen.add(directory)
                todo += self._scan(directory)

    def _scan(self, directory: str) -> list[str]:
        """Note what a directory holds; the directories in it that are to be searched."""
        inner: list[str] = []
        combs: list[str] = []
        links: list[str] = []
        try:
            with os.scandir(os.path.join(self._checkout.root, directory)) as entries:
                for entry in entries:
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if not name.startswith(".") and name not in _OTHERS_CODE:
                            inner.append(_below(directory, name))
                    elif name == COMB_FILE:
                        combs.append(_below(directory, name))
                    elif name == _ENVIRONMENT_MARK and directory != self._start:
                        return []
                    elif entry.is_symlink():
                        links.append(_below(directory, name))
                    elif name.lower() in _ALMOST:
                        self.almost.append(_below(directory, name))
        except (FileNotFoundError, NotADirectoryError):
            return []  # it was there a moment ago
        except OSError as problem:
            self.diagnostics.append(_unlisted(directory, problem))
        self._note(combs)
        self._links += links
        return inner

    def _note(self, combs: list[str]) -> None:
        for comb in combs:
            if shown(comb) == comb:
                self.combs.append(comb)
                continue
            message = f"the name of `{shown(comb)}` is not UTF-8"
            self.diagnostics.append(_unavailable(comb, Unavailable(codes.UNREADABLE_FILE, message, "rename it")))


def _below(directory: str, name: str) -> str:
    return name if directory == "." else f"{directory}/{name}"


def _unavailable(path: str, reason: Unavailable) -> Diagnostic:
    hints = (reason.hint,) if reason.hint else ()
    return diagnose(reason.code, reason.message, Span.whole_file(shown(path)), hints=hints)


def _unlisted(directory: str, problem: OSError) -> Diagnostic:
    why = (os.strerror(problem.errno) if problem.errno else type(problem).__name__).lower()
    message = f"`{shown(directory)}` cannot be searched for combs: {why}"
    return _unavailable(directory, Unavailable(codes.UNREADABLE_FILE, message, "make it readable, or name the combs"))


def _nothing(directory: str, almost: list[str]) -> Diagnostic:
    message = f"there is no `{COMB_FILE}` in this directory or below it"
    hint = "hidden directories, `node_modules` and virtual environments are not searched; a file may be named itself"
    if almost:
        hint = f"rename `{shown(min(almost))}`: only `{COMB_FILE}` is looked for"
    return _unavailable(directory, Unavailable(codes.NO_COMB_FOUND, message, hint))
