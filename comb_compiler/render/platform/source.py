"""What Flux is told of the environment repository once, by hand: where it is, and from where to go on."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.release.place import TOP, flux_directory
from comb_compiler.render.flux import NAMESPACE
from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.platform.grounds import LABELS
from comb_compiler.spec.platform import Platform

__all__ = ["source_objects"]

_ROOT = "combs"
"""The Kustomization that applies all others. No comb's has this name: theirs have a dot."""


def source_objects(platform: Platform, cluster: str, secret: str = "", verify: str = "") -> Iterator[Manifest]:
    """The GitRepository of a cluster, which fetches nothing of others, and the Kustomization that all else comes from.

    `secret` is the Secret that the repository is reached with, `verify` that of the keys by which its commits are
    known; neither where it is empty.
    """
    repository = platform.environment_repository
    spec: dict[str, Any] = {
        "url": repository.url,
        "ref": {"branch": repository.branch},
        "interval": "1m",
        "sparseCheckout": [f"{TOP}/{cluster}"],
    }
    if secret:
        spec["secretRef"] = {"name": secret}
    if verify:
        spec["verify"] = {"mode": "HEAD", "secretRef": {"name": verify}}
    cause = Cause.platform("environmentRepository")
    yield manifest(
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": NAMESPACE, "namespace": NAMESPACE, "labels": dict(LABELS)},
            "spec": spec,
        },
        cause,
    )
    yield manifest(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": _ROOT, "namespace": NAMESPACE, "labels": dict(LABELS)},
            "spec": {
                "path": f"./{flux_directory(cluster)}",
                "sourceRef": {"kind": "GitRepository", "name": NAMESPACE},
                "prune": True,
                "interval": "10m",
                "retryInterval": "1m",
            },
        },
        cause,
    )
