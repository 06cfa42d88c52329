"""The files of the checkout that a comb.yaml names, and what to say where one cannot be had."""

import posixpath
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Node, Path, Sequence, SourceSet, Unavailable
from comb_compiler.spec.artifact_uri import LocalFile, parse_artifact_uri
from comb_compiler.spec.places import Place, entries_at, format_path, place_of

__all__ = [
    "RECORDED",
    "NamedFile",
    "ProtoSources",
    "beside",
    "file_findings",
    "is_directory",
    "named_files",
    "named_samples",
    "proto_sources",
]

RECORDED = "recorded"
"""What stands for the sample store, where a directory of samples is named."""
_GATES: tuple[Path, ...] = (
    ("availability",),
    ("replay", "error"),
    ("replay", "optimised"),
    ("replay", "regular"),
    ("load",),
)


class NamedFile(NamedTuple):
    """A file by its path from the root, and the place that names it.

    `is_read` says whether its content takes part in a compilation; a model need only be there.
    """

    path: str
    place: Place
    is_read: bool


class ProtoSources(NamedTuple):
    """The .proto files that a comb names, and the directories it includes, as paths from the root."""

    mains: tuple[str, ...]
    include: tuple[str, ...]


def beside(main: str, path: str) -> str:
    """A path that the file `main` gives, as a path from the root; one that leaves the root begins with `..`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(main), path))


@lru_cache(maxsize=4)
def named_files(main: str, root: Node) -> tuple[NamedFile, ...]:
    """The .proto files and the models that are files of the checkout, of the comb and of its arms, in the file's order.

    Asks the tree, not the models: of a file with mistakes, what can be understood is named. Who loads the files asks,
    and who checks them asks again: the answer about a tree is kept that long.
    """
    return tuple(_named(main, root))


def proto_sources(main: str, root: Node) -> ProtoSources:
    """Where the comb's types are, as far as it can be understood; the interface's own file comes first."""
    interface = _text(root, ("interface", "proto"))
    if interface is None:
        return ProtoSources((), ())
    named = [interface, *_texts(root, ("interface", "types"))]
    mains = dict.fromkeys(beside(main, place.value.data) for place in named)
    return ProtoSources(tuple(mains), tuple(path for path, _ in _included(main, root)))


def named_samples(main: str, root: Node) -> dict[Path, NamedFile]:
    """The directories of samples that the gates of a comb name, by the path of the gate, in the order of a run."""
    found: dict[Path, NamedFile] = {}
    for gate in _GATES:
        place = _text(root, ("gates", *gate, "samples"))
        if place is not None and place.value.data != RECORDED:
            found[gate] = NamedFile(beside(main, place.value.data), place, is_read=False)
    return found


def file_findings(sources: SourceSet, root: Node) -> list[Diagnostic]:
    """The named files and directories that could not be had, each at the place that names it."""
    found = [(sources.files.get(file.path), file.place) for file in named_files(sources.main, root)]
    for path, place in _included(sources.main, root):
        content = sources.files.get(path)
        if isinstance(content, bytes):
            content = Unavailable(codes.FILE_NOT_FOUND, f"`{path}` is a file, not a directory")
        if content is not None and not is_directory(content):
            found.append((content, place))
    return list(bounded(_say(content, place) for content, place in found if isinstance(content, Unavailable)))


def is_directory(content: bytes | Unavailable) -> bool:
    """Whether it is what reading a directory gives."""
    return isinstance(content, Unavailable) and content.code is codes.NOT_A_REGULAR_FILE


def _included(main: str, root: Node) -> list[tuple[str, Place]]:
    """The directories that a comb includes, by path from the root, which is itself empty."""
    places = _texts(root, ("interface", "include"))
    return [("" if path == "." else path, place) for place in places if (path := beside(main, place.value.data))]


def _named(main: str, root: Node) -> Iterator[NamedFile]:
    interface = _text(root, ("interface", "proto"))
    for proto in ((interface,) if interface else ()) + _texts(root, ("interface", "types")):
        yield NamedFile(beside(main, proto.value.data), proto, is_read=True)
    seen: set[int] = set()
    for path, text in _artifacts(root.data):
        uri = parse_artifact_uri(text)
        place = _text(root, path) if isinstance(uri, LocalFile) else None
        if place is None or place.value.start.index in seen:
            continue
        seen.add(place.value.start.index)
        yield NamedFile(beside(main, place.value.data), place, is_read=False)


def _artifacts(data: Any) -> Iterator[tuple[Path, str]]:
    """Every text that stands where an artifact does, and its path. Most name no file of the checkout."""
    owners: list[Path] = [("models",)]
    owners += [("experiment", "arms", arm, "set", "models") for arm in entries_at(data, ("experiment", "arms"))]
    for models in owners:
        for model, declared in entries_at(data, models).items():
            for version, one in entries_at(declared, ("versions",)).items():
                text = entries_at(one, ()).get("artifact")
                if isinstance(text, str):
                    yield (*models, model, "versions", version, "artifact"), text


def _texts(root: Node, path: Path) -> tuple[Place, ...]:
    """The items of a list that may be paths."""
    place = place_of(root, path)
    count = len(place.value.items) if place.path == path and isinstance(place.value, Sequence) else 0
    return tuple(item for index in range(count) if (item := _text(root, (*path, index))) is not None)


def _text(root: Node, path: Path) -> Place | None:
    """The place of a relative path or URI; None where there is none, or what no path can be."""
    place = place_of(root, path)
    text = place.value.data
    if place.path != path or not isinstance(text, str) or not text or text.startswith("/") or "\0" in text:
        return None
    return place


def _say(reason: Unavailable, place: Place) -> Diagnostic:
    return diagnose(
        reason.code,
        reason.message,
        place.span,
        related=place.related,
        path=format_path(place.path),
        hints=(reason.hint,) if reason.hint else (),
    )
