"""A load that several pods share → Kubernetes objects: locust's master and its workers, which find it by a Service.

What they say to each other is not encrypted; a token that a Secret holds keeps others from taking a worker's place.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from comb_compiler.load.model import Job, Step

__all__ = ["MOST_BYTES", "Shared", "TooLarge", "objects"]

Object = Mapping[str, Any]
MOST_BYTES = 1 << 20
"""Of a ConfigMap, which holds the requests."""
_SPARE = 4096
_PORT = 5557
_USER = 10001
_DAY = 86_400
_LONGEST = 600
"""Seconds that pods may take to come, beside the steps themselves."""


class TooLarge(ValueError):
    """The requests do not fit into a ConfigMap."""


class Shared(NamedTuple):
    """Steps of a job, shared by so many workers. `image` has comb-compiler[load]; `secret` holds the key `token`."""

    name: str
    namespace: str
    image: str
    secret: str
    workers: int
    job: Job
    steps: Sequence[Step]


def objects(shared: Shared) -> tuple[Object, ...]:
    """In the order in which they are to be applied. Raises TooLarge."""
    lines = [
        json.dumps({"job": shared.job.as_json() if number == 0 else None, "step": step._asdict()})
        for number, step in enumerate(shared.steps)
    ]
    text = "\n".join(lines) + "\n"
    if len(text) > MOST_BYTES - _SPARE:
        raise TooLarge(f"the requests take {len(text):,} bytes, and a ConfigMap has room for {MOST_BYTES:,}")
    seconds = _LONGEST + sum(round(step.seconds + step.timeout) for step in shared.steps)
    lead = ["lead", "--workers", str(shared.workers), "--host", "0.0.0.0", "--port", str(_PORT)]  # noqa: S104
    follow = ["follow", "--host", shared.name, "--port", str(_PORT)]
    config = {"configMap": {"name": shared.name}, "name": "steps"}
    return (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata(shared, shared.name),
            "data": {"steps.jsonl": text},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata(shared, shared.name),
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,  # workers may come before the master listens
                "selector": _labels(shared, "master"),
                "ports": [{"name": "locust", "port": _PORT, "targetPort": _PORT}],
            },
        },
        _job(shared, "master", 1, [*lead, "--steps", "/steps/steps.jsonl"], seconds, config),
        _job(shared, "workers", shared.workers, follow, seconds, None),
    )


def _labels(shared: Shared, part: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "comb-load", "app.kubernetes.io/instance": shared.name, "comb.dev/part": part}


def _metadata(shared: Shared, name: str, part: str = "") -> dict[str, Any]:
    labels = _labels(shared, part)
    return {"name": name, "namespace": shared.namespace, "labels": labels if part else dict(list(labels.items())[:2])}


def _job(
    shared: Shared, part: str, many: int, arguments: list[str], seconds: int, config: Mapping[str, Any] | None
) -> Object:
    """Pods that end with the load, and are not tried again: half a load is none."""
    name = shared.name if part == "master" else f"{shared.name}-{part}"
    mounts = [{"name": "token", "mountPath": "/token", "readOnly": True}]
    volumes: list[Mapping[str, Any]] = [{"name": "token", "secret": {"secretName": shared.secret}}]
    if config is not None:
        mounts.append({"name": "steps", "mountPath": "/steps", "readOnly": True})
        volumes.append(config)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(shared, name, part),
        "spec": {
            "backoffLimit": 0,
            "completions": many,
            "parallelism": many,
            "activeDeadlineSeconds": seconds,
            "ttlSecondsAfterFinished": _DAY,
            "template": {
                "metadata": {"labels": _labels(shared, part)},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER,
                        "runAsGroup": _USER,
                        "fsGroup": _USER,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(shared, arguments, mounts)],
                    "volumes": volumes,
                },
            },
        },
    }


def _container(shared: Shared, arguments: list[str], mounts: list[dict[str, Any]]) -> Object:
    return {
        "name": "load",
        "image": shared.image,
        "command": ["python", "-m", "comb_compiler.load.process"],
        "args": [*arguments, "--token", "/token/token"],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108
        "resources": {"requests": {"cpu": "1", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": mounts,
    }
