"""The ServiceAccount that a comb's pods run as: it may do nothing."""

from collections.abc import Iterator

from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["service_accounts"]


def service_accounts(rendering: Rendering) -> Iterator[Manifest]:
    """One, without a token."""
    yield manifest(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": rendering.metadata(rendering.name),
            "automountServiceAccountToken": False,
        },
        Cause.comb("metadata", "name"),
    )
