"""The example, rendered with a change in one of its files; and what differs from the example as it is."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import yaml

from comb_compiler.compiler.render import render_comb, render_platforms, unbuilt_images
from comb_compiler.diagnostics import Diagnostic, has_errors
from comb_compiler.render.manifest import Cause, Manifest, Pointer, Written, cause_of
from comb_compiler.source import Path
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

__all__ = ["FILES", "Change", "Outcome", "base", "changed", "changes", "example", "outcome"]

_DATA = FilePath(__file__).parent / "data"
FILES = {Written.COMB: "comb.yaml", Written.PLATFORM: "platform.yaml"}
_PROTO = (_DATA / "moderation.proto").read_bytes()
_SHARED = b'syntax = "proto3";\npackage moderation.v1;\nmessage Shared { string text = 1; }\n'
_INTERNAL = (
    b'syntax = "proto3";\npackage moderation.v1;\nimport "shared.proto";\nmessage Internal { Shared shared = 1; }\n'
)
_POLICY = b"""apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: none}
spec: {validations: [{expression: "has(comb.metadata)"}]}
"""
_BESIDE = {
    "moderation.proto": _PROTO,
    "other.proto": _PROTO,
    "internal.proto": _INTERNAL,
    "other_internal.proto": _INTERNAL,
    "third_party/shared.proto": _SHARED,
    "elsewhere/shared.proto": _SHARED,
    "models/angle.onnx": b"one",
    "models/newer.onnx": b"newer",
    "models/other.onnx": b"another",
    "policies/none.yaml": _POLICY,
}
_HASHED = re.compile(r"(-plan-|-gpu-)[0-9a-f]{10}\b")
"""Names that follow from content, which is compared itself."""

Key = tuple[str, str, str]
"""Of an object: its cluster, kind and name."""


class Outcome(NamedTuple):
    """The objects by where they are, and what was said."""

    objects: Mapping[Key, Manifest]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def refused(self) -> bool:
        """Whether nothing was rendered."""
        return not self.objects


class Change(NamedTuple):
    """A part of an object that is another than before, or is there no more, or is new; and what caused it."""

    object: Key
    pointer: Pointer
    cause: Cause


@cache
def _example() -> dict[Written, Any]:
    return {one: yaml.safe_load((_DATA / name).read_text(encoding="utf-8")) for one, name in FILES.items()}


def example() -> dict[Written, Any]:
    """Both files, as they are in YAML."""
    return deepcopy(_example())


def changed(document: Any, path: Path, value: Any) -> Any:
    """The document with another value at a path. None takes it away."""
    copy = deepcopy(document)
    at = copy
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copy


def outcome(documents: Mapping[Written, Any], environment: str = "production") -> Outcome:
    """All that clusters are told of the comb and of the platform."""
    texts = {
        FILES[one]: yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()
        for one, document in documents.items()
    }
    checkout = MemoryCheckout({**_BESIDE, **texts})
    sources, on = (load_sources(checkout, name, REMEMBERED) for name in FILES.values())
    made = render_comb(sources, on, environment, unbuilt_images, REMEMBERED)
    if has_errors(made.diagnostics) or made.platform is None or made.platform.value is None:
        return Outcome({}, made.diagnostics)
    objects = {_key(one.cluster, each): each for one in made.clusters for each in (*one.manifests, one.flux)}
    for platform in render_platforms(made.platform.value):
        objects |= {_key(platform.cluster, each, "platform"): each for each in (*platform.manifests, *platform.flux)}
    return Outcome(objects, made.diagnostics)


def _key(cluster: str, made: Manifest, owner: str = "") -> Key:
    name = made.object["metadata"]["name"] if "metadata" in made.object else f"{owner}{made.file}"
    kind = "list" if made.file == "kustomization.yaml" else made.object["kind"]
    return cluster, kind, _HASHED.sub(r"\1#", name)


@cache
def base() -> Outcome:
    """The example as it is."""
    return outcome(example())


def changes(before: Outcome, after: Outcome) -> list[Change]:
    """What differs, the lists of files and names that follow from content apart."""
    found = []
    for key in dict.fromkeys((*before.objects, *after.objects)):
        if key[1] == "list":
            continue
        old, new = before.objects.get(key), after.objects.get(key)
        told = new or old
        assert told is not None
        pointers = _differing(old.object, new.object) if old and new else [()]
        for pointer in pointers:
            gone = old is not None and new is not None and not _has(new.object, pointer)
            found.append(Change(key, pointer, cause_of(old if gone and old else told, pointer)))
    return found


def _has(value: Any, pointer: Pointer) -> bool:
    for step in pointer:
        there = range(len(value)) if isinstance(value, list) else value
        if not isinstance(value, list | Mapping) or step not in there:
            return False
        value = value[step]  # type: ignore[index]
    return True


def _differing(old: Any, new: Any, at: Pointer = ()) -> Iterator[Pointer]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if old.get("name") == new.get("name") == "COMB_RELEASE":
            return
        for key in dict.fromkeys((*old, *new)):
            if key in old and key in new:
                yield from _differing(old[key], new[key], (*at, key))
            else:
                yield (*at, key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differing(one, other, (*at, index))
    elif _plain(old) != _plain(new):
        yield at


def _plain(value: Any) -> Any:
    return _HASHED.sub(r"\1#", value) if isinstance(value, str) else value
