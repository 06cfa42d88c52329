"""The platform's own changes to rendered objects: the escape hatch for a field that Comb lacks."""

from typing import Any

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Name, Text

__all__ = ["Patch", "PatchTarget"]


class PatchTarget(Model):
    """Which objects to change. All that is given must match."""

    kind: Text = Field(description="The object's kind.", examples=["Deployment"])
    name: Name | None = Field(default=None, description="Its name.")
    comb: Name | None = Field(default=None, description="The comb that it belongs to.")
    environment: Name | None = Field(default=None, description="The environment.")
    cluster: Name | None = Field(default=None, description="The cluster.")


class Patch(Model):
    """A change that is applied last, checked like everything else, and named as its own origin."""

    why: Text = Field(description="The reason, for who meets it later.")
    target: PatchTarget = Field(description="Which objects to change.")
    merge: dict[str, Any] = Field(
        min_length=1,
        description="Fields to set, merged by key as by `kubectl patch --type merge`; null removes.",
        examples=[{"spec": {"minReadySeconds": 10}}],
    )
