"""Names that a comb uses and its platform must declare, and promises below the platform's floors."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.units import format_duration

__all__ = ["check_against_platform"]


def check_against_platform(
    bound: Bound[Comb], comb: Comb, platform: Bound[Platform], environment: str | None = None
) -> Iterator[Diagnostic]:
    """What `comb` asks of a platform that it does not have; with `environment`, under that environment's floors."""
    if platform.value is None:
        return
    yield from _names(bound, comb, platform)
    yield from _floors(bound, comb, platform, environment)


def _names(bound: Bound[Comb], comb: Comb, platform: Bound[Platform]) -> Iterator[Diagnostic]:
    devices = (*platform.declared("devices"), "cpu")
    priorities = platform.declared("priorities")
    zones = tuple(zone for cluster in platform.declared("clusters") for zone in _zones(platform, cluster))
    environments = platform.declared("environments")
    for name in comb.environments:
        if name not in environments:
            place = bound.place("environments", name)
            at_key = place._replace(value=place.key or place.value)
            yield unknown_name(at_key, codes.UNKNOWN_ENVIRONMENT, name, environments, "environment on this platform")
    for name, operator in comb.operators.items():
        at: Path = ("operators", name)
        for index, device in enumerate(operator.devices):
            if device not in devices:
                place = bound.place(*at, "devices", index)
                yield unknown_name(place, codes.UNKNOWN_DEVICE, device, devices, "device class on this platform")
        if operator.priority is not None and operator.priority not in priorities:
            place = bound.place(*at, "priority")
            yield unknown_name(
                place, codes.UNKNOWN_PRIORITY, operator.priority, priorities, "priority on this platform"
            )
        for field, indexed in (("require", operator.affinity.require), ("prefer", operator.affinity.prefer)):
            for index, wish in enumerate(indexed):
                if wish.zone is not None and wish.zone not in zones:
                    place = bound.place(*at, "affinity", field, index, "zone")
                    yield unknown_name(place, codes.UNKNOWN_ZONE, wish.zone, zones, "zone on this platform")


def _zones(platform: Bound[Platform], cluster: str) -> tuple[str, ...]:
    return platform.declared("clusters", cluster, "zones")


_PROMISES = {"deadline": "deadline", "p99": "p99", "timeout_rate": "timeoutRate", "error_rate": "errorRate"}


def _floors(bound: Bound[Comb], comb: Comb, platform: Bound[Platform], environment: str | None) -> Iterator[Diagnostic]:
    assert platform.value is not None
    bases: list[tuple[Path, object]] = [(("floors", "sla"), platform.value.floors.sla)]
    if environment in platform.value.environments:
        floors = platform.value.environments[environment].floors
        bases.append((("environments", environment, "floors", "sla"), floors.sla))
    for path, floors_of in bases:
        for name, alias in _PROMISES.items():
            floor, promise = getattr(floors_of, name), getattr(comb.sla, name)
            if floor is not None and promise is not None and promise > floor:
                yield _below(bound, alias, promise, floor, platform.place(*path, alias).span)


def _below(bound: Bound[Comb], name: str, promise: object, floor: object, where: Span) -> Diagnostic:
    place = bound.place("sla", name)
    return diagnose(
        codes.BELOW_FLOOR,
        f"`{name}` promises {_shown(promise)}, and this platform wants {_shown(floor)} at most",
        place.span,
        related=(*place.related, Label(where, "the platform's floor")),
        path=format_path(place.path),
        hints=("promise what the platform wants, or ask its team for another floor",),
    )


def _shown(value: object) -> str:
    if isinstance(value, timedelta):
        return format_duration(value)
    return f"{value * 100:f}".rstrip("0").rstrip(".") + "%" if isinstance(value, Decimal) else str(value)
