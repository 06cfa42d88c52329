"""What the paths of a change hold at a commit, and the tree that the change makes of it.

Trees are read and written along these paths alone, so that the cost follows the change and not the repository.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from comb_compiler.publish.errors import PublishError, Refused, quoted
from comb_compiler.publish.git import Git

__all__ = ["Entry", "Graft", "fetch_blobs", "files_named", "listed", "read_blob", "read_blobs", "write_tree"]

_SCRATCH = "refs/comb/scratch"
_TREE = "040000"
_FILE = "100644"
_KINDS = {"120000": "a symbolic link", "160000": "a submodule", _TREE: "a directory"}


class Entry(NamedTuple):
    """A file, link, submodule or directory in a tree, by the mode and the object that git has for it."""

    mode: str
    id: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode in (_FILE, "100755", "100664")

    @property
    def noun(self) -> str:
        """What it is, in words."""
        return _KINDS.get(self.mode, "a file")


class Graft(NamedTuple):
    """What a path is to be: `files` by name below it, an entry that is in the repository already, or nothing."""

    path: str
    files: Mapping[str, bytes] = {}
    entry: Entry | None = None


def listed(git: Git, commit: str, paths: Iterable[str]) -> dict[str, Entry]:
    """Everything at `paths` and below them, by path; directories only where they are `paths` themselves.

    Raises Refused where something that is no directory stands on the way to one of them.
    """
    wanted = sorted(set(paths))
    found = dict(_entries(git("ls-tree", "-r", "-t", "-z", commit, "--", *wanted)))
    missing = {next((one for one in _above(path) if one not in found), None) for path in wanted} - {None}
    if missing:
        found |= dict(_entries(git("ls-tree", "-z", commit, "--", *sorted(one for one in missing if one))))
    for path in wanted:
        for above in _above(path):
            if above in found and found[above].mode != _TREE:
                message = f"`{above}` is {found[above].noun} in the environment repository, where a directory belongs"
                raise Refused(message)
    return {
        path: entry
        for path, entry in found.items()
        if path in wanted or (entry.mode != _TREE and any(path.startswith(f"{one}/") for one in _above(path, wanted)))
    }


def files_named(git: Git, commit: str, below: str, name: str) -> dict[str, Entry]:
    """The files of this name in the directories that a directory holds, by path; none where that is not there."""
    found = _entries(git("ls-tree", "-r", "-z", commit, "--", f"{below}/"))
    depth = below.count("/") + 2
    return {path: one for path, one in found if path.endswith(f"/{name}") and path.count("/") == depth and one.is_file}


def _above(path: str, among: Iterable[str] | None = None) -> list[str]:
    parts = path.split("/")[:-1]
    above = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    return above if among is None else [one for one in above if one in set(among)]


def _entries(listing: bytes) -> Iterator[tuple[str, Entry]]:
    for line in listing.split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _, name = about.decode("ascii").split(" ")
            yield path.decode("utf-8", "surrogateescape"), Entry(mode, name)


def read_blob(git: Git, entry: Entry) -> bytes:
    """The content of a file, which is fetched if it is not here."""
    return git("cat-file", "blob", entry.id)


def read_blobs(git: Git, entries: Iterable[Entry]) -> list[bytes]:
    """The contents of files, in their order, by one process."""
    wanted = [entry.id for entry in entries]
    out = git("cat-file", "--batch", given="".join(f"{one}\n" for one in wanted).encode())
    contents, at = [], 0
    for one in wanted:
        start = out.index(b"\n", at) + 1
        name, kind, *size = out[at : start - 1].decode("ascii").split(" ")
        if (name, kind) != (one, "blob"):
            raise PublishError(f"the object {one} of the environment repository cannot be read")
        at = start + int(size[0])
        contents.append(out[start:at])
        at += 1  # the line's end that git adds
    return contents


def fetch_blobs(git: Git, tree: str, wanted: Iterable[Entry]) -> None:
    """Have files below a tree here. Those that are not would else be fetched when they are read, one by one."""
    out = git("rev-list", "--objects", "--missing=print", "--no-object-names", tree, "--")
    missing = {line[1:] for line in out.decode("ascii").split("\n") if line.startswith("?")}
    missing &= {one.id for one in wanted}
    if missing:
        plain = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--filter=blob:none")
        given = "".join(f"{one}\n" for one in sorted(missing)).encode()
        git("-c", "fetch.negotiationAlgorithm=noop", "fetch", *plain, "--stdin", "origin", given=given)


def write_tree(git: Git, head: str | None, grafts: Iterable[Graft]) -> str:
    """The tree of `head`, or of nothing, in which each graft's path is what it says, and nothing else has changed."""
    if head is None:
        git("update-ref", "-d", _SCRATCH)  # else it would be what the tree begins with
    git("fast-import", "--quiet", "--force", "--done", given=b"".join(_stream(head, grafts)))
    return git("rev-parse", "--verify", f"{_SCRATCH}^{{tree}}").decode("ascii").strip()


def _stream(head: str | None, grafts: Iterable[Graft]) -> Iterator[bytes]:
    yield f"commit {_SCRATCH}\ncommitter comb <> 0 +0000\ndata 0\n".encode()
    if head is not None:
        yield f"from {head}\n".encode()
    for graft in grafts:
        yield f"D {_path(graft.path)}\n".encode()
        if graft.entry is not None:
            yield f"M {graft.entry.mode} {graft.entry.id} {_path(graft.path)}\n".encode()
        for name, content in sorted(graft.files.items()):
            path = f"{graft.path}/{name}" if name else graft.path
            yield f"M {_FILE} inline {_path(path)}\ndata {len(content)}\n".encode() + content + b"\n"
    yield b"done\n"


def _path(path: str) -> str:
    """A path that nothing is to be read into; those that Comb makes have only plain characters."""
    parts = path.split("/")
    if {"", ".", "..", ".git"} & {part.lower() for part in parts} or any(part.startswith("-") for part in parts):
        raise Refused(f"this cannot be a path in the environment repository:\n{quoted(path)}")
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
