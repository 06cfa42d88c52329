"""Deployments."""

from decimal import Decimal
from typing import Any

from comb_compiler.plan import OneWorkload, ThinPlan

__all__ = ["UNBUILT", "deployment"]

UNBUILT = "unbuilt.invalid"
"""The registry of images that are not built: a name that can never be pulled (RFC 6761)."""


def deployment(plan: ThinPlan, workload: OneWorkload, namespace: str, image: str | None = None) -> dict[str, Any]:
    """An apps/v1 Deployment. Without an image by digest it names one that cannot be pulled, and says so."""
    labels = {
        "app.kubernetes.io/name": plan.comb,
        "app.kubernetes.io/instance": workload.name,
        "app.kubernetes.io/managed-by": "comb",
    }
    owner = {"comb.dev/team": plan.team} if plan.team else {}
    annotations = {} if image else {"annotations": {"comb.dev/unbuilt": "true"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": workload.name, "namespace": namespace, "labels": {**labels, **owner}, **annotations},
        "spec": {
            "replicas": workload.replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/instance": workload.name}},
            "template": {
                "metadata": {"labels": {**labels, **owner}},
                "spec": _pod(workload, image or f"{UNBUILT}/{workload.name}"),
            },
        },
    }


def _pod(workload: OneWorkload, image: str) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "comb",
                "image": image,
                "resources": _resources(workload),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
            }
        ],
    }


def _resources(workload: OneWorkload) -> dict[str, Any]:
    amounts: dict[str, str] = {}
    if workload.cpu:
        amounts["cpu"] = _cores(workload.cpu)
    if workload.memory:
        amounts["memory"] = _bytes(workload.memory)
    return {"requests": amounts, "limits": amounts} if amounts else {}


def _cores(cores: Decimal) -> str:
    return str(int(cores)) if cores == int(cores) else f"{int(cores * 1000)}m"


def _bytes(size: int) -> str:
    """The shortest exact form."""
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
