"""Names that a comb uses and its platform must declare, and promises below the platform's floors."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.floors import check_floors
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import Place
from comb_compiler.spec.platform import Platform

__all__ = ["check_against_platform"]


def check_against_platform(
    bound: Bound[Comb], comb: Comb, platform: Bound[Platform], environment: str | None = None
) -> Iterator[Diagnostic]:
    """What `comb` asks of a platform that it does not have; with `environment`, under that environment's floors."""
    if platform.value is None:
        return
    yield from _names(bound, comb, platform)
    yield from check_floors(bound, comb, platform, environment)


def _names(bound: Bound[Comb], comb: Comb, platform: Bound[Platform]) -> Iterator[Diagnostic]:
    devices = (*platform.declared("devices"), "cpu")
    priorities = platform.declared("priorities")
    zones = tuple(zone for cluster in platform.declared("clusters") for zone in _zones(platform, cluster))
    environments = platform.declared("environments")
    for name in comb.environments:
        if name not in environments:
            place = bound.place("environments", name)
            at_key = place._replace(value=place.key or place.value)
            yield _unknown(at_key, codes.UNKNOWN_ENVIRONMENT, name, environments, "environment")
    for name, operator in comb.operators.items():
        at: Path = ("operators", name)
        for index, device in enumerate(operator.devices):
            if device not in devices:
                place = bound.place(*at, "devices", index)
                yield _unknown(place, codes.UNKNOWN_DEVICE, device, devices, "device class")
        if operator.priority is not None and operator.priority not in priorities:
            place = bound.place(*at, "priority")
            yield _unknown(place, codes.UNKNOWN_PRIORITY, operator.priority, priorities, "priority")
        for field, indexed in (("require", operator.affinity.require), ("prefer", operator.affinity.prefer)):
            for index, wish in enumerate(indexed):
                if wish.zone is not None and wish.zone not in zones:
                    place = bound.place(*at, "affinity", field, index, "zone")
                    yield _unknown(place, codes.UNKNOWN_ZONE, wish.zone, zones, "zone")


def _unknown(place: Place, code: Code, name: str, known: tuple[str, ...], noun: str) -> Diagnostic:
    return unknown_name(place, code, name, known, noun, where=" on this platform")


def _zones(platform: Bound[Platform], cluster: str) -> tuple[str, ...]:
    return platform.declared("clusters", cluster, "zones")
