"""ResourceClaimTemplates, for back ends that are asked by claims (DRA)."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from comb_compiler.plan import Workload, object_name
from comb_compiler.render.gpu import Ask, ask_for
from comb_compiler.render.manifest import Manifest, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["ask_of", "claim_templates", "template_name"]

_HASH = 10


def ask_of(rendering: Rendering, workload: Workload) -> Ask:
    """How the pods of a workload ask for their devices; nothing for those that have none."""
    if workload.amounts.slice is None:
        return Ask()
    pool = next(iter(rendering.pools(workload).values()))
    return ask_for(workload.amounts.slice, rendering.platform.devices[workload.device], pool.sharing)


def template_name(workload: Workload, claim: str, spec: Mapping[str, Any]) -> str:
    """The name of a claim's template: another claim has another, since none can be changed."""
    digest = sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
    return object_name(workload.name, f"{claim}-{digest[:_HASH]}")


def claim_templates(rendering: Rendering) -> Iterator[Manifest]:
    """One for each claim of a workload: every pod gets a claim of its own."""
    for workload in rendering.here.workloads:
        for claim, spec in ask_of(rendering, workload).claims.items():
            yield manifest(
                {
                    "apiVersion": "resource.k8s.io/v1",
                    "kind": "ResourceClaimTemplate",
                    "metadata": rendering.metadata(template_name(workload, claim, spec)),
                    "spec": {"spec": spec},
                },
                rendering.cause_of_group(workload.group, "resources", "gpu"),
            )
