"""The pod of a workload: one process of the execution plan."""

from collections.abc import Sequence
from typing import Any

from comb_compiler.plan import Workload
from comb_compiler.render import layout
from comb_compiler.render.claims import ask_of, template_name
from comb_compiler.render.config import cause_of_weights, weights_name
from comb_compiler.render.fetching import fetcher, fetching_volumes
from comb_compiler.render.gpu import Ask
from comb_compiler.render.manifest import Cause, caused
from comb_compiler.render.names import priority_name
from comb_compiler.render.placement import affinity, spread, tolerations
from comb_compiler.render.quantities import byte_quantity, number_quantity
from comb_compiler.render.recording import recorder_arguments, salt
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.routes import is_routed
from comb_compiler.render.volumes import Volume, mounts, volumes, volumes_of

__all__ = ["pod_template"]

_GRAPH_MEMORY = 4 * 2**30
"""Bytes: more than all the requests hold that a process takes at once, each as large as it may be, with its answer."""
_USER = 65532
"""Nobody in particular; not root."""
_SETTLE, _DRAIN, _SPARE = 5, 30, 10
"""Seconds: for balancers to hear that it is going, for requests under way, and for the rest."""
_LEAVE = 36
"""Seconds that the process gives clients to leave by themselves: 1.2 times the age of a connection, 30 s by default."""


def pod_template(rendering: Rendering, workload: Workload) -> dict[str, Any]:
    """The template of the pods that run `workload`."""
    ask = ask_of(rendering, workload)
    mounted = list(volumes_of(rendering, workload.group))
    process = _container(rendering, workload, ask, mounted)
    before = fetcher(rendering, workload.group, {**process, "resources": _resources(rendering, workload, None)})
    return {
        "metadata": {
            "labels": {**rendering.pod_labels(workload), **ask.labels},
            "annotations": dict(ask.annotations) or None,
        },
        "spec": {
            "serviceAccountName": rendering.name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "imagePullSecrets": _pull_secrets(rendering),
            "priorityClassName": _priority(rendering, workload),
            "schedulerName": caused(ask.scheduler, _sharing(rendering, workload)),
            "terminationGracePeriodSeconds": _SETTLE + _LEAVE + _DRAIN + _SPARE,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _USER,
                "runAsGroup": _USER,
                "fsGroup": _USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "affinity": affinity(rendering, workload),
            "tolerations": tolerations(rendering, workload),
            "topologySpreadConstraints": spread(workload),
            "initContainers": [before] if before is not None else None,
            "containers": [process],
            "volumes": [*volumes(mounted), *fetching_volumes(rendering, workload.group)],
            "resourceClaims": [
                {"name": claim, "resourceClaimTemplateName": template_name(workload, claim, spec)}
                for claim, spec in ask.claims.items()
            ]
            or None,
        },
    }


def _pull_secrets(rendering: Rendering) -> Any:
    secret = rendering.platform.registry.pull_secret
    return None if secret is None else caused([{"name": secret}], Cause.platform("registry", "pullSecret"))


def _priority(rendering: Rendering, workload: Workload) -> Any:
    platform, named = rendering.platform, workload.priority
    if named:
        return caused(priority_name(platform, named), rendering.cause_of_group(workload.group, "priority", value=named))
    default = next((name for name, one in platform.priorities.items() if one.default), None)
    if default is None:
        return None
    return caused(priority_name(platform, default), Cause.platform("priorities", default, "default"))


def _sharing(rendering: Rendering, workload: Workload) -> Cause:
    """How the devices are shared is told by the first of the pools: the others share them alike."""
    return rendering.cause_of_cluster("nodePools", workload.pools[0], "sharing")


