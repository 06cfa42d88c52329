"""A rendered directory → the same with the ConfigMaps that pods of earlier releases still read.

Flux removes what is no longer listed before pods have moved: without its plan a pod could not start again.
"""

from collections.abc import Mapping as MappingOf, Sequence
from hashlib import sha256

from comb_compiler.release.release import FILE, parse_release, release_bytes
from comb_compiler.render import emit
from comb_compiler.render.kustomization import FILE as LIST
from comb_compiler.source import Mapping, decode, parse

__all__ = ["GENERATIONS", "carry"]

GENERATIONS = 2
"""How many earlier ones stay: one of the release before, and one of a change that was taken back."""


def carry(files: MappingOf[str, bytes], earlier: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """The files of a release, carrying the first few of `earlier` that are not its own, instead of what it carried.

    A pure function: the same release on top of the same directory has the same bytes. With a candidate on its way all
    of the stable release is there, with what that carried. Raises BadRelease.
    """
    release = parse_release(files[FILE])
    if release.rollout is not None:
        return dict(files)
    own = {name: content for name, content in files.items() if name not in release.carried and name != FILE}
    carried = {name: content for name, content in earlier if name not in own}
    carried = dict(list(carried.items())[:GENERATIONS])
    if tuple(carried) == release.carried:
        return dict(files)
    own[LIST] = _listing(own[LIST], set(release.carried), set(carried))
    every = {**own, **carried}
    digests = {name: sha256(content).hexdigest() for name, content in every.items()}
    return {**every, FILE: release_bytes(release._replace(files=digests, carried=tuple(carried)))}


def _listing(content: bytes, less: set[str], more: set[str]) -> bytes:
    source, _ = decode(LIST, content)
    assert source is not None
    root = parse(source)[0][0].root
    assert isinstance(root, Mapping)
    resources = {str(one) for one in root.data["resources"]}
    return emit({**root.data, "resources": sorted((resources - less) | more)}).encode()
