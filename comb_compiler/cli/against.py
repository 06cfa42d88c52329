"""`--against`: the interface that others rely on, from a git revision, a release or a file of descriptors."""

import os
import posixpath

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.releases import Releases, open_releases, schema_of
from comb_compiler.cli.verdicts import digest
from comb_compiler.graph import Published
from comb_compiler.source import Document, decode
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import SourceSet, Unavailable
from comb_compiler.spec import bind_comb
from comb_compiler.spec.comb.serving import WorkspaceScope
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.lock import lock_path, read_lock
from comb_compiler.spec.published import Interface, interface_of
from comb_compiler.spec.wording import listed
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import COMB_FILE
from comb_compiler.workspace.revision import Revision, find_commit
from comb_compiler.workspace.sources import load_sources

__all__ = ["Against", "name_of", "open_against"]


class Against:
    """Where the published interfaces are: a checkout as it was, releases, or a set of descriptors.

    `identity` is another where they may be others, or are called otherwise.
    """

    def __init__(self, name: str, source: Checkout | Releases | bytes, identity: str, memo: Memo) -> None:
        self.name = name
        self.identity = identity
        self._source = source
        self._memo = memo

    def published(self, sources: SourceSet) -> Published | None:
        """The interface of the comb that `sources` are; None where it is new.

        It is known by its name, wherever it was, and by its path where that had another name or several had the same.
        """
        if isinstance(self._source, bytes):
            return Published(f"that of {self.name}", "", (), schema_of(self._source, self.name))
        name = name_of(sources.main, sources.files[sources.main])
        if isinstance(self._source, Releases):
            return self._source.published(name)
        homes = self._homes(self._source, sources.main, name)
        if len(homes) > 1:
            title = f"at `{self.name}` {listed(homes[:_MOST_HOMES])} are all named `{name}`"
            return Published(title, "", (), None, f"{title}, and none is where this comb is")
        if not homes:
            return None
        workspace = _workspace_of(homes[0], self._source.read(homes[0]))
        return self._interface(self._source, homes[0])._replace(workspace=workspace)

    def _homes(self, revision: Checkout, main: str, name: str) -> tuple[str, ...]:
        """Where the comb may have been."""
        there = revision.read(main)
        if not name or name_of(main, there) == name:
            return () if isinstance(there, Unavailable) else (main,)
        files = {posixpath.basename(main), COMB_FILE}
        found = revision.holding(name, files) if isinstance(revision, Revision) else ()
        homes = tuple(path for path in found if name_of(path, revision.read(path)) == name)
        return homes or (() if isinstance(there, Unavailable) else (main,))

    def _interface(self, revision: Checkout, main: str) -> Published:
        found = self._locked(revision, main) or self._compiled(revision, main)
        if found is None:
            title = f"`{main}` at `{self.name}`"
            return Published(title, "", (), None, f"{title} has errors, so that its interface is not known")
        title, interface = found
        return Published(title, interface.method, interface.channels, schema_of(interface.descriptors, title))

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
    """What `--against NAME` means: a file of descriptors or a directory of releases of that name, else a revision."""
    releases = open_releases(name)
    if releases is not None:
        return Against(f"`{name}`", releases, f"{name} {releases.identity}", memo)
    if os.path.isfile(name):
        with open(name, "rb") as file:
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            raise UsageError(f"--against {name}: it has more than {_MOST:,} bytes")
        if not schema_of(content, name).files:
            raise UsageError(f"--against {name}: it holds no descriptor of any file")
        return Against(f"`{name}`", content, f"{name} {digest(content)}", memo)
    commit = find_commit(checkout.root, name)
    if commit is None:
        hint = "in CI, fetch the base branch first (a shallow checkout has only its own commit)"
        raise UsageError(
            f"--against {name}: no file, no directory of releases and no revision of this repository; {hint}"
        )
    return Against(name, Revision(checkout.root, commit), f"{name} {commit}", memo)


_MOST = 64 << 20
_MOST_HOMES = 3


def _workspace_of(main: str, content: bytes | Unavailable) -> int:
    """The size of the workspace that a comb's pods share in a zone; 0 where that cannot be read."""
    source = None if isinstance(content, Unavailable) else decode(main, content)[0]
    comb = bind_comb(read_once(source)).base.value if source is not None else None
    workspace = comb.storage.workspace if comb is not None else None
    return workspace.size if workspace is not None and workspace.shared is WorkspaceScope.ZONE else 0


def name_of(main: str, content: bytes | Unavailable) -> str:
    """What a comb calls itself; empty where that cannot be read."""
    source = None if isinstance(content, Unavailable) else decode(main, content)[0]
    root = read_once(source).root if source is not None else None
    name = Document(main, root).find(("metadata", "name")) if root is not None else None
    return name.data if name is not None and isinstance(name.data, str) else ""
