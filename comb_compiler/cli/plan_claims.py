"""What is published → what its combs claim of devices."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from comb_compiler.cli.beside import Elsewhere
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_stores import Homes
from comb_compiler.plan.asked import CPU
from comb_compiler.release.claims import Claim
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE, BadRelease, Release, parse_devices, parse_release

__all__ = ["elsewhere_of", "published_release"]

_Parsed = TypeVar("_Parsed")


class _Store(Protocol):
    def releases(self, cluster: str, namespace: str) -> Mapping[str, bytes]: ...


def elsewhere_of(title: str, store: _Store, homes: Homes) -> Elsewhere:
    """The claims of all combs that are published, by environment. Raises UsageError for a release that cannot be read.

    A release that runs on devices and does not say how many is an older Comb's.
    """
    claims: dict[str, tuple[Claim, ...]] = {}
    unknown: set[str] = set()
    for environment, (clusters, namespace) in homes.items():
        counts: dict[tuple[str, str], Counter[str]] = {}
        for cluster in clusters:
            for name, content in store.releases(cluster, namespace).items():
                release = _read(title, Place(cluster, namespace, name), content, parse_devices)
                if release.environment != environment:
                    continue
                counts.setdefault((release.comb, release.team), Counter()).update(release.devices)
                unknown |= {release.comb} if release.used - {CPU} and not release.devices else set()
        found = (Claim(*whose, dict(devices)) for whose, devices in counts.items() if devices)
        claims[environment] = tuple(sorted(found, key=lambda one: one.comb))
    return Elsewhere(claims, tuple(sorted(unknown)))


def published_release(title: str, place: Place, content: bytes) -> Release:
    """The release.json of a place of what `--against` names. Raises UsageError where it is none."""
    return _read(title, place, content, parse_release)


def _read(title: str, place: Place, content: bytes, parse: Callable[[bytes], _Parsed]) -> _Parsed:
    try:
        return parse(content)
    except BadRelease as problem:
        raise UsageError(f"--against {title}: `{place.directory}/{FILE}`: {problem}") from problem
