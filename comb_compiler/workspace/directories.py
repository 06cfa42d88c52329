"""Directories of rendered files: each is replaced as a whole, and what others put there is never touched."""

import fcntl
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from comb_compiler.release.release import FILE, BadRelease, parse_release
from comb_compiler.source import Mapping as MappingNode, decode, parse
from comb_compiler.workspace._walk import shown
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["ForeignFiles", "Written", "read_directory", "write_directories", "write_files"]

_LIST = "kustomization.yaml"
_MOST_SHOWN = 3
_LEFT = re.compile(r"\.(.+)\.[0-9a-f]{16}(?:\.old)?", re.DOTALL)
"""What is beside a place while it is written, and stays there if the writer is killed."""


class ForeignFiles(Exception):
    """Something is in the way that no rendering made; nothing was written. The message says what, and what to do."""


class Written(NamedTuple):
    """What became of the files of a directory."""

    directory: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    @property
    def is_changed(self) -> bool:
        """Whether anything is other than it was."""
        return bool(self.new or self.changed or self.removed)


def read_directory(root: Path, directory: str) -> dict[str, bytes]:
    """The files of a directory that was rendered, by name; none where it is not there. Raises as writing does."""
    with _told(root, "read"):
        return _present(root, directory)


def write_directories(root: Path, wanted: Mapping[str, Mapping[str, bytes]]) -> list[Written]:
    """Make each directory below `root` hold exactly its files, by name.

    A directory may hold what an earlier rendering made: those that release.json lists, and where there is none, those
    that kustomization.yaml lists. Anything else is ForeignFiles. All new directories are written beside the old ones
    before the first takes its place, so that a full disk changes nothing; a directory in which nothing differs is left
    alone. What somebody left who was killed is cleared away. Raises OutsideFailure where the disk does not take it.
    """
    with _told(root), _alone(root) as alone:
        found = {directory: _present(root, directory) for directory in wanted}
        if alone:
            for folder, names in _by_folder(wanted).items():
                _clear_left(root / folder, names)
        done = [_compared(directory, files, found[directory]) for directory, files in wanted.items()]
        _replace(root, {one.directory: wanted[one.directory] for one in done if one.is_changed})
    return done


def write_files(root: Path, directory: str, files: Mapping[str, bytes], owned: Collection[str]) -> Written:
    """Write single files into a directory that others write into too. Of the names `owned`, those not given go."""
    with _told(root), _alone(root) as alone:
        place = _way(root, directory)
        place.mkdir(parents=True, exist_ok=True)
        if alone:
            _clear_left(place, files)
        before = {name: _content(place / name) for name in {*files, *owned}}
        for name, content in files.items():
            if before[name] != content:
                _write_file(place / name, content)
        gone = [name for name in owned if name not in files and before[name] is not None]
        for name in gone:
            (place / name).unlink()
    there = {name: content for name, content in before.items() if content is not None}
    return _compared(directory, files, there, len(gone))


@contextmanager
def _told(root: Path, done: str = "written") -> Iterator[None]:
    """Tells a failure of the disk as one sentence."""
    try:
        yield
    except OSError as problem:
        name = problem.filename if isinstance(problem.filename, str) else str(problem.filename or root)
        why = os.strerror(problem.errno or 0).lower()
        raise OutsideFailure(f"`{shown(name)}` cannot be {done}: {why}") from problem


@contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """Have nobody else write below `root` as long as this lasts; whether that is so: not every file system can."""
    root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _by_folder(directories: Iterable[str]) -> dict[str, set[str]]:
    """The names of the directories in each folder."""
    found: dict[str, set[str]] = {}
    for directory in directories:
        folder, _, name = directory.rpartition("/")
        found.setdefault(folder, set()).add(name)
    return found


def _clear_left(folder: Path, names: Collection[str]) -> None:
    """Remove what was to take the place of one of `names`, or had it: nobody else is at work here.

    The folder is listed once for all of them, since it may hold as many.
    """
    for name in os.listdir(folder) if folder.is_dir() else ():
        left = _LEFT.fullmatch(name)
        if left is not None and left[1] in names:
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                _remove_tree(path)
            else:
                path.unlink()


