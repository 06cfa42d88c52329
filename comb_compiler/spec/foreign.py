"""Words of Kubernetes and of other tools → what they are called here, or why there is no such thing."""

from collections.abc import Mapping

__all__ = ["in_our_words", "nests_steps", "our_field"]

_BATCH = "write `batch: {max: 8, wait: 4ms}`"
_SCALE = "write `scale: {min: 2, max: 8, targets: {cpu: 70%}}`"
_MODEL_OF = "an operator names a version of `models`, `model: name@version`; where its bytes are is said there"

_OPERATOR: dict[str, str] = {
    "name": "an operator's name is the key that it stands below",
    "replicas": "write `scale: {min: 3, max: 3}` for three instances",
    **dict.fromkeys(
        (
            "minReplicas",
            "maxReplicas",
            "min_replicas",
            "max_replicas",
            "autoscaling",
            "autoscaling_config",
            "hpa",
            "num_replicas",
            "replicaCount",
            "target_ongoing_requests",
            "scaleTarget",
            "scaleMetric",
            "workers",
        ),
        _SCALE,
    ),
    **dict.fromkeys(
        ("instance_group", "instances"), "instances are processes: `scale: {min: 2}`; where they run is `devices`"
    ),
    **dict.fromkeys(
        ("ray_actor_options", "num_gpus", "num_cpus"),
        "write `resources: {cpu: 1, memory: 1Gi, gpu: {memory: 4Gi, compute: 20%}}`",
    ),
    **dict.fromkeys(
        (
            "max_ongoing_requests",
            "max_concurrent_queries",
            "max_queued_requests",
            "containerConcurrency",
            "concurrency",
        ),
        "write `workers: 4` for four calls at once in an instance; a bounded queue stands before each operator",
    ),
    **dict.fromkeys(
        ("timeoutSeconds", "timeout_s", "timeoutMs", "timeout_ms"), "write `timeout` with a unit: `80ms`, `1s`"
    ),
    **dict.fromkeys(("retryPolicy", "retry", "maxRetries", "max_retries"), "write `retries: 2`, the number of them"),
    **dict.fromkeys(
        ("env", "envFrom", "environment"),
        "an operator is set by the `params` of its model's version, which the gates prove with it",
    ),
    **dict.fromkeys(("params", "parameters", "config"), "parameters belong to a model's version: `params` there"),
    **dict.fromkeys(
        ("command", "args", "entrypoint", "cmd"), "`run` names a Python class or function; an `image` starts as it does"
    ),
    **dict.fromkeys(("class", "handler", "module", "function"), "write `run: package.module:Name`"),
    "ports": "the network is Comb's to see to; what an operator takes is `in: {port: package.Message}`",
    **dict.fromkeys(
        ("storageUri", "storage_uri", "modelUri", "model_uri", "modelFormat", "model_name", "modelName", "artifact"),
        _MODEL_OF,
    ),
    **dict.fromkeys(("limits", "requests"), "write `resources`, which are both"),
    **dict.fromkeys(
        ("nodeSelector", "tolerations", "nodeAffinity"),
        "write the `devices` that it may run on, or `affinity`: the platform knows their nodes",
    ),
    **dict.fromkeys(("volumes", "volumeMounts"), "write `storage: {workspace: {size: …}}` at the top of the file"),
    **dict.fromkeys(
        (
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "securityContext",
            "serviceAccountName",
            "strategy",
            "terminationGracePeriodSeconds",
            "graceful_shutdown_timeout_s",
            "health_check_period_s",
            "restartPolicy",
            "imagePullPolicy",
            "imagePullSecrets",
            "podDisruptionBudget",
            "protocolVersion",
            "runtime",
        ),
        "leave it out: Comb sees to it for every operator",
    ),
    **dict.fromkeys(
        (
            "maxBatchSize",
            "max_batch_size",
            "batchSize",
            "batch_size",
            "batch_wait_timeout_s",
            "dynamic_batching",
            "dynamicBatching",
            "batching",
            "batcher",
            "maxLatency",
            "preferred_batch_size",
            "max_queue_delay_microseconds",
        ),
        _BATCH,
    ),
    **dict.fromkeys(("dependsOn", "depends_on", "needs", "after"), "who waits for whom is what `graph` says"),
    **dict.fromkeys(("version", "tag"), "the version of a model is named with it: `model: name@version`"),
}
_RESOURCES: dict[str, str] = {
    **dict.fromkeys(
        ("limits", "requests"), "write `cpu`, `memory` and `gpu` here: what is asked for is the limit, too"
    ),
    **dict.fromkeys(("nvidia.com/gpu", "amd.com/gpu", "gpus", "gpuCount"), "write `gpu: {count: 1}`"),
    "num_gpus": "write `gpu: {count: 1}`, or of a part of one how much: `gpu: {memory: 4Gi, compute: 20%}`",
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
_ANCHOR = "put an anchor where its value is used first: `resources: &small {cpu: 1}`, then `resources: *small`"
_COMB: dict[str, str] = {
    "spec": "there is no `spec`: its fields stand at the top of the file",
    "status": "leave it out: a comb.yaml says what is to be, not what is",
    **dict.fromkeys(("steps", "nodes", "pipeline", "dag", "workflow", "edges"), "the steps stand below `graph`"),
    **dict.fromkeys(("arms", "variants", "abtest", "ab"), "write `experiment: {key: …, arms: …}`"),
    **dict.fromkeys(
        ("canary", "strategy", "canaryTrafficPercent", "traffic", "trafficSplit"),
        "write `rollout: {steps: [1%, 10%, 50%], hold: 10m}`",
    ),
    **dict.fromkeys(
        ("applications", "deployments", "predictor", "transformer", "components", "containers"),
        "write each as an operator: `operators: {name: {run: package.module:Name, …}}`, and who calls whom in `graph`",
    ),
    **dict.fromkeys(("autoscaling", "scaling", "hpa", "scale"), f"it belongs to an operator: {_SCALE}"),
    **dict.fromkeys(("resources", "devices", "affinity"), "it belongs to an operator"),
    **dict.fromkeys(("proto", "service", "method"), "write `interface: {proto: …, method: package.Service/Method}`"),
    **dict.fromkeys(("name", "team", "labels"), "it belongs into `metadata`"),
    **dict.fromkeys(("namespace", "clusters", "cluster", "registry"), "platform.yaml says so, for all combs"),
    **dict.fromkeys(("qps", "deadline", "p50", "p99"), "it belongs into `sla`"),
    **dict.fromkeys(("replicas", "minReplicas", "maxReplicas"), "write it for an operator: `scale: {min: 3, max: 3}`"),
    "return": "it belongs into `graph`: indent it as the steps are",
    "env": _OPERATOR["env"],
    **dict.fromkeys(("defaults", "anchors", "templates", "definitions", "common"), _ANCHOR),
}
_NESTING = ("root", "routerType", "serviceName", "steps", "nodes")
"""What stands in graphs of other tools, whose steps are not right below `graph`."""
_STEP: dict[str, str] = {
    **dict.fromkeys(("if", "condition", "cond"), "write `when`"),
    **dict.fromkeys(("op", "run", "function", "uses"), "write `call: operator(port=source)`, or `operator` and `in`"),
    **dict.fromkeys(("inputs", "input", "with", "args"), "write `in: {port: source}` beside `operator`"),
    **dict.fromkeys(
        ("dependsOn", "depends_on", "needs", "after"), "a step waits for the steps that it takes as sources"
    ),
    "fallback": "a `fallback` belongs to the operator, wherever it is called",
    "out": "what a step gives is what its operator's `out` says",
    **dict.fromkeys(
        _NESTING,
        "each step stands right below `graph`, by its name: `text: read(frame=$request.frame)`",
    ),
}
_MODEL: dict[str, str] = dict.fromkeys(
    ("artifact", "sha256", "params", "path", "uri", "url", "file"),
    'it belongs to a version: `versions: {"1.0.0": {artifact: …}}`',
)
_POOL: dict[str, str] = {
    **dict.fromkeys(("gpus", "gpu"), "write `device` for its class, and `devices` for how many a node has"),
    "nodeSelector": "write `labels`, by which pods find the nodes",
}
_ARM: dict[str, str] = {
    **dict.fromkeys(("model", "models", "version"), "write `set: {operators: {name: {model: name@version}}}`"),
    **dict.fromkeys(("overlay", "override", "overrides", "patch"), "write `set`"),
}
_SCALING: dict[str, str] = {
    **dict.fromkeys(("minReplicas", "min_replicas"), "write `min`"),
    **dict.fromkeys(("maxReplicas", "max_replicas"), "write `max`"),
    **dict.fromkeys(
        ("target", "metrics", "metric", "targetCPUUtilizationPercentage", "targetUtilization", "averageUtilization"),
        "write `targets: {cpu: 70%}`; there are `gpuUtilization`, `gpuMemory`, `queue` and `queries`, too",
    ),
    **dict.fromkeys(("replicas", "count"), "write `min: 3` and `max: 3` for three instances"),
    **dict.fromkeys(("behavior", "cooldown", "stabilizationWindowSeconds"), "write `pace`: how eagerly to follow"),
}
_AFFINITY: dict[str, str] = {
    "podAntiAffinity": "write `apart: [operator]`: it runs on no node that has one of those",
    "podAffinity": "write `with: [operator]`: it runs on the node of those",
    **dict.fromkeys(
        ("nodeAffinity", "nodeSelector", "zone", "zones"),
        "write `require` or `prefer`, as in `prefer: [{zone: nas-a}]`",
    ),
}
_SLA: dict[str, str] = {
    **dict.fromkeys(("latency", "percentiles"), "its percentiles stand right here: `p50`, `p90`, `p95` and `p99`"),
    **dict.fromkeys(("availability", "uptime"), "write `errorRate`, the share of requests that may fail"),
}
_STORAGE: dict[str, str] = dict.fromkeys(
    ("persistentVolumeClaim", "pvc", "volumes", "volumeClaimTemplates", "nas", "nfs", "size", "storageClassName"),
    "write `workspace: {size: 50Gi, shared: zone}`; which storage that is, the platform says",
)
_SAME: Mapping[str, Mapping[str, str]] = {
    "Arm": dict.fromkeys(("traffic", "percent", "percentage", "share", "split", "canaryTrafficPercent"), "weight"),
    "LoadGate": {
        **dict.fromkeys(("qps", "rps", "rate", "rates", "targets"), "steps"),
        **dict.fromkeys(("duration", "time", "each"), "hold"),
    },
    "Operator": {
        **dict.fromkeys(("import_path", "entry_point"), "run"),
        **dict.fromkeys(("inputs", "input"), "in"),
        **dict.fromkeys(("outputs", "output", "returns"), "out"),
        "priorityClassName": "priority",
    },
    "NodePool": dict.fromkeys(("replicas", "count", "size", "nodeCount"), "nodes"),
    "Resources": dict.fromkeys(("num_cpus", "cpus", "cores"), "cpu"),
    "ScaleTargets": {**dict.fromkeys(("cpuUtilization", "CPU"), "cpu"), "gpu": "gpuUtilization"},
    "Rollout": dict.fromkeys(("pause", "duration", "interval"), "hold"),
    "Sla": dict.fromkeys(("timeout", "maxLatency"), "deadline"),
}
"""Words for which there is a field that takes the same."""
_WORDS: Mapping[str, Mapping[str, str]] = {
    "Affinity": _AFFINITY,
    "Arm": _ARM,
    "Comb": _COMB,
    "Metadata": _METADATA,
    "ModelSpec": _MODEL,
    "Node": _STEP,
    "NodePool": _POOL,
    "Operator": _OPERATOR,
    "Resources": _RESOURCES,
    "Scale": _SCALING,
    "Sla": _SLA,
    "Storage": _STORAGE,
}


def in_our_words(owner: str, word: str) -> str:
    """What to write for `word` in a mapping that is the model named `owner`; empty where that is not known."""
    if owner == "Comb" and word.startswith("x-"):
        return _ANCHOR
    return _WORDS.get(owner, {}).get(word, "")


def nests_steps(word: str) -> bool:
    """Whether a step that has `word` is no step, but holds the steps of another tool's graph, its answer with them."""
    return word in _NESTING


def our_field(owner: str, word: str) -> str | None:
    """The field of the model named `owner` that `word` is another name of; None where there is none."""
    return _SAME.get(owner, {}).get(word)
