"""kustomization.yaml: the list of a comb's files, so that Flux applies these and no others."""

from collections.abc import Iterable

from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["kustomization"]


def kustomization(rendering: Rendering, others: Iterable[Manifest]) -> Manifest:
    """The list of `others`, in the order of their names."""
    return manifest(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": rendering.namespace,
            "resources": sorted(one.file for one in others),
        },
        Cause.comb("metadata", "name"),
        "kustomization.yaml",
    )