def _way(root: Path, directory: str) -> Path:
    """The directory, to which no symbolic link leads from `root`, and no file stands in the way."""
    place = root
    for part in Path(directory).parts:
        place = place / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            what = "a symbolic link" if place.is_symlink() else "a file"
            raise ForeignFiles(f"`{shown(str(place))}` is {what}, where a directory of rendered files belongs")
    return place


def _present(root: Path, directory: str) -> dict[str, bytes]:
    """What the directory holds of an earlier rendering."""
    place = _way(root, directory)
    if not place.exists():
        return {}
    names = sorted(_names(place))
    owned = _owned(place)
    foreign = [name for name in names if name not in owned]
    if foreign:
        listed = ", ".join(f"`{shown(name)}`" for name in foreign[:_MOST_SHOWN])
        more = f" and {len(foreign) - _MOST_SHOWN} more" if len(foreign) > _MOST_SHOWN else ""
        raise ForeignFiles(
            f"`{shown(str(place))}` holds {listed}{more}, which no rendering listed as its own: "
            "move it away, or remove the directory"
        )
    return {name: (place / name).read_bytes() for name in names}


def _names(place: Path) -> Iterator[str]:
    for above, directories, files in os.walk(place):
        links = [name for name in directories if os.path.islink(os.path.join(above, name))]
        for name in (*files, *links):
            yield os.path.relpath(os.path.join(above, name), place).replace(os.sep, "/")


def _owned(place: Path) -> set[str]:
    content = _content(place / FILE)
    if content is not None:
        with suppress(BadRelease):
            return {FILE, *parse_release(content).files}
        return set()
    content = _content(place / _LIST)
    return {_LIST, *_listed(content)} if content is not None else set()


def _listed(content: bytes) -> Iterator[str]:
    """The resources of a kustomization.yaml."""
    source, _ = decode(_LIST, content)
    documents = parse(source)[0] if source is not None else ()
    root = documents[0].root if documents else None
    resources = root.data.get("resources") if isinstance(root, MappingNode) else None
    if isinstance(resources, list):
        yield from (one for one in resources if isinstance(one, str))


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() and not file.is_symlink() else None


def _compared(directory: str, files: Mapping[str, bytes], before: Mapping[str, bytes], gone: int = -1) -> Written:
    same = sum(before.get(name) == content for name, content in files.items())
    new = sum(name not in before for name in files)
    removed = gone if gone >= 0 else sum(name not in files for name in before)
    return Written(directory, new, len(files) - same - new, same, removed)


def _replace(root: Path, wanted: Mapping[str, Mapping[str, bytes]]) -> None:
    mark = _mark()
    staged: list[tuple[Path, Path]] = []
    try:
        for directory, files in wanted.items():
            place = root / directory
            beside = place.with_name(f".{place.name}.{mark}")
            place.parent.mkdir(parents=True, exist_ok=True)
            staged.append((place, beside))
            beside.mkdir()
            for folder in dict.fromkeys(os.path.dirname(name) for name in files):
                (beside / folder).mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                _write_new(f"{beside}/{name}", content)
        for place, beside in staged:
            _swap(place, beside, mark)
    finally:
        for _, beside in staged:
            if beside.exists():
                _remove_tree(beside, ignore_errors=True)


def _mark() -> str:
    """What tells one run's files from another's: `secrets` loads more than all of this module."""
    return os.urandom(8).hex()


def _remove_tree(place: Path, *, ignore_errors: bool = False) -> None:
    from shutil import rmtree  # which loads what it packs archives by

    rmtree(place, ignore_errors=ignore_errors)


def _write_new(path: str, content: bytes) -> None:
    """Write a file that is not there; of so many, that a Path or a buffer for each costs as much as writing it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        written = os.write(descriptor, content)
        while written < len(content):  # a disk that is nearly full takes a part
            written += os.write(descriptor, content[written:])
    finally:
        os.close(descriptor)


def _swap(place: Path, beside: Path, mark: str) -> None:
    """Put the new directory in the place of the old one, which is back if that fails."""
    if not place.exists():
        beside.rename(place)
        return
    old = place.with_name(f".{place.name}.{mark}.old")
    place.rename(old)
    try:
        beside.rename(place)
    except BaseException:
        old.rename(place)
        raise
    _remove_tree(old)


def _write_file(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.{_mark()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
