"""kustomization.yaml: the list of a directory's files, so that Flux applies these and no others."""

from collections.abc import Iterable

from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["FILE", "kustomization", "listing"]

FILE = "kustomization.yaml"


def kustomization(rendering: Rendering, others: Iterable[Manifest]) -> Manifest:
    """The list of a comb's files, in the order of their names; all are put into its namespace."""
    return listing(others, Cause.comb("metadata", "name"), rendering.namespace)


def listing(others: Iterable[Manifest], cause: Cause, namespace: str | None = None) -> Manifest:
    """The list of `others`."""
    return manifest(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": namespace,
            "resources": sorted(one.file for one in others),
        },
        cause,
        FILE,
    )
