"""A cluster's objects through Kubernetes' own client, which takes a second to import."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

from comb_compiler.cluster.standing import Objects
from comb_compiler.cluster.unreachable import Unreachable

__all__ = ["ClusterReader"]

_FLUX = "flux-system"
_SECONDS = (5, 30)
_OK = 200
_NOT_FOUND = 404


class ClusterReader:
    """One cluster, as a context of a kubeconfig file says it. It only reads."""

    def __init__(self, context: str | None, kubeconfig: Path | None = None) -> None:
        """Raises `Unreachable` where there is no such context; nothing is asked yet."""
        settings: Any = client.Configuration()
        load: Any = config.load_kube_config  # it has no types
        try:
            load(config_file=kubeconfig and str(kubeconfig), context=context, client_configuration=settings)
        except (config.ConfigException, OSError) as problem:
            raise Unreachable(f"the kubeconfig has no usable context `{context}`") from problem
        settings.retries = 1
        self._context = context or "the current context"
        self._client: Any = client.ApiClient(settings)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def objects(self, namespace: str, kustomization: str) -> Objects:
        """What there is of the comb that this Kustomization applies; raises `Unreachable`."""
        flux = self._one("kustomize.toolkit.fluxcd.io", "kustomizations", kustomization)
        source = self._one("source.toolkit.fluxcd.io", "gitrepositories", _FLUX)
        if flux is None:
            return Objects(None, source, ())
        owned = f"kustomize.toolkit.fluxcd.io/name={kustomization},kustomize.toolkit.fluxcd.io/namespace={_FLUX}"
        deployments = self._list(client.AppsV1Api(self._client).list_namespaced_deployment, namespace, owned)
        pods: Callable[..., Any] = client.CoreV1Api(self._client).list_namespaced_pod
        return Objects(flux, source, [(one, self._list(pods, namespace, _selector(one))) for one in deployments])

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """All objects at a path of the API; none where the server does not know the kind. Raises `Unreachable`."""
        answer = self._asked(
            lambda: self._client.call_api(
                *self._client.param_serialize("GET", path, auth_settings=["BearerToken"]), _request_timeout=_SECONDS
            )
        )
        content = answer.read()
        if answer.status == _NOT_FOUND:
            return []
        if answer.status != _OK:
            raise Unreachable(f"the API server of `{self._context}` refuses to be asked: {answer.status} for {path}")
        found: list[Mapping[str, Any]] = json.loads(content)["items"]
        return found

    def _one(self, group: str, plural: str, name: str) -> Mapping[str, Any] | None:
        ask: Any = client.CustomObjectsApi(self._client).get_namespaced_custom_object
        try:
            found: Mapping[str, Any] = self._asked(
                lambda: ask(group, "v1", _FLUX, plural, name, _request_timeout=_SECONDS)
            )
        except client.ApiException as refused:
            if refused.status == _NOT_FOUND:
                return None
            raise self._refusal(refused) from None
        return found

    def _list(self, ask: Any, namespace: str, labels: str) -> list[Mapping[str, Any]]:
        try:
            answer = self._asked(
                lambda: ask(namespace, label_selector=labels, _preload_content=False, _request_timeout=_SECONDS)
            )
        except client.ApiException as refused:
            raise self._refusal(refused) from None
        found: list[Mapping[str, Any]] = json.loads(answer.data)["items"]
        return found

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise Unreachable(f"the API server of `{self._context}` does not answer") from problem

    def _refusal(self, refused: client.ApiException) -> Unreachable:
        return Unreachable(
            f"the API server of `{self._context}` refuses to be asked: {refused.status} {refused.reason}"
        )


def _selector(deployment: Mapping[str, Any]) -> str:
    labels: Mapping[str, str] = deployment["spec"]["selector"]["matchLabels"]
    return ",".join(f"{key}={value}" for key, value in labels.items())
