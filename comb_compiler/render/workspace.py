"""The claim on the file system of a zone, which all pods of a comb share: whoever uses it runs in that zone."""

from collections.abc import Iterator

from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.quantities import byte_quantity
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.volumes import workspace_claim

__all__ = ["workspace_claims"]


def workspace_claims(rendering: Rendering) -> Iterator[Manifest]:
    """One, where the workspace is shared in a zone. Many pods on many nodes write to it."""
    workspace, zone = rendering.comb.storage.workspace, rendering.here.zone
    if workspace is None or zone is None:
        return
    cluster = rendering.here.cluster
    yield manifest(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": rendering.metadata(workspace_claim(rendering.name, zone)),
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "storageClassName": caused(
                    rendering.cluster.zones[zone].storage_class,
                    Cause.platform("clusters", cluster, "zones", zone, "storageClass"),
                ),
                "resources": {
                    "requests": {
                        "storage": caused(byte_quantity(workspace.size), Cause.comb("storage", "workspace", "size"))
                    }
                },
            },
        },
        Cause.comb("storage", "workspace", "shared"),
    )
