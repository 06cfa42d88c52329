"""Where releases go, and what they must have proven."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.names import (
    CombName,
    Date,
    GitRef,
    GitUrl,
    HeaderName,
    Hostname,
    ImageReference,
    Name,
    PublicKey,
    RepositoryPrefix,
    Text,
)
from comb_compiler.spec.shapes import BY_WORD
from comb_compiler.spec.units import Bytes, Cores, Duration, Ratio

__all__ = [
    "Delivery",
    "Environment",
    "EnvironmentRepository",
    "FirstRelease",
    "Floors",
    "GateFloors",
    "Gateway",
    "Isolation",
    "Namespace",
    "Priority",
    "Quota",
    "Registry",
    "SlaFloors",
    "TrustedPublisher",
    "Waiver",
]


class Quota(Model):
    """The most that all combs of a namespace may ask for together, on each cluster."""

    cpu: Cores | None = Field(default=None, description="CPU cores.")
    memory: Bytes | None = Field(default=None, description="Main memory.")
    devices: dict[Name, int] = Field(default_factory=dict, description="Whole devices by class.")


class Namespace(Model):
    """A Kubernetes namespace that combs are placed in."""

    teams: list[Name] = Field(
        default_factory=no_items, description="Teams whose combs may live here; all, if none is named."
    )
    quota: Quota = Field(
        default_factory=dict, validate_default=True, description="The most that its combs may ask for."
    )


class Priority(Model):
    """A PriorityClass, by the name that combs use."""

    value: int = Field(ge=-1_000_000_000, le=1_000_000_000, description="The higher takes the node from the lower.")
    preempts: bool = Field(default=True, description="Whether it evicts lower ones to find a place.")
    default: bool = Field(default=False, description="Whether operators have it that name none.")


class Isolation(StrEnum):
    """How strictly a gate must keep operator code apart for its evidence to count."""

    LOCAL = "local"
    """In processes of their own on the machine that runs the gates."""
    CONTAINER = "container"
    """In containers that see neither expected answers, nor keys, nor the network."""


class SlaFloors(Model):
    """The least that any comb must promise. What is not given is free."""

    deadline: Duration | None = Field(default=None, description="The longest deadline.")
    p95: Duration | None = Field(default=None, description="The longest p95.")
    p99: Duration | None = Field(default=None, description="The longest p99.")
    timeout_rate: Ratio | None = Field(default=None, description="The highest timeout rate.")
    error_rate: Ratio | None = Field(default=None, description="The highest error rate.")


class GateFloors(Model):
    """The least that any comb must prove."""

    same: Ratio | None = Field(default=None, description="The least share of unchanged answers in `regular` replay.")
    samples: int | None = Field(default=None, ge=1, description="The fewest samples of `regular` replay.")
    detectable: Ratio | None = Field(
        default=None,
        description="The smallest break that `regular` replay must be able to see in a field that is noisy.",
        examples=["5%"],
    )
    error: bool = Field(default=False, description="Whether marked errors must be replayed.")
    load: bool = Field(default=False, description="Whether a load gate must pass.")


class Floors(Model):
    """What combs may not fall below."""

    sla: SlaFloors = Field(default_factory=dict, validate_default=True, description="Promises.")
    gates: GateFloors = Field(default_factory=dict, validate_default=True, description="Proofs.")


class Waiver(Model):
    """That a change of one comb may ask for less of it than its gates did, for a time."""

    comb: CombName = Field(description="The comb.")
    weakens: Text = Field(
        description="What is weakened, as `comb gate` calls it; or all that lies below.",
        examples=["gates.replay.regular.same", "samples/standard/caption-coffee"],
    )
    to: Text | None = Field(
        default=None, description="What it may become, as `comb gate` says it; anything, if left out.", examples=["99%"]
    )
    by: Text = Field(description="Who lets it pass.", examples=["Ada, platform"])
    why: Text = Field(description="The reason.")
    until: Date = Field(description="The last day on which it counts.")


class FirstRelease(Model):
    """What a comb needs that has no baseline yet."""

    samples: int = Field(default=30, ge=0, description="The fewest standard samples.")
    approvals: list[Name] = Field(default_factory=no_items, description="Teams of which one must approve.")
    traffic: Ratio = Field(default="100%", validate_default=True, description="The most traffic it may get at first.")


class Environment(Model):
    """A place that releases go to."""

    clusters: list[Name] = Field(min_length=1, description="The clusters that it is made of.")
    namespace: Name = Field(description="The namespace of its combs.")
    evidence: bool = Field(default=False, description="Whether a release needs signed evidence of its gates.")
    isolation: Annotated[Isolation, BY_WORD] = Field(
        default=Isolation.LOCAL, description="How strictly the gates must have kept operator code apart."
    )
    floors: Floors = Field(
        default_factory=dict, validate_default=True, description="What combs may not fall below here."
    )


class TrustedPublisher(Model):
    """Who may sign commits of the environment repository."""

    key: PublicKey = Field(description="The public key that its signatures are checked with.")
    emergency: bool = Field(default=False, description="Whether it may publish past the gates, in an emergency.")


class EnvironmentRepository(Model):
    """The git repository that Flux watches."""

    url: GitUrl = Field(
        description="https, ssh or file; without credentials.",
        examples=["ssh://git@git.example.com/platform/environments.git"],
    )
    branch: GitRef = Field(default="main", description="The branch that releases are pushed to.")
    publishers: dict[Name, TrustedPublisher] = Field(
        default_factory=dict, description="Who may sign its commits. Without any, signatures are not asked for."
    )


class Registry(Model):
    """Where images are pushed to, and may come from."""

    push: RepositoryPrefix = Field(description="Where Comb pushes the images that it builds.")
    allowed: list[RepositoryPrefix] = Field(
        default_factory=no_items, description="From where images may come, besides."
    )
    base: dict[Name, ImageReference] = Field(
        default_factory=dict, description="Base images by device class, by their digests; `cpu` for the others."
    )
    pull_secret: Name | None = Field(
        default=None,
        description="The Secret of docker's configuration, in each namespace, that pods pull images and models with.",
    )


class Delivery(StrEnum):
    """What divides traffic between arms and releases."""

    ROUTER = "router"
    """The graph's own router: nothing to install."""
    GATEWAY_API = "gateway-api"
    """Routes of the Gateway API: the cluster needs an implementation of it."""


class Gateway(Model):
    """The Gateway that routes hang on, where `delivery` is `gateway-api`.

    It puts each user into one of 100 buckets, by a hash, and says which by a header.
    """

    name: Name = Field(description="Its name, the same in every cluster.")
    namespace: Name = Field(description="The namespace that it is in.")
    hostname: Hostname = Field(description="The host that gRPC calls come to: combs are told apart by their method.")
    http_hostname: Hostname | None = Field(
        default=None, description="Another host, for HTTP: a comb is at `/NAMESPACE/COMB/v1/call`. None: no HTTP."
    )
    bucket_header: HeaderName = Field(
        default="x-user-bucket", description="The header with the user's bucket, `0` to `99`."
    )
