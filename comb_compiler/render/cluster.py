"""A comb's objects in one cluster: every kind in order."""

from collections.abc import Callable, Iterator

from comb_compiler.render.claims import claim_templates
from comb_compiler.render.config import config_maps
from comb_compiler.render.deployment import deployments
from comb_compiler.render.disruption import disruption_budgets
from comb_compiler.render.kustomization import kustomization
from comb_compiler.render.manifest import Manifest
from comb_compiler.render.monitoring import dashboards, prometheus_rules, service_monitors
from comb_compiler.render.network import network_policies
from comb_compiler.render.recording import store_maps
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.routes import routes
from comb_compiler.render.scaling import autoscalers, recording_rules, scaled_objects
from comb_compiler.render.service import services
from comb_compiler.render.service_account import service_accounts
from comb_compiler.render.workspace import workspace_claims

__all__ = ["KINDS", "render_cluster"]

KINDS: tuple[Callable[[Rendering], Iterator[Manifest]], ...] = (
    service_accounts,
    config_maps,
    store_maps,
    workspace_claims,
    claim_templates,
    deployments,
    disruption_budgets,
    services,
    routes,
    network_policies,
    service_monitors,
    prometheus_rules,
    dashboards,
    autoscalers,
    scaled_objects,
    recording_rules,
)
"""What makes the objects, a function for each kind or a few that belong together."""


def render_cluster(rendering: Rendering) -> tuple[Manifest, ...]:
    """All objects of the comb in one cluster, by file name; the last is the list of the others."""
    made = sorted((one for kind in KINDS for one in kind(rendering)), key=lambda one: one.file)
    return (*made, kustomization(rendering, made))
