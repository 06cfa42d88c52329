"""Kubernetes objects as data."""

from collections.abc import Iterator
from typing import Any

__all__ = ["Object", "pods"]

Object = dict[str, Any]


def pods(document: Object) -> Iterator[Object]:
    """The pod that a Deployment makes, without the account that it names: that would have to be there."""
    if document["kind"] == "Deployment":
        template, metadata = document["spec"]["template"], document["metadata"]
        spec = {name: value for name, value in template["spec"].items() if name != "serviceAccountName"}
        named = {**template["metadata"], "name": f"{metadata['name']}-0"[-63:], "namespace": metadata["namespace"]}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec}
