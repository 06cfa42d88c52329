"""A step of a grey release: a candidate's files laid beside those of the stable release, which are kept as they are."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from comb_compiler.compiler.render import RenderedCluster
from comb_compiler.release.release import FILE, BadRelease, Release, Rollout, parse_release, release_bytes
from comb_compiler.render import Rendering, emit
from comb_compiler.render.kustomization import FILE as LIST
from comb_compiler.render.network import calls_name, way_to_candidate
from comb_compiler.render.patches import Whereabouts, matching
from comb_compiler.render.track import as_candidate, candidate_in, render_candidate, weighed
from comb_compiler.source import decode, parse

__all__ = ["STABLE_FILE", "BadStable", "Stable", "object_in", "read_stable", "render_step"]

STABLE_FILE = "stable.json"
"""The stable release's release.json, while a candidate is beside it."""


class BadStable(Exception):
    """A directory holds no release that a candidate can be laid beside; the message is a sentence that says why."""


class Stable(NamedTuple):
    """The stable release as it was published alone, whether a candidate is beside it now or not.

    `content` is its release.json, `files` the others by name. `rollout` is the change that is on its way.
    """

    release: Release
    content: bytes
    files: Mapping[str, bytes]
    rollout: Rollout | None


def read_stable(files: Mapping[str, bytes]) -> Stable:
    """The stable release of a comb's published directory. Raises BadStable.

    Of one that a candidate is beside, it is what it was before, byte by byte.
    """
    whole = _release(files, FILE)
    for name, digest in whole.files.items():
        if name not in files or _digest(files[name]) != digest:
            raise BadStable(f"`{name}` is not as `{FILE}` says")
    if whole.rollout is None:
        return Stable(whole, files[FILE], {name: files[name] for name in whole.files}, None)
    base = _release(files, STABLE_FILE)
    if base.digest != whole.rollout.base:
        raise BadStable(f"`{STABLE_FILE}` is not the release that `{FILE}` names")
    before = dict(_before(base, files))
    for name, digest in base.files.items():
        if _digest(before[name]) != digest:
            raise BadStable(f"`{name}` is not what the stable release had, with a candidate or without")
    return Stable(base, files[STABLE_FILE], before, whole.rollout)


def _before(base: Release, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The stable release's files without a candidate."""
    for name, digest in base.files.items():
        content = files.get(name, b"")
        if content and _digest(content) != digest:
            found = object_in(name, content)
            if name == LIST:
                found = {**found, "resources": [one for one in _listed(found) if one in base.files]}
            else:
                found = _weighed(name, found, None)
            content = emit(found).encode()
        yield name, content


def render_step(candidate: RenderedCluster, stable: Stable, share: Decimal) -> RenderedCluster:
    """The candidate, rendered as if it were alone, beside the stable release, with a `share` of the users.

    The share is one of the steps of the candidate's `rollout`. Raises BadStable where the two cannot be side by side.
    """
    rendering = candidate.rendering
    rollout = rendering.plan.traffic.rollout
    assert rollout is not None
    _must_go_together(candidate, stable)
    tried = as_candidate(rendering)
    where = Whereabouts(candidate.cluster, rendering.name, rendering.plan.environment)
    manifests = render_candidate(tried, matching(rendering.platform.patches, where))
    added = {one.file: emit(one.object).encode() for one in manifests}
    twice = sorted(added.keys() & stable.files.keys())
    if twice:
        raise BadStable(f"the stable release has `{twice[0]}` already: no operator of it may be named `{tried.track}`")
    weights = _weights_file(rendering.object_name("weights"))
    percent = float(share * 100)
    beside = candidate_in(tried, int(percent) if percent.is_integer() else percent)
    listed = object_in(LIST, stable.files.get(LIST, b""))
    listed["resources"] = sorted({*_listed(listed), *added})
    changed = {
        weights: emit(_weighed(weights, object_in(weights, stable.files[weights]), beside)).encode(),
        LIST: emit(listed).encode(),
    }
    files = {**stable.files, **added, **changed, STABLE_FILE: stable.content}
    release = candidate.release._replace(
        files={name: _digest(content) for name, content in files.items()},
        carried=tuple(sorted({*stable.files, STABLE_FILE} - changed.keys())),
        rollout=Rollout(stable.release.digest, candidate.release.digest, rollout.steps.index(share)),
    )
    files[FILE] = release_bytes(release)
    return candidate._replace(manifests=manifests, files=files, release=release)


def _must_go_together(candidate: RenderedCluster, stable: Stable) -> None:
    new, base, rendering = candidate.release, stable.release, candidate.rendering
    if stable.rollout is not None and stable.rollout.candidate != new.digest:
        raise BadStable("another candidate is on its way: it is to become the stable release, or to go, first")
    if (base.comb, base.environment) != (new.comb, new.environment):
        raise BadStable(f"it is `{base.comb}` for `{base.environment}`, not `{new.comb}` for `{new.environment}`")
    if not _has_rollout(rendering, stable):
        raise BadStable("the stable release has no `rollout`, so that it cannot send users on: publish one that has it")
    if (base.plan, base.images) == (new.plan, new.images):
        raise BadStable("its pods run the same as the candidate's would: there is nothing to try on users")
    if base.flux != new.flux:
        raise BadStable("Flux would be told something else of it than of the stable release: publish that alone first")
    if base.promise.method != new.promise.method:
        raise BadStable(f"it answers `{base.promise.method}`, the candidate `{new.promise.method}`")


def _has_rollout(rendering: Rendering, stable: Stable) -> bool:
    """Whether the stable release's pods watch weights, and may call a candidate."""
    entry = rendering.groups[0]
    calls = f"networkpolicy-{calls_name(rendering, entry)}.yaml"
    if calls not in stable.files or _weights_file(rendering.object_name("weights")) not in stable.files:
        return False
    spec = object_in(calls, stable.files[calls]).get("spec")
    ways = spec.get("egress") if isinstance(spec, dict) else None
    return isinstance(ways, list) and way_to_candidate(rendering, entry) in ways


def _listed(found: Mapping[str, Any]) -> list[str]:
    """The files that a kustomization.yaml names."""
    resources = found.get("resources")
    return [one for one in resources if isinstance(one, str)] if isinstance(resources, list) else []


def _weights_file(name: str) -> str:
    return f"configmap-{name}.yaml"


def _weighed(name: str, found: dict[str, Any], candidate: Any) -> dict[str, Any]:
    try:
        return weighed(found, candidate)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadStable(f"`{name}` holds no weights") from problem


def _release(files: Mapping[str, bytes], name: str) -> Release:
    if name not in files:
        raise BadStable(f"it holds no `{name}`, and so no release")
    try:
        return parse_release(files[name])
    except BadRelease as problem:
        raise BadStable(f"`{name}`: {problem}") from problem


def object_in(name: str, content: bytes) -> dict[str, Any]:
    """What a file of a release holds. Raises BadStable."""
    source, _ = decode(name, content)
    documents = parse(source).documents if source is not None else ()
    data = documents[0].root.data if documents and documents[0].root is not None else None
    if not isinstance(data, dict):
        raise BadStable(f"`{name}` is no Kubernetes object")
    return dict(data)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
