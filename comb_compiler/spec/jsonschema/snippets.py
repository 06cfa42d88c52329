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


Snippets = Mapping[tuple[str, ...], tuple[Snippet, ...]]
"""The snippets by the place in the schema where they are offered."""

_CALL = "${2:detect}(${3:frame}=\\$request.${3})"
_OPERATOR = {"run": "${2:operators.module:Name}", "out": "${3:package.v1.Message}"}

COMB_SNIPPETS: Snippets = {
    (): (
        Snippet(
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
    ),
    ("properties", "models"): (
        Snippet(
            "a model",
            "A model with one version. Quote versions: unquoted `1.10` is the number 1.1.",
            {
                "${1:model}": {
                    "format": "${2|onnx,torchscript,safetensors,tensorrt,saved-model,tflite,openvino,gguf,custom|}",
                    "versions": {'"${3:1.0.0}"': {"artifact": "${4:models/model.onnx}"}},
                }
            },
        ),
    ),
    ("definitions", "ModelSpec", "properties", "versions"): (
        Snippet(
            "a version",
            "Another artifact, or other parameters for the same one.",
            {'"${1:1.1.0}"': {"artifact": "${2:models/model.onnx}", "params": {"${3:threshold}": "${4:0.9}"}}},
        ),
    ),
    ("properties", "operators"): (
        Snippet("an operator in Python", "A class or function that Comb runs.", {"${1:operator}": _OPERATOR}),
        Snippet(
            "an operator in a container",
            "An image that speaks Comb's protocol.",
            {"${1:operator}": {"image": "${2:registry.example/image@sha256:}", "out": "${3:package.v1.Message}"}},
        ),
        Snippet(
            "an operator on a model server",
            "A model behind the Open Inference Protocol (Triton, KServe, MLServer).",
            {
                "${1:operator}": {
                    "oip": {"endpoint": "${2:grpc://server:8001}", "model": "${3:model}"},
                    "out": "${4:package.v1.Message}",
                }
            },
        ),
    ),
    ("properties", "graph"): (
        Snippet("a step", "A call of an operator: `operator(port=source)`.", {"${1:step}": _CALL}),
        Snippet(
            "an optional step under a condition",
            "Runs where the CEL condition holds; the graph goes on without it when it fails or is late.",
            {"${1:step}": {"call": _CALL, "when": "${4:request.field}", "optional": True}},
        ),
        Snippet("the answer", "The step whose answer is the comb's.", {"return": "${1:step}"}),
    ),
    ("definitions", "Experiment", "properties", "arms"): (
        Snippet(
            "an arm",
            "A variant, its share, and what differs.",
            {
                "${1:candidate}": {
                    "weight": "${2:10}",
                    "set": {"operators": {"${3:operator}": {"model": "${4:model}@${5:1.1.0}"}}},
                }
            },
        ),
    ),
    ("definitions", "ArmOverlay"): (
        Snippet(
            "another model version",
            "The operator runs with another version in this arm.",
            {"operators": {"${1:operator}": {"model": "${2:model}@${3:1.1.0}"}}},
        ),
    ),
    ("definitions", "EnvironmentOverlay"): (
        Snippet(
            "more instances",
            "How many instances of an operator run here.",
            {"operators": {"${1:operator}": {"scale": {"min": "${2:2}", "max": "${3:20}"}}}},
        ),
    ),
}

PLATFORM_SNIPPETS: Snippets = {
    (): (
        Snippet(
            "the smallest platform",
            "One cluster of CPUs, one environment. Everything else has a default.",
            {
                "apiVersion": "comb.dev/v1",
                "kind": "Platform",
                "metadata": {"name": "${1:platform}"},
                "clusters": {"${2:main}": {"nodePools": {"${3:cpu}": {"nodes": 3, "cpu": 8, "memory": "32Gi"}}}},
                "environments": {"${4:production}": {"clusters": ["${2:main}"], "namespace": "${5:algorithms}"}},
                "namespaces": {"${5:algorithms}": {"teams": ["${6:team}"]}},
                "environmentRepository": {"url": "${7:https://git.example/environments.git}"},
                "registry": {"push": "${8:registry.example/combs}"},
            },
        ),
    ),
    ("properties", "devices"): (
        Snippet("a device class", "An accelerator, by the name that combs use.", {"${1:gpu}": {"memory": "${2:24Gi}"}}),
    ),
    ("definitions", "Cluster", "properties", "nodePools"): (
        Snippet(
            "a pool of CPUs",
            "Nodes without accelerators.",
            {"${1:cpu}": {"nodes": "${2:3}", "cpu": "${3:8}", "memory": "${4:32Gi}"}},
        ),
        Snippet(
            "a pool of GPUs",
            "Nodes with accelerators, and what makes shares of them.",
            {
                "${1:gpu}": {
                    "nodes": "${2:3}",
                    "cpu": "${3:16}",
                    "memory": "${4:64Gi}",
                    "device": "${5:gpu}",
                    "devices": "${6:2}",
                    "sharing": "${7|hami,mig,volcano,gpushare,kai,koordinator,dra,exclusive|}",
                }
            },
        ),
    ),
}


def add_snippets(schema: Schema, snippets: Snippets) -> None:
    """Put `snippets` to their places in `schema`; each place must exist."""
    for path, offered in snippets.items():
        place = schema
        for step in path:
            place = place[step]
        place["defaultSnippets"] = [snippet._asdict() for snippet in offered]
