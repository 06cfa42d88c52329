"""What Flux and Kubernetes say of a comb's objects → asked, applied, healthy, or what stands in the way."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Objects", "Standing", "Trouble", "standing_of"]

_MOST_TOLD = 300
_UNHEALTHY = "HealthCheckFailed"
_EMERGENCY = "event.toolkit.fluxcd.io/emergency"
_STALLED = "ProgressDeadlineExceeded"
_NOT_BEGUN = frozenset(("ContainerCreating", "PodInitializing"))
_OBJECT = re.compile(r"\b([A-Z][A-Za-z]+)/(?:([-a-z0-9.]+)/)?([-a-z0-9.]+)")


class Objects(NamedTuple):
    """What a cluster holds of a comb, as its API server writes it; None for what is not there.

    `deployments` are those of the comb, each with its pods.
    """

    kustomization: Mapping[str, Any] | None
    source: Mapping[str, Any] | None
    deployments: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]


class Trouble(NamedTuple):
    """What stands in the way: the object at fault, where one is known, and what is said of it."""

    kind: str
    name: str
    message: str
    is_final: bool
    """Whether waiting mends nothing."""


class Standing(NamedTuple):
    """How a comb stands in a cluster. `asked` and `applied` are revisions; `since` is when Flux came to its verdict.

    `emergency` says until when and why a release was let past the gates, where that is so.
    """

    asked: str
    applied: str
    since: str
    troubles: tuple[Trouble, ...]
    emergency: str = ""

    @property
    def is_applied(self) -> bool:
        """Whether what is asked for is what was applied."""
        return bool(self.asked) and self.asked == self.applied

    @property
    def is_healthy(self) -> bool:
        """Whether it was applied and all of it is ready."""
        return self.is_applied and not self.troubles

    @property
    def has_failed(self) -> bool:
        """Whether waiting mends nothing."""
        return any(one.is_final for one in self.troubles)


def standing_of(objects: Objects, name: str) -> Standing:
    """How the comb stands whose Kustomization has this name."""
    kustomization, source = objects.kustomization, objects.source
    asked = str(_at(source, "status", "artifact", "revision") or "")
    if kustomization is None:
        missing = Trouble(
            "Kustomization", name, "Flux has not heard of it: it was not published, or not fetched", False
        )
        return Standing(asked, "", "", (*_of_source(source), missing))
    ready = _condition(kustomization, "Ready")
    # What was tried is applied unless Flux says that it could not; that it is healthy, too, comes later.
    could = ready.get("status") != "False" or ready.get("reason") == _UNHEALTHY
    applied = str(_at(kustomization, "status", f"last{'Attempted' if could else 'Applied'}Revision") or "")
    found = (
        *_of_flux(kustomization, ready, name),
        *(one for deployment, pods in objects.deployments for one in _of_deployment(deployment, pods)),
    )
    if not _at(kustomization, "spec", "suspend") and _at(kustomization, "status", "lastAttemptedRevision") != asked:
        found = tuple(one._replace(is_final=False) for one in found)  # what is asked for now may mend it
    troubles = (*_of_source(source), *found)
    emergency = str(_at(kustomization, "metadata", "annotations", _EMERGENCY) or "")
    return Standing(asked, applied, str(ready.get("lastTransitionTime", "")), tuple(troubles), _told(emergency))


def _of_source(source: Mapping[str, Any] | None) -> Iterator[Trouble]:
    if source is None:
        yield Trouble(
            "GitRepository", "flux-system", "it is not there: was Flux told of the environment repository?", True
        )
    elif _condition(source, "Ready").get("status") == "False":
        name = str(_at(source, "metadata", "name"))
        yield Trouble("GitRepository", name, _told(_condition(source, "Ready").get("message")), False)


def _of_flux(kustomization: Mapping[str, Any], ready: Mapping[str, Any], name: str) -> Iterator[Trouble]:
    """What Flux could not do. That objects are not healthy is said by the objects."""
    if _at(kustomization, "spec", "suspend"):
        yield Trouble("Kustomization", name, "it is suspended: Flux applies nothing until it is resumed", True)
    if ready.get("status") == "False" and ready.get("reason") != _UNHEALTHY:
        message = _told(ready.get("message"))
        found = _OBJECT.search(message)
        kind, of = (found.group(1), found.group(3)) if found else ("Kustomization", name)
        waits = ready.get("reason") == "DependencyNotReady"
        yield Trouble(kind, of, message, not waits)


def _of_deployment(deployment: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Iterator[Trouble]:
    status, wanted = deployment.get("status") or {}, int(_at(deployment, "spec", "replicas") or 0)
    is_seen = status.get("observedGeneration") == _at(deployment, "metadata", "generation")
    ready = min(int(status.get(key) or 0) for key in ("updatedReplicas", "availableReplicas"))
    name = str(_at(deployment, "metadata", "name"))
    if is_seen and ready >= wanted:
        return
    words = [f"{ready} of {wanted} pods are ready"]
    words += _once((_told(one.get("message")) for one in (_condition(deployment, "ReplicaFailure"),) if one), 1)
    words += _once((why for pod in pods for why in _why_not(pod)), 2)
    is_final = is_seen and _condition(deployment, "Progressing").get("reason") == _STALLED
    yield Trouble("Deployment", name, ": ".join((words[0], "; ".join(words[1:]))) if words[1:] else words[0], is_final)


def _why_not(pod: Mapping[str, Any]) -> Iterator[str]:
    """What keeps a pod from being ready, as far as it says so itself."""
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield _told(scheduled.get("message"))
    for container in _at(pod, "status", "containerStatuses") or ():
        waits = _at(container, "state", "waiting") or {}
        if waits.get("reason") and waits["reason"] not in _NOT_BEGUN:
            yield _told(": ".join(one for one in (waits["reason"], waits.get("message")) if one))


def _once(words: Iterable[str], most: int) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))[:most]


def _condition(document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A condition of an object; empty where it has none."""
    found = (one for one in _at(document, "status", "conditions") or () if one.get("type") == kind)
    return next(found, {})


def _at(document: Any, *path: str) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _told(message: Any) -> str:
    """One line of what is said, and not all of a long one."""
    line = " ".join(str(message or "").split())
    return line if len(line) <= _MOST_TOLD else f"{line[:_MOST_TOLD]}…"
