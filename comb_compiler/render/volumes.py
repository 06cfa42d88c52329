"""What a pod mounts: its plan, weights that change while it runs, scratch space, and the workspace.

What is in memory counts against the container's limit of memory, as far as it is used. What is on the node's disk
counts against nothing that is asked for: the plan knows no disks, and a request that it had not placed would keep pods
waiting on nodes that it found room on. A pod that goes beyond a `sizeLimit` is evicted, alone, before it fills the
disk of its neighbours.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from comb_compiler.plan import Group, object_name
from comb_compiler.render import layout
from comb_compiler.render.config import cause_of_weights, plan_name, weights_name
from comb_compiler.render.fetching import cause_of_fetching
from comb_compiler.render.manifest import Cause, caused
from comb_compiler.render.quantities import byte_quantity
from comb_compiler.render.recording import SPOOL, credentials_source, is_recorded, store_name
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.comb.serving import Workspace

__all__ = ["Volume", "mounts", "volumes", "volumes_of", "workspace_claim"]

_SHARED_MEMORY = 2**30
"""For messages between processes of one pod."""
_SCRATCH = 2**30
"""For what libraries leave in their home; large files belong into the workspace."""


class Volume(NamedTuple):
    """What a pod and its container have under one name: from where it is, where it is seen, and what caused it."""

    name: str
    path: str
    source: dict[str, Any]
    cause: Cause | None = None
    read_only: bool = False


def workspace_claim(comb: str, zone: str) -> str:
    """The name of the claim on a zone's file system."""
    return object_name(comb, "workspace", zone)


def volumes(several: Iterable[Volume]) -> list[Any]:
    """The volumes of a pod."""
    return [_marked({"name": one.name, **one.source}, one) for one in several]


def mounts(several: Iterable[Volume]) -> list[Any]:
    """Where the container sees them."""
    return [
        _marked({"name": one.name, "mountPath": one.path, "readOnly": True if one.read_only else None}, one)
        for one in several
    ]


def _marked(made: dict[str, Any], volume: Volume) -> Any:
    return caused(made, volume.cause) if volume.cause is not None else made


def volumes_of(rendering: Rendering, group: Group) -> Iterator[Volume]:
    """What a group's pods mount."""
    plan = {"configMap": {"name": plan_name(rendering)}}
    yield Volume("plan", layout.PLAN_DIRECTORY, plan, Cause.comb("graph"), read_only=True)
    weights = weights_name(rendering)
    if weights is not None:
        source = {"configMap": {"name": weights}}
        yield Volume("weights", layout.WEIGHTS_DIRECTORY, source, cause_of_weights(rendering), read_only=True)
    yield Volume("tmp", "/tmp", {"emptyDir": {"sizeLimit": byte_quantity(_SCRATCH)}})  # noqa: S108
    memory = {"emptyDir": {"medium": "Memory", "sizeLimit": byte_quantity(_SHARED_MEMORY)}}
    yield Volume("shared-memory", "/dev/shm", memory)  # noqa: S108
    cause_of_models = cause_of_fetching(rendering, group)
    if cause_of_models is not None:
        # Without a limit: what is fetched is pinned, and that is all that is ever there.
        yield Volume("models", layout.FETCHED, {"emptyDir": {}}, cause_of_models, read_only=True)
    if is_recorded(rendering, group):
        yield from _of_records(rendering)
    if rendering.comb.storage.workspace is not None:
        cause = Cause.comb("storage", "workspace")
        yield Volume("workspace", layout.WORKSPACE, _workspace(rendering, rendering.comb.storage.workspace), cause)


def _of_records(rendering: Rendering) -> Iterator[Volume]:
    """Where the store is, who asks, and where records wait: a container that starts anew in its pod finds them."""
    cause = Cause.platform("sampleStore")
    source = {"configMap": {"name": store_name(rendering)}}
    yield Volume("store", layout.STORE_DIRECTORY, source, cause, read_only=True)
    credentials = credentials_source(rendering)
    if credentials is not None:
        named = cause.below("elasticsearch", "credentials")
        yield Volume("store-credentials", layout.CREDENTIALS_DIRECTORY, credentials, named, read_only=True)
    yield Volume("spool", layout.SPOOL, {"emptyDir": {"sizeLimit": byte_quantity(SPOOL)}}, cause)


def _workspace(rendering: Rendering, workspace: Workspace) -> dict[str, Any]:
    """The pod's own, or the zone's that it runs in."""
    zone = rendering.here.zone
    if zone is None:
        return {"emptyDir": {"sizeLimit": byte_quantity(workspace.size)}}
    return {"persistentVolumeClaim": {"claimName": workspace_claim(rendering.name, zone)}}
