"""A candidate beside the stable release: its own objects, and what changes in the stable release's weights.

Nothing of a candidate has a name or a label that selects what is the stable release's, and the other way round.
"""

import json
from collections.abc import Mapping
from typing import Any

from comb_compiler.plan.traffic import CANDIDATE, beside
from comb_compiler.release import Candidate, Weights, weights_bytes
from comb_compiler.render import layout
from comb_compiler.render.cluster import KINDS
from comb_compiler.render.disruption import disruption_budgets
from comb_compiler.render.manifest import Manifest
from comb_compiler.render.monitoring import dashboards, prometheus_rules
from comb_compiler.render.patches import patched
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.routes import routes
from comb_compiler.spec.platform.patches import Patch

__all__ = ["as_candidate", "candidate_in", "render_candidate", "unused", "weighed"]

_STABLE_ALONE = (disruption_budgets, routes, prometheus_rules, dashboards)
"""A candidate is called by the stable release alone, may always go, and wakes nobody: a rollout watches it."""
_OBJECTS = tuple(kind for kind in KINDS if kind not in _STABLE_ALONE)


def as_candidate(rendering: Rendering) -> Rendering:
    """A rendering as that of a candidate: as many instances as the largest step needs. The comb has a `rollout`."""
    rollout = rendering.plan.traffic.rollout
    assert rollout is not None
    here = rendering.here._replace(workloads=beside(rendering.here.workloads, rollout.largest))
    return rendering._replace(track=CANDIDATE, here=here)


def render_candidate(candidate: Rendering, patches: Mapping[str, Patch]) -> tuple[Manifest, ...]:
    """The candidate's objects by file name. A patch that is for one object of the comb is for the candidate's as well.

    It has weights of its own, which name its arms and no candidate: it never sends anything on.
    """
    made = sorted((one for kind in _OBJECTS for one in kind(candidate)), key=lambda one: one.file)
    return patched(made, {name: _tracked(candidate, one) for name, one in patches.items()})


def _tracked(candidate: Rendering, patch: Patch) -> Patch:
    if patch.target.name is None:
        return patch
    target = patch.target.model_copy(update={"name": candidate.tracked(patch.target.name)})
    return patch.model_copy(update={"target": target})


def candidate_in(candidate: Rendering, weight: float) -> Candidate:
    """What the stable release's weights say of the candidate at a step that gives it `weight` percent of the users."""
    service = candidate.service(candidate.groups[0])
    return Candidate(weight, f"{service}.{candidate.namespace}.svc:{layout.GRPC_PORT}", candidate.run)


def weighed(config: Mapping[str, Any], candidate: Candidate | None) -> dict[str, Any]:
    """The ConfigMap of the stable release's weights with a candidate, or without any."""
    before = json.loads(config["data"][layout.WEIGHTS_FILE])
    content = weights_bytes(Weights(before.get("arms"), candidate)).decode()
    return {**config, "data": {**config["data"], layout.WEIGHTS_FILE: content}}


def unused(config: Mapping[str, Any]) -> dict[str, Any]:
    """The ConfigMap of the stable release's weights, whose candidate gets no users any more."""
    candidate = Candidate(**json.loads(config["data"][layout.WEIGHTS_FILE])["candidate"])
    return weighed(config, candidate._replace(weight=0))
