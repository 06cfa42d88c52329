"""What must hold between the fields of a platform."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from comb_compiler.diagnostics import Code, Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.checks.numbers import check_patched_numbers
from comb_compiler.spec.checks.patches import check_patches
from comb_compiler.spec.checks.reserved import check_reserved_namespaces
from comb_compiler.spec.checks.slices import check_slices
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import NodePool
from comb_compiler.spec.platform.devices import SharingBackEnd
from comb_compiler.spec.platform.release import Delivery

__all__ = ["PLATFORM_CHECKS", "check_gateway", "check_pools", "check_quotas", "check_releases", "check_store"]


def check_releases(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """Environments, notifications and patches name what is declared; one priority is the default at most."""
    for name, environment in platform.environments.items():
        at: Path = ("environments", name)
        for index, cluster in enumerate(environment.clusters):
            yield from _known(bound, (*at, "clusters", index), codes.UNKNOWN_CLUSTER, cluster, ("clusters",), "cluster")
        namespace = environment.namespace
        yield from _known(bound, (*at, "namespace"), codes.UNKNOWN_NAMESPACE, namespace, ("namespaces",), "namespace")
    for name, notification in platform.notifications.items():
        for index, environment_name in enumerate(notification.environments):
            path: Path = ("notifications", name, "environments", index)
            yield from _known(
                bound, path, codes.UNKNOWN_ENVIRONMENT, environment_name, ("environments",), "environment"
            )
    for name, patch in platform.patches.items():
        target, path = patch.target, ("patches", name, "target")
        if target.environment is not None:
            yield from _known(
                bound,
                (*path, "environment"),
                codes.UNKNOWN_ENVIRONMENT,
                target.environment,
                ("environments",),
                "environment",
            )
        if target.cluster is not None:
            yield from _known(
                bound, (*path, "cluster"), codes.UNKNOWN_CLUSTER, target.cluster, ("clusters",), "cluster"
            )
    yield from _default_priorities(bound, platform)
    yield from _overlapping(bound, platform)


def _overlapping(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """A comb has one directory, and objects of one name, in a cluster and namespace: two releases would share them."""
    first: dict[tuple[str, str], Path] = {}
    for name, environment in platform.environments.items():
        for index, cluster in enumerate(environment.clusters):
            path: Path = ("environments", name, "clusters", index)
            place, earlier = bound.place(*path), first.setdefault((cluster, environment.namespace), path)
            if earlier == path or place.path != path:
                continue
            code, message = codes.REPEATED_ITEM, f"`{cluster}` is listed twice"
            label, hint = "first listed here", "keep one of the two"
            if earlier[1] != name:
                code = codes.OVERLAPPING_ENVIRONMENTS
                message = f"`{earlier[1]}` and `{name}` are the same namespace `{environment.namespace}` of `{cluster}`"
                label = f"`{earlier[1]}` is there, too"
                hint = "give each environment a namespace of its own, or a cluster: a comb has one release in one place"
            related = (Label(bound.place(*earlier).span, label),)
            yield diagnose(code, message, place.span, related=related, path=format_path(path), hints=(hint,))


def _known(
    bound: Bound[Platform], path: Path, code: Code, name: str, declared_at: tuple[str, ...], noun: str, where: str = ""
) -> Iterator[Diagnostic]:
    declared, place = bound.declared(*declared_at), bound.place(*path)
    is_written = place.path == path  # else the name is a stand-in for what is missing
    if is_written and name not in declared and bound.is_readable(*declared_at):
        yield unknown_name(place, code, name, declared, noun, where=where)


def check_quotas(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """A quota counts devices of declared classes; of others there are none anyway."""
    known = bound.declared("devices")
    for name, namespace in platform.namespaces.items() if bound.is_readable("devices") else ():
        for device in namespace.quota.devices:
            if device not in known:
                place = bound.place("namespaces", name, "quota", "devices", device)
                yield unknown_name(place, codes.UNKNOWN_DEVICE, device, known, "device class", at=place.key_span)


def check_gateway(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """Routes hang on a Gateway, which must be named; of its two hosts each serves one protocol."""
    gateway = platform.gateway
    if platform.delivery is Delivery.GATEWAY_API and gateway is None and bound.is_sound("gateway"):
        place = bound.place("delivery")
        message = "`delivery` is by the Gateway API, and nothing says which Gateway"
        hints = ("write `gateway: {name: …, namespace: …, hostname: …}`",)
        yield diagnose(codes.MISSING_KEY, message, place.key_span, path="gateway", hints=hints)
    if gateway is not None and gateway.http_hostname == gateway.hostname and bound.is_sound("gateway"):
        message = "gRPC and HTTP come to the same host, and the Gateway API routes one of them there"
        hint = "give HTTP a host of its own, or leave `httpHostname` out"
        yield _say(bound, ("gateway", "httpHostname"), codes.CONFLICTING_KEYS, message, hint)


def _default_priorities(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    defaults = [name for name, priority in platform.priorities.items() if priority.default]
    for name in defaults[1:]:
        place = bound.place("priorities", name, "default")
        first = bound.place("priorities", defaults[0], "default")
        yield diagnose(
            codes.CONFLICTING_KEYS,
            f"both `{defaults[0]}` and `{name}` are the default priority",
            place.span,
            related=(Label(first.span, "the first default"),),
            path=format_path(place.path),
            hints=("keep one default",),
        )


def check_pools(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """Pools name declared devices and zones, and share them in a way that their devices and back end can."""
    for cluster_name, cluster in platform.clusters.items():
        for name, pool in cluster.node_pools.items():
            at: Path = ("clusters", cluster_name, "nodePools", name)
            if pool.zone is not None:
                zones = ("clusters", cluster_name, "zones")
                where = f" in the cluster `{cluster_name}`"
                yield from _known(bound, (*at, "zone"), codes.UNKNOWN_ZONE, pool.zone, zones, "zone", where)
            if pool.device is not None and pool.device != "cpu":
                yield from _known(
                    bound, (*at, "device"), codes.UNKNOWN_DEVICE, pool.device, ("devices",), "device class"
                )
            yield from _sharing(bound, platform, at, pool)


_EQUAL_SHARES = (SharingBackEnd.MPS, SharingBackEnd.TIME_SLICING)


def _sharing(bound: Bound[Platform], platform: Platform, at: Path, pool: NodePool) -> Iterator[Diagnostic]:
    back_end = pool.sharing.back_end
    device = platform.devices.get(pool.device or "")
    counted = bound.is_sound(*at, "devices")
    if pool.device is not None and pool.device != "cpu" and pool.devices == 0 and counted:
        yield _no_device(bound, at)
    if back_end in _EQUAL_SHARES and pool.sharing.replicas is None and bound.is_sound(*at, "sharing"):
        yield _say(
            bound,
            (*at, "sharing"),
            codes.MISSING_KEY,
            f"`{back_end}` divides a device into equal shares, and `replicas` does not say into how many",
            f"write `sharing: {{backEnd: {back_end}, replicas: …}}`, as the device plugin is configured",
        )
    if back_end not in _EQUAL_SHARES and pool.sharing.replicas is not None:
        message = f"`replicas` means nothing to `{back_end}`"
        hint = f"leave it out: shares are what operators ask of `{back_end}`"
        yield _say(bound, (*at, "sharing", "replicas"), codes.CONFLICTING_KEYS, message, hint)
    profiles = ("devices", pool.device or "", "mig")
    if back_end is SharingBackEnd.MIG and device is not None and not device.mig and bound.is_sound(*profiles):
        yield _say(
            bound,
            (*at, "sharing"),
            codes.CONFLICTING_KEYS,
            f"`{pool.device}` has no MIG profiles, so it cannot be shared by MIG",
            f"declare its profiles at `devices.{pool.device}.mig`, or choose another back end",
        )


def _no_device(bound: Bound[Platform], at: Path) -> Diagnostic:
    """A pool of devices that has none."""
    place, device = bound.place(*at, "devices"), bound.place(*at, "device")
    related = (Label(device.span, "the class of its devices"),)
    if place.path[-1:] != ("devices",):
        pool = bound.place(*at)
        message = "the pool names a device class, and not how many devices a node has"
        path, hints = format_path((*at, "devices")), ("write `devices: …`",)
        span, label = pool.key_span, "`devices` is missing here"
        return diagnose(codes.MISSING_KEY, message, span, label=label, related=related, path=path, hints=hints)
    message = "the pool names a device class, and has no device per node"
    hints = ("write how many devices a node has, or leave `device` out",)
    path = format_path(place.path)
    return diagnose(codes.OUT_OF_RANGE, message, place.span, related=related, path=path, hints=hints)


def check_store(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """Samples are kept in a directory, or in Elasticsearch and HBase together."""
    if not bound.is_sound("sampleStore"):
        return
    store = platform.sample_store
    servers = {"elasticsearch": store.elasticsearch, "hbase": store.hbase}
    given = [name for name, server in servers.items() if server is not None]
    if store.embedded is not None and given:
        message = "samples are kept in a directory or on servers, not in both"
        finding = _say(bound, ("sampleStore", "embedded"), codes.CONFLICTING_KEYS, message, "keep one of the two")
        other = Label(bound.place("sampleStore", given[0]).key_span, "and on a server")
        yield finding._replace(related=(other,))
    elif store.embedded is None and len(given) < len(servers):
        message = "`sampleStore` needs `embedded`, or both `elasticsearch` and `hbase`"
        hint = "Elasticsearch finds samples, HBase keeps them; a directory does both"
        yield _say(bound, ("sampleStore",), codes.MISSING_KEY, message, hint)
    elif store.elasticsearch is not None and store.elasticsearch.credentials is not None:
        yield from _in_the_clear(bound, store.elasticsearch.urls)


def _in_the_clear(bound: Bound[Platform], urls: Sequence[str]) -> Iterator[Diagnostic]:
    """Whoever listens on the way learns the credentials."""
    for number, url in enumerate(urls):
        if url.lower().startswith("http:"):
            message = f"the credentials of Elasticsearch are sent to `{url}` without TLS"
            path = ("sampleStore", "elasticsearch", "urls", number)
            finding = _say(bound, path, codes.CLEARTEXT_CREDENTIALS, message, "write `https://…`")
            named = Label(bound.place("sampleStore", "elasticsearch", "credentials").span, "they are named here")
            yield finding._replace(related=(named,))


def _say(bound: Bound[Platform], path: Path, code: Code, message: str, hint: str) -> Diagnostic:
    place = bound.place(*path)
    at_key = code is codes.MISSING_KEY or (code is codes.CONFLICTING_KEYS and place.path[-1:] in _KEYS)
    span = place.key_span if at_key else place.span
    return diagnose(code, message, span, path=format_path(place.path), hints=(hint,))


_KEYS = (("embedded",), ("replicas",))
"""Fields that are wrong by being there, whatever their value."""


PLATFORM_CHECKS: tuple[Callable[[Bound[Platform], Platform], Iterable[Diagnostic]], ...] = (
    check_releases,
    check_quotas,
    check_pools,
    check_slices,
    check_store,
    check_gateway,
    check_patches,
    check_patched_numbers,
    check_reserved_namespaces,
)
