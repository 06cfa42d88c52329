"""Another valid value for each field of the example."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_origin

from comb_compiler.render.manifest import Written
from comb_compiler.source import Path
from tests.spec.fields import Field, Kind

__all__ = ["TOGETHER", "WHERE", "Changes", "is_leaf", "other_values", "pattern"]

_AMOUNT = re.compile(r"([0-9.]+)(ms|s|m|h|d|%|Mi|Gi|Ti)")

_RATHER: dict[str, Any] = {
    "metadata.team": "audio",
    "interface.method": "moderation.v1.Moderation/Uncheck",
    "interface.proto": "other.proto",
    "interface.types[]": "other_internal.proto",
    "interface.include[]": "elsewhere",
    "models.*.versions.*.artifact": "models/other.onnx",
    "models.*.versions.*.sha256": "4" * 64,
    "operators.*.affinity.apart[]": "claims",
    "operators.*.affinity.prefer[].weight": 90,
    "operators.*.affinity.prefer[].zone": "nas-b",
    "operators.*.affinity.require[].labels.*": "spare",
    "operators.*.affinity.require[].zone": "nas-b",
    "operators.*.affinity.with[]": "decide",
    "operators.*.devices[]": "nvidia-l4",
    "operators.*.fallback.value.*": ["other"],
    "operators.*.image": "registry.acme.example/combs/recognise@sha256:" + "4" * 64,
    "operators.*.in.*.type": "moderation.v1.Frame",
    "operators.*.model": "text-angle@1.5.0",
    "operators.*.oip.endpoint": "grpc://triton.other:8002",
    "operators.*.oip.tensors.in.*.field": "frame.user_id",
    "operators.*.oip.tensors.in.*.shape[]": -1,
    "operators.*.oip.tensors.in.*.type": "UINT8",
    "operators.*.oip.tensors.out.*": "certainty",
    "operators.*.out": "moderation.v1.Lines",
    "operators.*.priority": "usual",
    "operators.*.run": "operators.other:Other",
    "graph.*.call": "slices(frame=$request.frame)",
    "graph.*.in.*": "sliced",
    "graph.*.operator": "slices",
    "graph.*.when": "!request.check_nudity",
    "storage.workspace.shared": "pod",
    "recording.always[]": "slow",
    "recording.redact[]": "request.frame.image",
    "recording.patterns[]": "phone",
    "recording.files[]": "request.frame.still",
    "recording.marks.*.when": "!request.check_nudity",
    "experiment.arms.*.set.operators.*.model": "text-angle@1.4.0",
    "experiment.key": "header/x-session",
    "rollout.steps[]": "5%",
    "sla.errorRate": "0.4%",
    "sla.timeoutRate": "0.4%",
    "gates.load.steps[]": 60,
    "gates.replay.regular.same": "99.6%",
    "devices.*.memory": "48Gi",
    "devices.*.mig.*.memory": "4Gi",
    "devices.*.mig.*.compute": "9%",
    "clusters.*.nodePools.*.cpu": 3,
    "clusters.*.nodePools.*.device": "nvidia-l4",
    "clusters.*.nodePools.*.memory": "4Gi",
    "clusters.*.nodePools.*.sharing.replicas": 1,
    "clusters.*.nodePools.*.zone": "nas-b",
    "clusters.*.prometheus.url": "http://prometheus.metrics:9091",
    "clusters.*.traces": "http://collector.spans.svc:4318",
    "environments.*.clusters[]": "east",
    "environments.*.namespace": "vision-spare",
    "notifications.*.environments[]": "staging",
    "patches.*.merge.*": {"minReadySeconds": 8},
    "patches.*.target.cluster": "west",
    "patches.*.target.environment": "staging",
    "patches.*.target.kind": "Service",
    "patches.*.target.name": "moderation--claims",
    "environmentRepository.url": "https://git.acme.example/other.git",
    "environmentRepository.publishers.*.key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk ci@acme",
    "sampleStore.elasticsearch.urls[]": "https://elastic.search.svc:9201",
    "sampleStore.hbase.host": "hbase.records.svc",
    "gateway.hostname": "graphs.acme.example",
    "gateway.httpHostname": "web.acme.example",
    "waivers.*.until": "2027-01-31",
}
"""By the field: where a value must be of a certain kind, or refers to something."""

Changes = tuple[tuple[Written, Path, Any], ...]
_POD: Changes = ((Written.COMB, ("storage", "workspace", "shared"), "pod"),)
WHERE: Mapping[str, Changes] = {
    "operators.*.affinity.require[].zone": (
        *_POD,
        (Written.PLATFORM, ("environments", "production", "clusters"), ["east"]),
    ),
    "clusters.*.nodePools.*.zone": _POD,
    "clusters.*.prometheus.serviceMonitors": ((Written.PLATFORM, ("clusters", "east", "autoscaling"), "keda"),),
    "sampleStore.hbase.port": ((Written.PLATFORM, ("sampleStore", "hbase", "host"), "hbase.acme.example"),),
}
"""What else is said, where a field would mean nothing in the example as it is."""
TOGETHER: Mapping[str, Changes] = {
    "operators.*.out": ((Written.COMB, ("operators", "decide", "in", "sliced"), "moderation.v1.Lines"),),
    "operators.*.in.*.type": ((Written.COMB, ("graph", "straight", "in", "boxes"), "$request.frame"),),
    "graph.*.operator": ((Written.COMB, ("graph", "straight", "in"), {"frame": "$request.frame"}),),
}
"""What must change with a field, since it has to agree with it."""


def pattern(field_path: Path, kinds: dict[Path, Kind]) -> str:
    """A path as people write it for all entries: `operators.*.devices[]`."""
    told = ""
    for length, step in enumerate(field_path):
        above = kinds[field_path[:length]]
        if above is Kind.LIST:
            told += "[]"
        elif above in (Kind.MAPPING, Kind.ANYTHING) and not (field_path[0] == "graph" and step == "return"):
            told += ".*"
        else:
            told += f".{step}"
    return told.removeprefix(".")


def is_leaf(field: Field, value: Any) -> bool:
    """Whether the field has a value of its own; short forms have none, since the long one is another field."""
    if field.kind is Kind.MODEL:
        return False
    return field.kind is Kind.ANYTHING or not isinstance(value, dict | list)


def other_values(field: Field, written: str, value: Any) -> Iterator[Any]:
    """Values to try, one after the other, until one is valid."""
    if written in _RATHER:
        yield _RATHER[written]
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        yield value - 1
    elif get_origin(field.type) is Literal:
        return
    elif isinstance(field.type, type) and issubclass(field.type, Enum):
        yield from (one.value for one in field.type if one.value != value)
    elif isinstance(value, str):
        yield from _texts(value)


def _texts(value: str) -> Iterator[str]:
    found = _AMOUNT.fullmatch(value)
    if found:
        number = float(found[1])
        yield f"{number + 1:g}{found[2]}"
        yield f"{number - 1:g}{found[2]}"
    else:
        yield f"{value}x"
        yield f"{value}-x"
