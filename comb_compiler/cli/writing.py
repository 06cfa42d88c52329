"""Rendered files → the directory that a person named, and what became of them in words."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.release.place import flux_directory, platform_directory
from comb_compiler.workspace.directories import ForeignFiles, Written, write_directories, write_files

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.render.platform import RenderedPlatform

__all__ = ["output_directory", "write_platforms", "write_rendered"]


def output_directory(name: str) -> Path:
    """The directory that is written into; it need not be there yet."""
    if not name or "\0" in name:
        raise UsageError("-o names no directory")
    path = Path(name)
    if path.exists() and not path.is_dir():
        raise UsageError(f"-o {name}: this is a file, and a directory is written")
    return path


def write_rendered(root: Path, rendered: "Sequence[Rendered]") -> str:
    """Write what was rendered of combs, and say what is new."""
    clusters = [cluster for one in rendered for cluster in one.clusters]
    try:
        done = write_directories(root, {one.directory: one.files for one in clusters})
        flux: dict[str, dict[str, bytes]] = {}
        for one in clusters:
            folder, _, name = one.flux_file.rpartition("/")
            flux.setdefault(folder, {})[name] = one.flux_bytes
        done += [write_files(root, folder, files, ()) for folder, files in flux.items()]
    except ForeignFiles as refused:
        raise UsageError(str(refused)) from refused
    return _said(root, done)


def write_platforms(root: Path, rendered: "Sequence[RenderedPlatform]") -> str:
    """Write what was rendered of a platform, and say what is new."""
    from comb_compiler.compiler.render import platform_files

    files = {one.cluster: platform_files(one) for one in rendered}
    try:
        done = write_directories(root, {platform_directory(name): objects for name, (objects, _) in files.items()})
        for cluster, (_, flux) in files.items():
            folder = flux_directory(cluster)
            # Names of combs' files begin with a namespace, and none begins so.
            own = [path.name for path in (root / folder).glob("_*.yaml")]
            done.append(write_files(root, folder, flux, own))
    except ForeignFiles as refused:
        raise UsageError(str(refused)) from refused
    return _said(root, done)


_MOST_NAMED = 20


def _said(root: Path, done: Iterable[Written]) -> str:
    by_directory: dict[str, Written] = {}
    for one in done:
        before = by_directory.get(one.directory, Written(one.directory))
        by_directory[one.directory] = Written(one.directory, *(a + b for a, b in zip(before[1:], one[1:], strict=True)))
    all_of = list(by_directory.values())
    lines = [f"{root / one.directory}: {_counts(one)}" for one in all_of]
    if len(lines) <= _MOST_NAMED:
        return "\n".join(lines)
    sums = Written(str(root), *(sum(column) for column in zip(*(one[1:] for one in all_of), strict=True)))
    return f"{root}: {len(all_of)} directories, {_counts(sums)}"


def _counts(one: Written) -> str:
    counts = {"new": one.new, "changed": one.changed, "removed": one.removed, "unchanged": one.unchanged}
    total = one.new + one.changed + one.unchanged
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return f"{total} file{'s' if total != 1 else ''}, {', '.join(parts) if one.is_changed else 'all unchanged'}"