def _container(rendering: Rendering, workload: Workload, ask: Ask, mounted: Sequence[Volume]) -> dict[str, Any]:
    return {
        "name": "comb",
        "image": rendering.images.of(rendering.process(workload.group), workload.device),
        "command": ["python", "-m", "comb_compiler.runtime.service"],
        "args": _arguments(rendering, workload),
        "env": [
            {"name": "COMB_RELEASE", "value": rendering.run},
            {"name": "COMB_LOG_FORMAT", "value": "json"},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108
            *_traces(rendering, workload),
            *salt(rendering, workload.group),
        ],
        "ports": [
            {"name": "grpc", "containerPort": layout.GRPC_PORT},
            {"name": "http", "containerPort": layout.HTTP_PORT},
        ],
        "resources": _resources(rendering, workload, ask),
        # Alive is what answers at all: a process that waits for a model or for its peers is not mended by a new one.
        "startupProbe": _probe("/healthz", period=2, failures=60),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "livenessProbe": _probe("/healthz", period=10, failures=6),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": mounts(mounted),
    }


def _traces(rendering: Rendering, workload: Workload) -> list[Any]:
    """Where spans go; the entry makes them."""
    if rendering.cluster.traces is None or not workload.group.is_entry:
        return []
    # Kubernetes puts variables in for `$(NAME)`, and takes `$$` for a dollar.
    said = {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": rendering.cluster.traces.replace("$", "$$")}
    return [caused(said, Cause.platform("clusters", rendering.here.cluster, "traces"))]


def _arguments(rendering: Rendering, workload: Workload) -> list[Any]:
    """Exactly what a person would write to start this process."""
    group = workload.group
    said = [
        f"{layout.PLAN_DIRECTORY}/{layout.PLAN_FILE}",
        f"--process={rendering.process(group)}",
        f"--artifacts={layout.ARTIFACTS}",
        f"--code={layout.CODE}",
        "--host=0.0.0.0",
        f"--grpc-port={layout.GRPC_PORT}",
        f"--http-port={layout.HTTP_PORT}",
        f"--settle={_SETTLE}",
        f"--drain={_DRAIN}",
    ]
    if rendering.comb.storage.workspace is not None:
        said.append(caused(f"--workspace={layout.WORKSPACE}", Cause.comb("storage", "workspace")))
    said += recorder_arguments(rendering, group)
    if group.is_entry:
        if weights_name(rendering) is not None:
            weights = f"--weights={layout.WEIGHTS_DIRECTORY}/{layout.WEIGHTS_FILE}"
            said.append(caused(weights, cause_of_weights(rendering)))
            if is_routed(rendering):
                said.append(caused("--forced-arms=true", Cause.platform("delivery")))
        for other in rendering.groups[1:]:
            service = rendering.service(other)
            peer = f"--peer={rendering.process(other)}={service}.{rendering.namespace}.svc:{layout.GRPC_PORT}"
            said.append(caused(peer, rendering.cause_of_group(other)))
    return said


def _resources(rendering: Rendering, workload: Workload, ask: Ask | None) -> Any:
    """Limits are those of operators that say what they need; what the others count for, they may exceed.

    A process with the graph alone, of which comb.yaml says nothing, has one of memory. Without devices where nothing
    asks for any.
    """
    amounts, devices = workload.amounts, {} if ask is None else ask.resources
    requests = {"cpu": number_quantity(amounts.cpu), "memory": byte_quantity(amounts.memory), **devices}
    needs = [one.resources for one in rendering.operators(workload.group).values() if one.oip is None]
    limited = {"cpu": any(one.cpu for one in needs), "memory": any(one.memory for one in needs)}
    limits = {name: amount for name, amount in requests.items() if limited.get(name, True)}
    if not needs:
        limits["memory"] = byte_quantity(_GRAPH_MEMORY)
    claims = [{"name": claim} for claim in (() if ask is None else ask.claims)]
    causes = {name: rendering.cause_of_group(workload.group, "resources", name) for name in ("cpu", "memory", "gpu")}
    said = [
        {name: caused(amount, causes.get(name, causes["gpu"])) for name, amount in each.items()}
        for each in (requests, limits)
    ]
    made = {"requests": said[0], "limits": said[1] or None, "claims": claims or None}
    return caused(made, rendering.cause_of_group(workload.group, "resources"))


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
