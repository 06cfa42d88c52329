"""Releases that were rendered or published, read back from a directory: what their combs promised."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.verdicts import digest
from comb_compiler.graph import Published
from comb_compiler.protos import Schema
from comb_compiler.protos.decode import BadDescriptors, decode
from comb_compiler.release.release import FILE, BadRelease, Promise, Release, parse_release
from comb_compiler.spec.wording import listed

__all__ = ["Releases", "open_releases", "schema_of"]

_MOST = 64 << 20


class _Found(NamedTuple):
    directory: str
    release: Release


class Releases(NamedTuple):
    """Releases by where they were found below `name`; `identity` is another where they are others."""

    name: str
    found: tuple[_Found, ...]
    identity: str

    def published(self, comb: str) -> Published | None:
        """What a comb promised; None where it was not released. Clusters may differ only while it is published."""
        own = [one for one in self.found if one.release.comb == comb]
        promises: dict[Promise, str] = {one.release.promise: one.directory for one in reversed(own)}
        title = f"that of `{comb}` in `{self.name}`"
        if len(promises) > 1:
            places = listed(sorted(promises.values()))
            problem = f"in `{self.name}` the releases of `{comb}` promise different things: name one of {places}"
            return Published(title, "", (), None, problem)
        return next((_published(title, one) for one in promises), None)


def _published(title: str, promise: Promise) -> Published:
    return Published(title, promise.method, promise.channels, schema_of(promise.descriptors, title))


def open_releases(name: str) -> Releases | None:
    """The releases in a directory: its own release.json, or those of an environment repository; None without any."""
    files = sorted(_files(Path(name)))
    if not files:
        return None
    found, contents = [], b""
    for file in files:
        try:
            with file.open("rb") as opened:
                content = opened.read(_MOST)
            found.append(_Found(os.path.relpath(file.parent), parse_release(content)))
        except OSError as problem:
            why = (problem.strerror or "it cannot be read").lower()
            raise UsageError(f"--against {file}: {why}") from problem
        except BadRelease as problem:
            raise UsageError(f"--against {file}: {problem}") from problem
        contents += content
    return Releases(name, tuple(found), digest(contents))


def _files(directory: Path) -> Iterator[Path]:
    own = directory / FILE
    if own.is_file():
        yield own
    else:
        yield from directory.glob(f"clusters/*/*/*/{FILE}")


def schema_of(descriptors: bytes, title: str) -> Schema:
    """The types of a FileDescriptorSet."""
    try:
        return _decoded(descriptors)
    except BadDescriptors as problem:
        raise UsageError(f"--against {title}: {problem}") from problem


@lru_cache(maxsize=64)
def _decoded(descriptors: bytes) -> Schema:
    return decode(descriptors, {})
