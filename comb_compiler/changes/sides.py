"""Rendered files or manifests → a side of a comparison."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from comb_compiler.changes.model import Found, Identity, Side
from comb_compiler.diagnostics import Span
from comb_compiler.release.release import FILE, BadRelease, Release, parse_release
from comb_compiler.render.manifest import Manifest, Pointer
from comb_compiler.source import decode, parse

__all__ = ["nowhere", "side_of_files", "side_of_manifests"]

_STABLE = "stable.json"
_YAML = re.compile(r".+\.ya?ml")


def nowhere(_: Pointer) -> Span | None:
    """Of files nobody knows what caused them."""
    return None


def side_of_manifests(
    manifests: Iterable[Manifest], origin: Callable[[Manifest, Pointer], Span | None], subject: str
) -> Side:
    """What was rendered just now, each part with the line that caused it."""
    objects: dict[Identity, Found] = {}
    for made in manifests:
        identity = _identity(made.object, made.file)
        objects[identity] = Found(identity, made.file, made.object, _bound(made, origin))
    return Side(objects, subject)


def _bound(made: Manifest, origin: Callable[[Manifest, Pointer], Span | None]) -> Callable[[Pointer], Span | None]:
    return lambda pointer: origin(made, pointer)


def side_of_files(files: Mapping[str, bytes], known: Mapping[bytes, Mapping[str, Any]] | None = None) -> Side:
    """What was rendered before: files of YAML by name, with the release.json that lists them if there is one.

    What is in `known` is not read again.

    What an earlier release left for pods that still run it is not compared: it goes when nobody reads it any more.
    """
    release = _release(files)
    carried = release.carried if release is not None and release.rollout is None else ()
    objects: dict[Identity, Found] = {}
    unread: list[str] = []
    for name, content in files.items():
        if name in (FILE, _STABLE, *carried) or not _YAML.fullmatch(name):
            continue
        same = (known or {}).get(content)
        found = [same] if same is not None else list(_objects(name, content))
        unread += [name] if not found else []
        for one in found:
            identity = _identity(one, name)
            objects[identity] = Found(identity, name, one, nowhere)
    return Side(objects, release.subject if release is not None else "", tuple(unread))


def _release(files: Mapping[str, bytes]) -> Release | None:
    with suppress(BadRelease):
        return parse_release(files[FILE]) if FILE in files else None
    return None


def _objects(name: str, content: bytes) -> Iterator[Mapping[str, Any]]:
    source, _ = decode(name, content)
    for document in parse(source).documents if source is not None else ():
        data = document.root.data
        if isinstance(data, dict) and isinstance(data.get("kind"), str):
            yield data


def _identity(found: Mapping[str, Any], file: str) -> Identity:
    """What an object is known by; a list of files has no name but that of its file."""
    metadata = found.get("metadata")
    named: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = named.get("name"), named.get("namespace")
    where = namespace if isinstance(namespace, str) else ""
    return Identity(str(found["kind"]), where, name if isinstance(name, str) else file)
