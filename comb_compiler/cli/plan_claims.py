"""What is published → what its combs claim of devices."""

import os
from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import Any, Protocol, TypeVar

from comb_compiler.cli.beside import Elsewhere
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_stores import Homes
from comb_compiler.plan.asked import CPU
from comb_compiler.release.claims import Claim
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE, BadRelease, Devices, Release, parse_devices, parse_release

__all__ = ["Known", "elsewhere_of", "known_releases", "published_release", "said_of"]

Known = Mapping[tuple[str, str], Mapping[str, Devices]]
"""By cluster and namespace: the releases of which it is known what they say of devices."""

_Parsed = TypeVar("_Parsed")


class _Store(Protocol):
    def releases(self, cluster: str, namespace: str, without: Container[str]) -> Mapping[str, bytes]: ...


def elsewhere_of(title: str, store: _Store, homes: Homes, known: Known) -> Elsewhere:
    """The claims of all combs that are published, by environment. Raises UsageError for a release that cannot be read.

    A release that runs on devices and does not say how many is an older Comb's. What is `known` is not read.
    """
    claims: dict[str, tuple[Claim, ...]] = {}
    unknown: set[str] = set()
    for environment, (clusters, namespace) in homes.items():
        counts: dict[tuple[str, str], Counter[str]] = {}
        for cluster in clusters:
            there = dict(known.get((cluster, namespace), {}))
            for name, content in store.releases(cluster, namespace, there).items():
                there[name] = _read(title, Place(cluster, namespace, name), content, parse_devices)
            for release in there.values():
                if release.environment != environment:
                    continue
                if release.devices:
                    counts.setdefault((release.comb, release.team), Counter()).update(release.devices)
                elif release.used - {CPU}:
                    unknown.add(release.comb)
        found = (Claim(*whose, dict(devices)) for whose, devices in counts.items())
        claims[environment] = tuple(sorted(found, key=lambda one: one.comb))
    return Elsewhere(claims, tuple(sorted(unknown)))


def said_of(read: Mapping[Place, Devices], top: str) -> dict[str, Any]:
    """What releases below the directory `top` say of devices, by their paths, in a form that can be kept."""
    return {
        os.path.abspath(os.path.join(top, place.directory, FILE)): (*one[:4], sorted(one.used))
        for place, one in read.items()
    }


def known_releases(said: Mapping[str, Any]) -> Known:
    """What was kept of releases."""
    known: dict[tuple[str, str], dict[str, Devices]] = {}
    for path, (comb, environment, team, devices, used) in said.items():
        cluster, namespace, name, _ = path.rsplit("/", 4)[1:]
        found = Devices(comb, environment, team, devices, frozenset(used))
        known.setdefault((cluster, namespace), {})[name] = found
    return known


def published_release(title: str, place: Place, content: bytes) -> Release:
    """The release.json of a place of what `--against` names. Raises UsageError where it is none."""
    return _read(title, place, content, parse_release)


def _read(title: str, place: Place, content: bytes, parse: Callable[[bytes], _Parsed]) -> _Parsed:
    try:
        return parse(content)
    except BadRelease as problem:
        raise UsageError(f"--against {title}: `{place.directory}/{FILE}`: {problem}") from problem
