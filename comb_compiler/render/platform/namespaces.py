"""Namespaces: their pods may not do what a comb's pods never need."""

from collections.abc import Iterator

from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.platform.grounds import LABELS, Grounds

__all__ = ["namespaces"]

_POD_SECURITY = "pod-security.kubernetes.io"


def namespaces(grounds: Grounds) -> Iterator[Manifest]:
    """A Namespace for each that an environment of the cluster has.

    Flux never removes one: all that runs in it would go with it.
    """
    for name in grounds.namespaces:
        yield manifest(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": name,
                    "labels": {
                        **LABELS,
                        f"{_POD_SECURITY}/enforce": "restricted",
                        f"{_POD_SECURITY}/warn": "restricted",
                        f"{_POD_SECURITY}/audit": "restricted",
                    },
                    "annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
                },
            },
            Cause.platform("namespaces", name),
        )
