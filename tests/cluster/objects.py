"""Kubernetes objects as data."""

from collections.abc import Iterator
from typing import Any

__all__ = ["Object", "pods"]

Object = dict[str, Any]


def pods(document: Object) -> Iterator[Object]:
    """The pod that a Deployment makes."""
    if document["kind"] == "Deployment":
        template, metadata = document["spec"]["template"], document["metadata"]
        named = {**template["metadata"], "name": f"{metadata['name']}-0"[-63:], "namespace": metadata["namespace"]}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": template["spec"]}
