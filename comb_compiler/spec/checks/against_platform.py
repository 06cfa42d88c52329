"""Names that a comb uses and its platform must declare, and promises below the platform's floors."""

from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.source import Path, Scalar
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.floors import check_floors
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.checks.teams import check_team
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
    if bound.overlaid is None:  # no overlay changes whose comb it is
        yield from check_team(bound, comb, platform)
    yield from check_floors(bound, comb, platform, environment)


def _names(bound: Bound[Comb], comb: Comb, platform: Bound[Platform]) -> Iterator[Diagnostic]:
    look = _Lookup(bound, platform)
    zones = tuple(zone for cluster in platform.declared("clusters") for zone in _zones(platform, cluster))
    environments = platform.declared("environments")
    for name in comb.environments if bound.overlaid is None else ():  # no overlay changes which there are
        place = bound.place("environments", name)
        at_key = place._replace(value=place.key or place.value)
        yield from look.up(at_key, codes.UNKNOWN_ENVIRONMENT, name, "environments", environments, "environment")
    for name, operator in (bound.to_check or comb).operators.items():
        at: Path = ("operators", name)
        for index, device in enumerate(operator.devices):
            place = bound.place(*at, "devices", index)
            known = (*platform.declared("devices"), "cpu")
            yield from look.up(place, codes.UNKNOWN_DEVICE, device, "devices", known, "device class")
        place, known = bound.place(*at, "priority"), platform.declared("priorities")
        yield from look.up(place, codes.UNKNOWN_PRIORITY, operator.priority, "priorities", known, "priority")
        yield from _priority_by_number(place, look, known)
        for field, wishes in (("require", operator.affinity.require), ("prefer", operator.affinity.prefer)):
            for index, wish in enumerate(wishes):
                place = bound.place(*at, "affinity", field, index, "zone")
                yield from look.up(place, codes.UNKNOWN_ZONE, wish.zone, "clusters", zones, "zone")


def _priority_by_number(place: Place, look: "_Lookup", known: tuple[str, ...]) -> Iterator[Diagnostic]:
    """A number, as Kubernetes has them, where a priority's name is asked: the platform says which there are."""
    value = place.value
    if place.path[-1:] == ("priority",) and isinstance(value, Scalar) and isinstance(value.data, int | float):
        for finding in look.up(place, codes.UNKNOWN_PRIORITY, value.text, "priorities", known, "priority"):
            yield finding._replace(hints=(_BY_NAME, *finding.hints))


_BY_NAME = "a priority goes by its name, and platform.yaml says which number that is"


class _Lookup(NamedTuple):
    """Names of a comb, looked up on a platform."""

    bound: Bound[Comb]
    platform: Bound[Platform]

    def up(
        self, place: Place, code: Code, name: str | None, section: str, known: tuple[str, ...], noun: str
    ) -> Iterator[Diagnostic]:
        """The finding that `name` is not among `known`, unless the section that declares it cannot be read."""
        if name is not None and name not in known and self.platform.is_readable(section):
            yield unknown_name(place, code, name, known, noun, where=" on this platform")


def _zones(platform: Bound[Platform], cluster: str) -> tuple[str, ...]:
    return platform.declared("clusters", cluster, "zones")
