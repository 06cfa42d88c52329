"""The platform's objects in one cluster: every kind in order, and what Flux is told of them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from comb_compiler.release.place import platform_directory
from comb_compiler.render.kustomization import listing
from comb_compiler.render.manifest import Cause, Manifest
from comb_compiler.render.patches import Whereabouts, matching, patched
from comb_compiler.render.platform.adapter import adapter_config
from comb_compiler.render.platform.flux import flux_objects
from comb_compiler.render.platform.grounds import Grounds
from comb_compiler.render.platform.namespaces import namespaces
from comb_compiler.render.platform.priorities import priority_classes
from comb_compiler.render.platform.quotas import default_requests, quotas
from comb_compiler.spec.platform import Platform

__all__ = ["PLATFORM_KINDS", "RenderedPlatform", "render_platform"]

PLATFORM_KINDS: tuple[Callable[[Grounds], Iterator[Manifest]], ...] = (
    namespaces,
    quotas,
    default_requests,
    priority_classes,
    adapter_config,
)
"""What makes the objects, a function for each kind."""


class RenderedPlatform(NamedTuple):
    """What a cluster is told once: objects for `directory` of the environment repository, and those beside combs'."""

    cluster: str
    directory: str
    manifests: tuple[Manifest, ...]
    flux: tuple[Manifest, ...]


def render_platform(platform: Platform, cluster: str, more: tuple[Manifest, ...] = ()) -> RenderedPlatform:
    """All objects of the platform in one cluster, and `more`, by file name; the last is the list of the others."""
    grounds = Grounds(platform, cluster)
    directory = platform_directory(cluster)
    patches = matching(platform.patches, Whereabouts(cluster))
    made = sorted((*(one for kind in PLATFORM_KINDS for one in kind(grounds)), *more), key=lambda one: one.file)
    files = (*patched(made, patches), listing(made, Cause.platform("clusters", cluster)))
    return RenderedPlatform(cluster, directory, files, patched(flux_objects(grounds, directory), patches))
