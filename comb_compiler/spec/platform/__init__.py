"""`platform.yaml`: what there is to run combs on, as the platform's engineers declare it."""

from typing import Annotated, Literal

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.names import Name, RelativePath, Text
from comb_compiler.spec.platform.clusters import Cluster
from comb_compiler.spec.platform.devices import DeviceClass
from comb_compiler.spec.platform.notifications import Notification
from comb_compiler.spec.platform.patches import Patch
from comb_compiler.spec.platform.release import (
    Delivery,
    Environment,
    EnvironmentRepository,
    FirstRelease,
    Floors,
    Gateway,
    Namespace,
    Priority,
    Registry,
    Waiver,
)
from comb_compiler.spec.platform.samples import SampleStoreSpec
from comb_compiler.spec.shapes import BY_WORD

__all__ = ["Platform", "PlatformMetadata"]


class PlatformMetadata(Model):
    """Whose platform it is."""

    name: Name = Field(description="The platform's name.")
    description: Text | None = Field(default=None, description="What it is for, for people.")


class Platform(Model):
    """Clusters, devices and rules, shared by all combs."""

    api_version: Literal["comb.dev/v1"] = Field(description="The version of this file's form.")
    kind: Literal["Platform"] = Field(description="What this file declares.")
    metadata: PlatformMetadata = Field(description="Whose platform it is.")
    devices: dict[Name, DeviceClass] = Field(
        default_factory=dict, description="Device classes by the name that combs use."
    )
    clusters: dict[Name, Cluster] = Field(min_length=1, description="The Kubernetes clusters.")
    namespaces: dict[Name, Namespace] = Field(default_factory=dict, description="Namespaces and their quotas.")
    priorities: dict[Name, Priority] = Field(default_factory=dict, description="Priorities by the name that combs use.")
    environments: dict[Name, Environment] = Field(min_length=1, description="The places that releases go to.")
    environment_repository: EnvironmentRepository = Field(description="The git repository that Flux watches.")
    registry: Registry = Field(description="Where images are pushed to, and may come from.")
    sample_store: SampleStoreSpec = Field(
        default={"embedded": {}}, validate_default=True, description="Where samples are kept."
    )
    delivery: Annotated[Delivery, BY_WORD] = Field(
        default=Delivery.ROUTER, description="What divides traffic between arms and releases."
    )
    gateway: Gateway | None = Field(default=None, description="What routes hang on, where `delivery` is `gateway-api`.")
    floors: Floors = Field(default_factory=dict, validate_default=True, description="What no comb may fall below.")
    first_release: FirstRelease = Field(
        default_factory=dict, validate_default=True, description="What a comb needs without a baseline."
    )
    waivers: dict[Name, Waiver] = Field(
        default_factory=dict, description="Where combs may ask for less in their gates than before, and why."
    )
    policies: list[RelativePath] = Field(
        default_factory=no_items,
        description="Folders of policies, from this file; `comb.dev` stands for those that come with Comb.",
        examples=[["comb.dev", "policies"]],
    )
    notifications: dict[Name, Notification] = Field(default_factory=dict, description="Who hears of a release.")
    patches: dict[Name, Patch] = Field(default_factory=dict, description="Changes to rendered objects, applied last.")
