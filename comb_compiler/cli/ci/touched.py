"""Files that changed → the combs that read them, now or before."""

import posixpath
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from comb_compiler.cli.against import name_of
from comb_compiler.cli.gate.sample_sets import set_names
from comb_compiler.source import decode
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec import bind_comb
from comb_compiler.spec.files import RECORDED
from comb_compiler.spec.loading import read_once
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import COMB_FILE
from comb_compiler.workspace.operators import code_files
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.sources import load_sources

__all__ = ["Touched", "removed_combs", "rested_on", "touched"]


class Touched(NamedTuple):
    """A comb by its file, and the files that it reads and that changed: its `own`, and those of the `platform`."""

    main: str
    own: tuple[str, ...]
    platform: tuple[str, ...] = ()


def touched(
    checkout: Checkout, past: Past, mains: Sequence[str], files: Sequence[str], platform: Sequence[str], memo: Memo
) -> tuple[Touched, ...]:
    """The combs of `mains` that read any of `files`; `platform` are those of them that all combs rest on."""
    found = []
    for main in mains:
        read = _read(checkout, past, main, files, memo) if files else set()
        own = tuple(path for path in files if path in read)
        if own or platform:
            found.append(Touched(main, own, tuple(platform)))
    return tuple(found)


def rested_on(checkout: Checkout, past: Past, platform: str, files: Sequence[str], memo: Memo) -> tuple[str, ...]:
    """Of `files` those that a platform is made of, now or before; a file that is new in a folder of policies counts."""
    made_of = {path for where in (checkout, past) for path in load_sources(where, platform, memo).files}
    folders = tuple({f"{posixpath.dirname(path)}/" for path in made_of if path != platform and posixpath.dirname(path)})
    return tuple(path for path in files if path in made_of or path.startswith(folders))


def _read(checkout: Checkout, past: Past, main: str, files: Sequence[str], memo: Memo) -> set[str]:
    """Of `files` those that a comb reads: what its compilation looks at, its samples, and its operators' code."""
    read: set[str] = set()
    for where in (checkout, past):
        sources = load_sources(where, main, memo)
        read |= {*sources.files, *sources.present}
        folders = tuple(f"{folder}/" for folder in _sample_folders(main, sources.files[main]))
        read |= {path for path in files if path.startswith(folders)}
        home = posixpath.dirname(main)
        if any(path.startswith(f"{home}/" if home else "") for path in files):
            read |= {posixpath.normpath(posixpath.join(home, name)) for name, _ in code_files(where, main)}
    return read


def _sample_folders(main: str, content: bytes | Unavailable) -> Iterator[str]:
    source = None if isinstance(content, Unavailable) else decode(main, content)[0]
    reading = read_once(source) if source is not None else None
    if reading is None or reading.kind != "Comb":
        return
    comb = bind_comb(reading).base.value
    for place in set_names(comb.gates).values() if comb is not None else ():
        if place != RECORDED:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(main), place))


def removed_combs(checkout: Checkout, past: Past, mains: Sequence[str], files: Collection[str]) -> tuple[str, ...]:
    """The names of combs that were there, and that no comb.yaml has any more; one without a name counts as there."""
    names = {main: name_of(main, checkout.read(main)) for main in mains}
    before = (name_of(path, past.read(path)) for path in files if _is_comb(path) and names.get(path) != "")
    return tuple(sorted({name for name in before if name and name not in names.values()}))


def _is_comb(path: str) -> bool:
    """Whether a path is where a comb is looked for."""
    *folders, name = path.split("/")
    return name == COMB_FILE and not any(one.startswith(".") or one == "node_modules" for one in folders)
