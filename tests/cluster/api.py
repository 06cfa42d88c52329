"""An API server as the tests ask it, through Kubernetes' own client."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.discovery import EagerDiscoverer
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError, ResourceNotFoundError

from tests.cluster.objects import Object

__all__ = ["Api", "Refused", "until"]

_MANAGER = "comb-tests"


class Refused(Exception):
    """The API server does not take an object; the message is what it says."""


class Api:
    """Objects of one API server."""

    def __init__(self, kubeconfig: Path) -> None:
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
        settings.proxy = None
        self._client = client.ApiClient(settings)
        self._kubeconfig = kubeconfig
        self.learn()

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def learn(self) -> None:
        """Ask which kinds there are: again after definitions were installed."""
        cache = self._kubeconfig.with_name("kinds.json")
        cache.unlink(missing_ok=True)
        dynamic: Any = DynamicClient  # it has no types
        self._dynamic = dynamic(self._client, cache_file=str(cache), discoverer=EagerDiscoverer)

    def apply(self, document: Object, *, dry: bool = False, manager: str = _MANAGER) -> Object:
        """Apply one object on the server, fields strictly checked; `dry` goes all the way but keeps nothing.

        The object as it then is. What the same manager applied before and no longer does is gone from it.
        """
        query = [("fieldValidation", "Strict"), ("fieldManager", manager), ("force", "true")]
        query += [("dryRun", "All")] if dry else []
        metadata = document["metadata"]
        try:
            kind = self._kind(document["apiVersion"], document["kind"])
            namespace = metadata.get("namespace") if kind.namespaced else None
            applied = self._dynamic.server_side_apply(
                kind, body=document, name=metadata["name"], namespace=namespace, query_params=query
            )
            return dict(applied.to_dict())
        except ResourceNotFoundError as unknown:
            raise Refused(str(unknown)) from None
        except DynamicApiError as refused:
            raise Refused(json.loads(refused.body or "{}")["message"]) from None

    def warnings(self, document: Object) -> "list[str]":
        """What the server warns of where it would take a new object, which is not kept; else it raises Refused."""
        kind = self._kind(document["apiVersion"], document["kind"])
        path = kind.path("", document["metadata"].get("namespace")).rstrip("/")
        query = [("dryRun", "All"), ("fieldValidation", "Strict")]
        types = {"Content-Type": "application/json", "Accept": "application/json"}
        asked = self._client.param_serialize(
            "POST", path, query_params=query, header_params=types, body=document, auth_settings=["BearerToken"]
        )
        answer: Any = self._client.call_api(*asked)
        content = json.loads(answer.read())
        if answer.status >= 300:
            raise Refused(content["message"])
        texts = re.findall(r'299 - "((?:[^"\\]|\\.)*)"', ", ".join(answer.response.headers.getlist("Warning")))
        return [re.sub(r"\\(.)", r"\1", text) for text in texts]

    def apply_all(self, documents: Iterable[Object]) -> None:
        """Apply several, in this order."""
        for document in documents:
            self.apply(document)

    def install(self, directory: Path) -> None:
        """Install the definitions of kinds that a directory holds, and wait until the server serves them."""
        documents = [
            yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader) for file in sorted(directory.iterdir())
        ]
        self.apply_all(documents)
        names = {document["metadata"]["name"] for document in documents}
        kind = "CustomResourceDefinition"
        until(
            lambda: names <= {_name(one) for one in self.list("apiextensions.k8s.io/v1", kind) if _is_served(one)}, 30
        )
        self.learn()

    def list(self, version: str, kind: str, namespace: str | None = None, labels: str = "") -> list[Object]:
        """The objects of a kind, in a namespace or in all."""
        found = self._kind(version, kind).get(namespace=namespace, label_selector=labels or None)
        return [dict(item) for item in found.to_dict()["items"]]

    def read(self, version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """One object; None where there is none."""
        try:
            return dict(self._kind(version, kind).get(name=name, namespace=namespace).to_dict())
        except NotFoundError:
            return None

    def patch(self, version: str, kind: str, name: str, namespace: str | None, changes: Object) -> None:
        """Change one object by hand, as `kubectl patch --type merge` does."""
        merge = "application/merge-patch+json"
        self._kind(version, kind).patch(name=name, namespace=namespace, body=changes, content_type=merge)

    def scale(self, name: str, namespace: str, replicas: int) -> None:
        """Set how many replicas a Deployment has."""
        self.patch("apps/v1", "Deployment", name, namespace, {"spec": {"replicas": replicas}})

    def delete(self, version: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete one object at once; it may be gone already."""
        try:
            self._kind(version, kind).delete(name=name, namespace=namespace, body={"gracePeriodSeconds": 0})
        except NotFoundError:
            return

    def delete_all(self, version: str, kind: str, namespace: str | None = None, labels: str = "") -> None:
        """Delete the objects of a kind at once."""
        for one in self.list(version, kind, namespace, labels):
            self.delete(version, kind, _name(one), one["metadata"].get("namespace"))

    def _kind(self, version: str, kind: str) -> Any:
        return self._dynamic.resources.get(api_version=version, kind=kind)


def _name(document: Mapping[str, Any]) -> str:
    return str(document["metadata"]["name"])


def _is_served(definition: Mapping[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def until(true: Callable[[], bool], seconds: float) -> None:
    """Wait until something is true; fails when it is not by then."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"it did not come about within {seconds:.0f} s"
        time.sleep(0.1)
