"""Why a field changes nothing that clusters are told; and which changes have another line as their cause, and why."""

from collections.abc import Mapping

from comb_compiler.render.manifest import Written

__all__ = ["ELSEWHERE", "REASONS", "reason"]

_PEOPLE = "For people."
_ONE = "It has one value."
_GATES = "Proven before a release is published."
_PUBLISHED = "Asked of who publishes a release."
_STORE = "What `comb platform apply-store` sets up; pods go by none of it."

REASONS: Mapping[Written, Mapping[str, str]] = {
    Written.COMB: {
        "apiVersion": _ONE,
        "kind": _ONE,
        "interface.include": "Where imports are looked for; what is found counts.",
        "models.*.description": _PEOPLE,
        "operators.*.description": _PEOPLE,
        "rollout.steps": _PUBLISHED,
        "rollout.hold": _PUBLISHED,
        "rollout.abort": _PUBLISHED,
        "sla.qps": _GATES,
        "gates": _GATES,
    },
    Written.PLATFORM: {
        "apiVersion": _ONE,
        "kind": _ONE,
        "metadata": _PEOPLE,
        "clusters.*.nodePools.*.pods": "What fits is said by the plan.",
        "clusters.*.nodePools.*.sharing.slices": "What fits is said by the plan.",
        "namespaces.*.teams": "The combs of other teams are refused.",
        "environments.*.evidence": _PUBLISHED,
        "environments.*.isolation": _PUBLISHED,
        "environments.*.floors": "Combs below them are refused.",
        "environmentRepository": "Where releases are pushed, and who may.",
        "registry.push": "Images are named by images.json; those from elsewhere are refused.",
        "registry.allowed": "Images are named by images.json; those from elsewhere are refused.",
        "registry.base": "What images are built on.",
        "sampleStore.elasticsearch.shards": _STORE,
        "sampleStore.elasticsearch.replicas": _STORE,
        "sampleStore.hbase.keep": _STORE,
        "floors": "Combs below them are refused.",
        "firstRelease": _PUBLISHED,
        "waivers": _GATES,
        "policies": "Folders of rules, by which combs are refused.",
        "patches.*.why": _PEOPLE,
    },
}
"""By the field, or what it is a part of."""

_DIVISION = "How instances are divided is told by what is divided."
_GRANT = "What is granted is told by what was asked for."
_PLACE = "Where pods may run is told by who asked for the place."
_EXISTENCE = "Objects are told by what they are for, whatever lets them be."
_LIST = "How many models are fetched is told by what has them fetched."
_PATCH = "What a patch changes is told by what it sets."

ELSEWHERE: Mapping[Written, Mapping[str, str]] = {
    Written.COMB: {
        "models.*.fetch": _EXISTENCE,
        "models.*.versions.*.sha256": _LIST,
        "metadata.description": "A dashboard is told by the Prometheus that it shows.",
        "operators.*.in.*.type": "Which operators there are is told by themselves.",
    },
    Written.PLATFORM: {
        "devices": _GRANT,
        "clusters.*.nodePools.*.nodes": _DIVISION,
        "clusters.*.nodePools.*.cpu": _DIVISION,
        "clusters.*.nodePools.*.memory": _DIVISION,
        "clusters.*.nodePools.*.devices": _DIVISION,
        "clusters.*.nodePools.*.sharing": _GRANT,
        "clusters.*.nodePools.*.device": _PLACE,
        "clusters.*.nodePools.*.labels": _PLACE,
        "clusters.*.nodePools.*.zone": _PLACE,
        "clusters.*.zones.*.nodeLabels": _PLACE,
        "clusters.*.autoscaling": _EXISTENCE,
        "environments.*.clusters": _EXISTENCE,
        "delivery": _EXISTENCE,
        "patches.*.target": _PATCH,
    },
}
"""By the field, or what it is a part of: where nothing of what it changes has it as its cause."""


def reason(table: Mapping[Written, Mapping[str, str]], written: Written, pattern: str) -> str | None:
    """What a table says of a field."""
    return next(
        (why for of, why in table[written].items() if pattern == of or pattern.startswith((f"{of}.", f"{of}["))), None
    )
