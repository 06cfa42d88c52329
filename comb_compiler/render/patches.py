"""The platform's patches: merged into objects last of all, as `kubectl patch --type merge` does (RFC 7386)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.render.manifest import Cause, Manifest, Pointer
from comb_compiler.source import Path
from comb_compiler.spec.platform.patches import Patch

__all__ = ["Whereabouts", "matching", "patched"]

_LIST = "kustomization.yaml"
"""The list of the others is no object of the cluster."""


class Whereabouts(NamedTuple):
    """Which objects are rendered: `comb` and `environment` are empty for those of the platform itself."""

    cluster: str
    comb: str = ""
    environment: str = ""


def matching(patches: Mapping[str, Patch], here: Whereabouts) -> dict[str, Patch]:
    """The patches that may be meant for objects that are rendered here."""
    return {name: one for name, one in patches.items() if _is_here(one, here)}


def _is_here(patch: Patch, here: Whereabouts) -> bool:
    wanted = (patch.target.cluster, patch.target.comb, patch.target.environment)
    return all(one in (None, is_) for one, is_ in zip(wanted, here, strict=True))


def patched(manifests: Iterable[Manifest], patches: Mapping[str, Patch]) -> tuple[Manifest, ...]:
    """The objects after all patches that match them, in the order of platform.yaml."""
    return tuple(_patched(one, patches) for one in manifests)


def _patched(made: Manifest, patches: Mapping[str, Patch]) -> Manifest:
    for name, patch in patches.items():
        if _is_meant(patch, made):
            made = _merged(made, patch.merge, ("patches", name, "merge"))
    return made


def _is_meant(patch: Patch, made: Manifest) -> bool:
    name = made.object.get("metadata", {}).get("name")
    return made.file != _LIST and patch.target.kind == made.object["kind"] and patch.target.name in (None, name)


def _merged(made: Manifest, patch: Mapping[str, Any], said_at: Path) -> Manifest:
    changes = dict(_changes(made.object, patch, ()))
    if not changes:
        return made
    kept = {at: cause for at, cause in made.causes.items() if not any(at[: len(one)] == one for one in changes)}
    causes = {at: Cause.platform(*said_at, *at) for at, value in changes.items() if value is not None}
    return made._replace(object=_merge(made.object, patch), causes=kept | causes)


def _changes(target: Any, patch: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """The places at which a merge leaves something else, each as high as all below it is the patch's."""
    if not isinstance(patch, Mapping):
        if patch != target:
            yield at, patch
    elif not isinstance(target, Mapping):
        yield at, _merge(None, patch)
    else:
        for key, value in patch.items():
            if value is not None or key in target:
                yield from _changes(target.get(key), value, (*at, key))


def _merge(target: Any, patch: Any) -> Any:
    """RFC 7386: objects by key, null removes, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged
