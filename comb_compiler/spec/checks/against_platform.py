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
    devices, priorities = (*platform.declared("devices"), "cpu"), platform.declared("priorities")
    for name in comb.environments if bound.overlaid is None else ():  # no overlay changes which there are
        code, noun = codes.UNKNOWN_ENVIRONMENT, "environment"
        yield from look.up(("environments", name), code, name, "environments", environments, noun, by_key=True)
    for name, operator in (bound.to_check or comb).operators.items():
        at: Path = ("operators", name)
        for index, device in enumerate(operator.devices):
            where = (*at, "devices", index)
            yield from look.up(where, codes.UNKNOWN_DEVICE, device, "devices", devices, "device class")
        where, chosen = (*at, "priority"), operator.priority
        yield from look.up(where, codes.UNKNOWN_PRIORITY, chosen, "priorities", priorities, "priority")
        if not bound.is_sound(*where):
            yield from _priority_by_number(where, look, priorities)
        for field, wishes in (("require", operator.affinity.require), ("prefer", operator.affinity.prefer)):
            for index, wish in enumerate(wishes):
                where = (*at, "affinity", field, index, "zone")
                yield from look.up(where, codes.UNKNOWN_ZONE, wish.zone, "clusters", zones, "zone")


def _priority_by_number(path: Path, look: "_Lookup", known: tuple[str, ...]) -> Iterator[Diagnostic]:
    """A number, as Kubernetes has them, where a priority's name is asked: the platform says which there are."""
    place = look.bound.place(*path)
    value = place.value
    if place.path == path and isinstance(value, Scalar) and isinstance(value.data, int | float):
        for finding in look.up(path, codes.UNKNOWN_PRIORITY, value.text, "priorities", known, "priority"):
            yield finding._replace(hints=(_BY_NAME, *finding.hints))


_BY_NAME = "a priority goes by its name, and platform.yaml says which number that is"


class _Lookup(NamedTuple):
    """Names of a comb, looked up on a platform."""

    bound: Bound[Comb]
    platform: Bound[Platform]

    def up(
        self,
        path: Path,
        code: Code,
        name: str | None,
        section: str,
        known: tuple[str, ...],
        noun: str,
        *,
        by_key: bool = False,
    ) -> Iterator[Diagnostic]:
        """The finding that `name` is not among `known`, unless the section that declares it cannot be read.

        It is written at `path`, or is the key there.
        """
        if name is not None and name not in known and self.platform.is_readable(section):
            place = self.bound.place(*path)
            if by_key and place.key is not None:
                place = place._replace(value=place.key)
            yield unknown_name(place, code, name, known, noun, where=" on this platform")


def _zones(platform: Bound[Platform], cluster: str) -> tuple[str, ...]:
    return platform.declared("clusters", cluster, "zones")
