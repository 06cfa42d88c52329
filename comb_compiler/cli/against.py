"""`--against`: the interface that others rely on, from a git revision or from a file of descriptors."""

import os
from functools import lru_cache

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.verdicts import digest
from comb_compiler.graph import Published
from comb_compiler.protos import Schema
from comb_compiler.protos.decode import BadDescriptors, decode
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import SourceSet, Unavailable
from comb_compiler.spec.lock import lock_path, read_lock
from comb_compiler.spec.published import Interface, interface_of
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.revision import Revision, find_commit
from comb_compiler.workspace.sources import load_sources

__all__ = ["Against", "open_against"]


class Against:
    """Where the published interfaces are: a checkout as it was, or a set of descriptors.

    `identity` is another where they may be others, or are called otherwise.
    """

    def __init__(self, name: str, source: Checkout | bytes, identity: str, memo: Memo) -> None:
        self.name = name
        self.identity = identity
        self._source = source
        self._memo = memo

    def published(self, main: str) -> Published | None:
        """The interface of the comb `main`; None where it is new."""
        if isinstance(self._source, bytes):
            return Published(f"that of {self.name}", "", (), _schema(self._source, self.name))
        if isinstance(self._source.read(main), Unavailable):
            return None
        found = self._locked(self._source, main) or self._compiled(self._source, main)
        if found is None:
            return Published(f"`{main}` at `{self.name}`", "", (), None)
        title, interface = found
        return Published(title, interface.method, interface.channels, _schema(interface.descriptors, title))

    def _locked(self, revision: Checkout, main: str) -> tuple[str, Interface] | None:
        path = lock_path(main)
        lock, _ = read_lock(SourceSet(main, {path: revision.read(path)}))
        if lock is None or lock.lock.interface is None:
            return None
        return f"published in `{path}` at `{self.name}`", lock.lock.interface

    def _compiled(self, revision: Checkout, main: str) -> tuple[str, Interface] | None:
        """Of a comb whose lock says nothing: what its files declared."""
        from comb_compiler.compiler import check

        sources = load_sources(revision, main, self._memo)
        view = check(sources, memo=self._memo).view
        if view is None or view.schema is None:
            return None
        return f"that of `{main}` at `{self.name}`", interface_of(view.comb, view.descriptors)


def open_against(name: str, checkout: Checkout, memo: Memo) -> Against:
    """What `--against NAME` means: a file of descriptors, if there is one of that name, else a revision."""
    if os.path.isfile(name):
        with open(name, "rb") as file:
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            raise UsageError(f"--against {name}: it has more than {_MOST:,} bytes")
        if not _schema(content, name).files:
            raise UsageError(f"--against {name}: it holds no descriptor of any file")
        return Against(f"`{name}`", content, f"{name} {digest(content)}", memo)
    commit = find_commit(checkout.root, name)
    if commit is None:
        hint = "in CI, fetch the base branch first (a shallow checkout has only its own commit)"
        raise UsageError(f"--against {name}: neither a file nor a revision of this repository; {hint}")
    return Against(name, Revision(checkout.root, commit), f"{name} {commit}", memo)


_MOST = 64 << 20


@lru_cache(maxsize=64)
def _schema(descriptors: bytes, title: str) -> Schema:
    try:
        return decode(descriptors, {})
    except BadDescriptors as problem:
        raise UsageError(f"--against {title}: {problem}") from problem
