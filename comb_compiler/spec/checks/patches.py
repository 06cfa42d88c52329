"""What patches of rendered objects may not do, and those that would never do anything."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.patches import PatchTarget
from comb_compiler.spec.suggest import closest
from comb_compiler.spec.wording import listed

__all__ = ["KINDS", "check_patches"]

KINDS = (
    "Alert",
    "ConfigMap",
    "Deployment",
    "GRPCRoute",
    "HTTPRoute",
    "HorizontalPodAutoscaler",
    "Kustomization",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PriorityClass",
    "PrometheusRule",
    "Provider",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ScaledObject",
    "Service",
    "ServiceAccount",
    "ServiceMonitor",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
"""The kinds of objects that combs and the platform have."""

_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "comb.dev/process")
_IDENTITY: tuple[tuple[str, ...], ...] = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("spec", "selector"),
    *(("metadata", "labels", label) for label in _LABELS),
    *(("spec", "template", "metadata", "labels", label) for label in _LABELS),
)
"""What an object is known by, and what selectors use: Kubernetes forbids to change it, or loses who used it."""


def check_patches(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """Patches leave objects what they are, and are for objects that there can be."""
    for name, patch in platform.patches.items():
        at: Path = ("patches", name)
        if not bound.is_sound(*at):
            continue
        touched = dict.fromkeys(one for path in _IDENTITY if (one := _touched(patch.merge, path)) is not None)
        for path in touched:
            yield _changes_identity(bound, (*at, "merge", *path))
        yield from _nowhere(bound, platform, (*at, "target"), patch.target)


def _touched(merge: Any, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Where a merge changes what stands at `path`, itself or by replacing what holds it; None where it does not."""
    for depth, step in enumerate(path):
        if not isinstance(merge, dict):
            return path[:depth]
        if step not in merge:
            return None
        merge = merge[step]
    return path


def _changes_identity(bound: Bound[Platform], path: Path) -> Diagnostic:
    place = bound.place(*path)
    return diagnose(
        codes.PATCH_CHANGES_IDENTITY,
        f"the patch changes `{path[-1]}`, which an object is known by",
        place.key_span,
        related=place.related,
        path=format_path(place.path),
        hints=("leave it out: patches change fields, and never which object it is or which pods it finds",),
    )


def _nowhere(bound: Bound[Platform], platform: Platform, at: Path, target: PatchTarget) -> Iterator[Diagnostic]:
    if target.kind not in KINDS:
        place = bound.place(*at, "kind")
        match = closest(target.kind, KINDS)
        advice = f"did you mean `{match}`?" if match else f"there are {listed(KINDS)}"
        message = f"no object of the kind `{target.kind}` is ever rendered"
        yield diagnose(codes.PATCH_WITHOUT_TARGET, message, place.span, path=format_path(place.path), hints=(advice,))
    environment = platform.environments.get(target.environment or "")
    if environment is None or target.cluster is None or target.cluster in environment.clusters:
        return
    if target.cluster not in bound.declared("clusters"):
        return
    place = bound.place(*at, "cluster")
    yield diagnose(
        codes.PATCH_WITHOUT_TARGET,
        f"the environment `{target.environment}` is not on the cluster `{target.cluster}`",
        place.span,
        related=(Label(bound.place("environments", target.environment or "", "clusters").span, "its clusters"),),
        path=format_path(place.path),
        hints=(f"name {listed(environment.clusters, 'or')}, or leave the cluster out",),
    )
