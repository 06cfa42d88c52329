"""A load that several pods share → Kubernetes objects: locust's master and its workers, which find it by a Service.

What they say to each other is not encrypted; a token that a Secret holds keeps others from taking a worker's place.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from comb_compiler.load.model import Job, Step, Tls

__all__ = ["MOST_BYTES", "Certificates", "Shared", "TooLarge", "objects"]

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


class Certificates(NamedTuple):
    """TLS towards the target, by Secrets: `authorities` holds `ca.crt`, and `caller` holds `tls.crt` and `tls.key`.

    Without one, those are trusted that the image trusts, or the caller shows nothing.
    """

    authorities: str = ""
    caller: str = ""


class Shared(NamedTuple):
    """Steps of a job, shared by so many workers. `image` has comb-compiler[load]; `secret` holds the key `token`.

    `certificates` is None for a target that is spoken to in the clear; `job` itself says nothing of TLS.
    """

    name: str
    namespace: str
    image: str
    secret: str
    workers: int
    job: Job
    steps: Sequence[Step]
    certificates: Certificates | None = None


class _Volume(NamedTuple):
    name: str
    source: Object


def objects(shared: Shared) -> tuple[Object, ...]:
    """In the order in which they are to be applied. Raises TooLarge."""
    job = shared.job._replace(target=shared.job.target._replace(tls=_tls(shared.certificates)))
    lines = [
        json.dumps({"job": job.as_json() if number == 0 else None, "step": step._asdict()})
        for number, step in enumerate(shared.steps)
    ]
    text = "\n".join(lines) + "\n"
    if len(text) > MOST_BYTES - _SPARE:
        raise TooLarge(f"the requests take {len(text):,} bytes, and a ConfigMap has room for {MOST_BYTES:,}")
    seconds = _LONGEST + sum(round(step.seconds + step.timeout) for step in shared.steps)
    lead = ["lead", "--workers", str(shared.workers), "--host", "0.0.0.0", "--port", str(_PORT)]  # noqa: S104
    follow = ["follow", "--host", shared.name, "--port", str(_PORT)]
    token = _Volume("token", {"secret": {"secretName": shared.secret}})
    steps = _Volume("steps", {"configMap": {"name": shared.name}})
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
        _job(shared, "master", 1, [*lead, "--steps", "/steps/steps.jsonl"], seconds, [token, steps]),
        _job(shared, "workers", shared.workers, follow, seconds, [token, *_secrets(shared.certificates)]),
    )


def _tls(certificates: Certificates | None) -> Tls | None:
    """Where those who send find them."""
    if certificates is None:
        return None
    caller = ("/caller/tls.crt", "/caller/tls.key") if certificates.caller else ("", "")
    return Tls("/authorities/ca.crt" if certificates.authorities else "", *caller)


def _secrets(certificates: Certificates | None) -> Iterator[_Volume]:
    """Of a Secret only what is used: the one of authorities may hold a key, which is nobody's business."""
    named = certificates or Certificates()
    for name, secret, keys in (
        ("authorities", named.authorities, ("ca.crt",)),
        ("caller", named.caller, ("tls.crt", "tls.key")),
    ):
        if secret:
            items = [{"key": key, "path": key} for key in keys]
            yield _Volume(name, {"secret": {"secretName": secret, "items": items}})


def _labels(shared: Shared, part: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "comb-load", "app.kubernetes.io/instance": shared.name, "comb.dev/part": part}


def _metadata(shared: Shared, name: str, part: str = "") -> dict[str, Any]:
    labels = _labels(shared, part)
    return {"name": name, "namespace": shared.namespace, "labels": labels if part else dict(list(labels.items())[:2])}


def _job(
    shared: Shared, part: str, many: int, arguments: list[str], seconds: int, volumes: Sequence[_Volume]
) -> Object:
    """Pods that end with the load, and are not tried again: half a load is none. A volume is at its name."""
    name = shared.name if part == "master" else f"{shared.name}-{part}"
    mounts = [{"name": one.name, "mountPath": f"/{one.name}", "readOnly": True} for one in volumes]
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
                    "volumes": [{"name": one.name, **one.source} for one in volumes],
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
