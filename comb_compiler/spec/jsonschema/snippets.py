"""Whole pieces that an editor offers, each valid when it is inserted as it is.

`${1:word}` is a field to fill in, in the editors' snippet syntax; a `$` that means itself is `\\$`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["COMB_SNIPPETS", "PLATFORM_SNIPPETS", "Snippet", "add_snippets"]

Schema = dict[str, Any]


class Snippet(NamedTuple):
    """A piece to insert."""

    label: str
    description: str
    body: Any


Snippets = Mapping[tuple[str, ...], Snippet]
"""One snippet for a place in the schema: with several, editors would not write it along with the key above it."""

COMB_SNIPPETS: Snippets = {
    (): Snippet(
        "the smallest comb",
        "One operator behind one method. Everything else has a default.",
        {
            "apiVersion": "comb.dev/v1",
            "kind": "Comb",
            "metadata": {"name": "${1:my-comb}"},
            "interface": {"proto": "${2:protos/my.proto}", "method": "${3:my.v1.Service/Method}"},
            "operators": {
                "${4:detect}": {
                    "run": "${5:operators.module:Name}",
                    "in": {"${6:frame}": "${7:my.v1.Frame}"},
                    "out": "${8:my.v1.Answer}",
                }
            },
            "graph": {"${9:answer}": "${4:detect}(${6:frame}=\\$request.${6:frame})", "return": "${9:answer}"},
        },
    ),
    ("properties", "models"): Snippet(
        "a model",
        "A model with one version. Quote versions: unquoted `1.10` is the number 1.1.",
        {
            "${1:model}": {
                "format": "${2|onnx,torchscript,safetensors,tensorrt,saved-model,tflite,openvino,gguf,custom|}",
                "versions": {'"${3:1.0.0}"': {"artifact": "${4:models/model.onnx}"}},
            }
        },
    ),
    ("definitions", "ModelSpec", "properties", "versions"): Snippet(
        "a version",
        "Another artifact, or other parameters for the same one.",
        {'"${1:1.1.0}"': {"artifact": "${2:models/model.onnx}", "params": {"${3:threshold}": "${4:0.9}"}}},
    ),
    ("properties", "operators"): Snippet(
        "an operator",
        "A Python class or function with its inputs and its output; `image` and `oip` are other ways to run.",
        {
            "${1:operator}": {
                "run": "${2:operators.module:Name}",
                "in": {"${3:frame}": "${4:package.v1.Frame}"},
                "out": "${5:package.v1.Answer}",
            }
        },
    ),
    ("properties", "graph"): Snippet(
        "a step",
        "A call of an operator: each port is given a step, or a field of the request.",
        {"${1:step}": "${2:operator}(${3:frame}=\\$request.${4:frame})"},
    ),
    ("definitions", "Experiment", "properties", "arms"): Snippet(
        "an arm",
        "A variant, its share, and what differs.",
        {
            "${1:candidate}": {
                "weight": "${2:10}",
                "set": {"operators": {"${3:operator}": {"model": "${4:model}@${5:1.1.0}"}}},
            }
        },
    ),
    ("definitions", "ArmOverlay"): Snippet(
        "another model version",
        "The operator runs with another version in this arm.",
        {"operators": {"${1:operator}": {"model": "${2:model}@${3:1.1.0}"}}},
    ),
    ("properties", "environments"): Snippet(
        "an environment",
        "What differs there; `{}` where nothing does.",
        {"${1:production}": {"operators": {"${2:operator}": {"scale": {"min": "${3:2}"}}}}},
    ),
    ("definitions", "EnvironmentOverlay"): Snippet(
        "more instances",
        "How many instances of an operator run here.",
        {"operators": {"${1:operator}": {"scale": {"min": "${2:2}", "max": "${3:20}"}}}},
    ),
}

_POOL = {"nodes": "${3:3}", "cpu": "${4:8}", "memory": "${5:32Gi}"}

PLATFORM_SNIPPETS: Snippets = {
    (): Snippet(
        "the smallest platform",
        "One cluster of CPUs, one environment. Everything else has a default.",
        {
            "apiVersion": "comb.dev/v1",
            "kind": "Platform",
            "metadata": {"name": "${6:platform}"},
            "clusters": {"${1:main}": {"nodePools": {"${2:cpu}": _POOL}}},
            "namespaces": {"${7:algorithms}": {"teams": ["${8:my-team}"]}},
            "environments": {"${9:production}": {"clusters": ["${1:main}"], "namespace": "${7:algorithms}"}},
            "environmentRepository": {"url": "${10:https://git.example/environments.git}"},
            "registry": {"push": "${11:registry.example/combs}"},
        },
    ),
    ("properties", "clusters"): Snippet(
        "a cluster", "Its nodes, by pool.", {"${1:main}": {"nodePools": {"${2:cpu}": _POOL}}}
    ),
    ("definitions", "Cluster", "properties", "nodePools"): Snippet(
        "a pool",
        "Nodes that are alike; `device`, `devices` and `sharing` say what GPUs they have.",
        {"${2:cpu}": _POOL},
    ),
    ("properties", "devices"): Snippet(
        "a device class", "An accelerator, by the name that combs use.", {"${1:gpu}": {"memory": "${2:24Gi}"}}
    ),
    ("properties", "environments"): Snippet(
        "an environment",
        "Where releases go: its clusters, and the namespace in each.",
        {"${1:production}": {"clusters": ["${2:main}"], "namespace": "${3:algorithms}"}},
    ),
}


def add_snippets(schema: Schema, snippets: Snippets) -> None:
    """Put `snippets` to their places in `schema`; each place must exist."""
    for path, snippet in snippets.items():
        place = schema
        for step in path:
            place = place[step]
        place["defaultSnippets"] = [snippet._asdict()]
