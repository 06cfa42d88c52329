"""The Flux Kustomization of a comb: one each, so that one sick comb does not hold up the others.

Flux applies what is in `clusters/CLUSTER/_flux`; each file there names a directory of the repository.
"""

from typing import Any

from comb_compiler.plan import object_name
from comb_compiler.release.place import Place
from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["EMERGENCY", "ENVIRONMENT_LABEL", "NAMESPACE", "PLATFORM", "applied", "flux_kustomization"]

NAMESPACE = "flux-system"
"""Where Flux and its objects are, and the name of its GitRepository: as `flux bootstrap` makes them."""
PLATFORM = "comb-platform"
"""The Kustomization of the platform's own objects. No comb's has this name: theirs have a dot."""
ENVIRONMENT_LABEL = "comb.dev/environment"

EMERGENCY = "comb.dev/emergency"
"""An annotation of all objects of a release that was let past the gates: until when, and why."""
_TOLD = "event.toolkit.fluxcd.io/emergency"
"""What Flux adds to its events, and so to each notification."""

# Once is enough. Without an expression Flux wants the platform applied at the same commit first: each commit has all
# combs look too early, and again after half a minute; and a platform that is sick would hold up every comb.
_WAS_APPLIED = "has(dep.status.lastAppliedRevision)"


def flux_kustomization(rendering: Rendering) -> Manifest:
    """What has Flux apply the comb's directory, and say whether all of it became ready."""
    name = object_name(f"{rendering.namespace}.{rendering.name}")
    labels = {**rendering.labels(), ENVIRONMENT_LABEL: rendering.plan.environment}
    place = Place(rendering.here.cluster, rendering.namespace, rendering.name)
    more: dict[str, Any] = {
        "targetNamespace": rendering.namespace,
        "dependsOn": [{"name": PLATFORM, "readyExpr": _WAS_APPLIED}],
    }
    if rendering.emergency is not None:
        # On all objects, so that there is a change that Flux tells of after it has read the annotation for its events.
        more["commonMetadata"] = {"annotations": {EMERGENCY: rendering.emergency.said}}
    made = applied(name, labels, place.directory, **more)
    if rendering.emergency is not None:
        made["metadata"]["annotations"] = {_TOLD: rendering.emergency.said}
    return manifest(made, Cause.comb("metadata", "name"), place.flux_file.rpartition("/")[2])


def applied(name: str, labels: dict[str, Any], directory: str, **more: Any) -> dict[str, Any]:
    """A Kustomization that has Flux apply a directory of the environment repository."""
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            **more,
            "path": f"./{directory}",
            "sourceRef": {"kind": "GitRepository", "name": NAMESPACE},
            "prune": True,
            # Ready is when every object is. Flux has few workers, and other combs miss each that waits: it waits a
            # little, and looks again until a Deployment is ready or has passed its own deadline.
            "wait": True,
            "interval": "10m",
            "retryInterval": "1m",
            "timeout": "30s",
        },
    }
