"""Words of Kubernetes and of other tools → what they are called here, or why there is no such thing."""

from collections.abc import Mapping

__all__ = ["in_our_words"]

_OPERATOR: dict[str, str] = {
    "name": "an operator's name is the key that it stands below",
    "replicas": "write `scale: {min: 3, max: 3}` for three instances",
    **dict.fromkeys(("minReplicas", "maxReplicas", "autoscaling", "hpa"), "write `scale: {min: 2, max: 8}`"),
    **dict.fromkeys(
        ("env", "envFrom", "environment"),
        "an operator is set by the `params` of its model's version, which the gates prove with it",
    ),
    **dict.fromkeys(("params", "parameters", "config"), "parameters belong to a model's version: `params` there"),
    **dict.fromkeys(
        ("command", "args", "entrypoint", "cmd"), "`run` names a Python class or function; an `image` starts as it does"
    ),
    **dict.fromkeys(("class", "handler", "module", "function"), "write `run: package.module:Name`"),
    **dict.fromkeys(("inputs", "input", "ports"), "write `in: {port: package.Message}`"),
    **dict.fromkeys(("outputs", "output", "returns"), "write `out: package.Message`"),
    **dict.fromkeys(("limits", "requests"), "write `resources`, which are both"),
    **dict.fromkeys(
        ("nodeSelector", "tolerations", "nodeAffinity"),
        "write the `devices` that it may run on, or `affinity`: the platform knows their nodes",
    ),
    **dict.fromkeys(("volumes", "volumeMounts"), "write `storage: {workspace: {size: …}}` at the top of the file"),
    **dict.fromkeys(
        ("livenessProbe", "readinessProbe", "startupProbe", "securityContext", "serviceAccountName"),
        "leave it out: Comb sees to it for every operator",
    ),
    **dict.fromkeys(
        ("maxBatchSize", "max_batch_size", "batchSize", "batch_size"), "write `batch: {max: 8, wait: 4ms}`"
    ),
    **dict.fromkeys(("dependsOn", "depends_on", "needs", "after"), "who waits for whom is what `graph` says"),
    **dict.fromkeys(("version", "tag"), "the version of a model is named with it: `model: name@version`"),
}
_RESOURCES: dict[str, str] = {
    **dict.fromkeys(
        ("limits", "requests"), "write `cpu`, `memory` and `gpu` here: what is asked for is the limit, too"
    ),
    **dict.fromkeys(("nvidia.com/gpu", "amd.com/gpu", "gpus", "gpuCount"), "write `gpu: {count: 1}`"),
    **dict.fromkeys(
        ("gpuMemory", "gpu_memory", "nvidia.com/gpumem"), "write `gpu: {memory: 4Gi}`, or a share of it: `25%`"
    ),
    **dict.fromkeys(("gpuCores", "nvidia.com/gpucores"), "write `gpu: {compute: 20%}`"),
    **dict.fromkeys(("ephemeral-storage", "storage", "disk"), "write `storage: {workspace: {size: …}}` at the top"),
}
_METADATA: dict[str, str] = {
    "namespace": "the platform says which namespace the combs of an environment are in",
    "annotations": "write `labels`; annotations are the platform's",
    "version": "a comb has no version: what ships is named by its content",
    "owner": "write `team`",
}
_COMB: dict[str, str] = {
    "spec": "there is no `spec`: its fields stand at the top of the file",
    "status": "leave it out: a comb.yaml says what is to be, not what is",
    **dict.fromkeys(("steps", "nodes", "pipeline", "dag", "workflow", "edges"), "the steps stand below `graph`"),
    **dict.fromkeys(("arms", "variants", "abtest", "ab"), "write `experiment: {key: …, arms: …}`"),
    **dict.fromkeys(("canary", "strategy"), "write `rollout: {steps: [1%, 10%, 50%], hold: 10m}`"),
    **dict.fromkeys(("proto", "service", "method"), "write `interface: {proto: …, method: package.Service/Method}`"),
    **dict.fromkeys(("name", "team", "labels"), "it belongs into `metadata`"),
    **dict.fromkeys(("namespace", "clusters", "cluster", "registry"), "platform.yaml says so, for all combs"),
    **dict.fromkeys(("qps", "deadline", "p50", "p99"), "it belongs into `sla`"),
    **dict.fromkeys(("replicas", "minReplicas", "maxReplicas"), "write it for an operator: `scale: {min: 3, max: 3}`"),
    "return": "it belongs into `graph`: indent it as the steps are",
    "env": _OPERATOR["env"],
}
_STEP: dict[str, str] = {
    **dict.fromkeys(("if", "condition", "cond"), "write `when`"),
    **dict.fromkeys(("op", "run", "function", "uses"), "write `call: operator(port=source)`, or `operator` and `in`"),
    **dict.fromkeys(("inputs", "input", "with", "args"), "write `in: {port: source}` beside `operator`"),
    **dict.fromkeys(
        ("dependsOn", "depends_on", "needs", "after"), "a step waits for the steps that it takes as sources"
    ),
    "fallback": "a `fallback` belongs to the operator, wherever it is called",
    "out": "what a step gives is what its operator's `out` says",
}
_MODEL: dict[str, str] = dict.fromkeys(
    ("artifact", "sha256", "params", "path", "uri", "url", "file"),
    'it belongs to a version: `versions: {"1.0.0": {artifact: …}}`',
)
_POOL: dict[str, str] = {
    **dict.fromkeys(("replicas", "count", "size"), "write `nodes`"),
    **dict.fromkeys(("gpus", "gpu"), "write `device` for its class, and `devices` for how many a node has"),
    "nodeSelector": "write `labels`, by which pods find the nodes",
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "Comb": _COMB,
    "Metadata": _METADATA,
    "ModelSpec": _MODEL,
    "Node": _STEP,
    "NodePool": _POOL,
    "Operator": _OPERATOR,
    "Resources": _RESOURCES,
}


def in_our_words(owner: str, word: str) -> str:
    """What to write for `word` in a mapping that is the model named `owner`; empty where that is not known."""
    return _WORDS.get(owner, {}).get(word, "")
