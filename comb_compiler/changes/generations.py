"""Which object before is which after: by identity, and by the stem of a name that its content makes."""

import re
from collections.abc import Iterator, Mapping

from comb_compiler.changes.model import Found, Identity

__all__ = ["matched"]

_GENERATION = re.compile(r"(.+-(?:plan|store))-[0-9a-f]{10}")


def matched(
    before: Mapping[Identity, Found], after: Mapping[Identity, Found]
) -> Iterator[tuple[Found | None, Found | None]]:
    """Each object with itself; a ConfigMap whose content makes its name with the one that comes instead."""
    left = {one: found for one, found in before.items() if one not in after}
    stems = {_stem(one): one for one in left if _stem(one)}
    for identity, new in after.items():
        if identity in before:
            yield before[identity], new
            continue
        earlier = stems.pop(_stem(identity), None) if _stem(identity) else None
        yield left.pop(earlier) if earlier is not None else None, new
    yield from ((old, None) for old in left.values())


def _stem(identity: Identity) -> Identity | None:
    found = _GENERATION.fullmatch(identity.name) if identity.kind == "ConfigMap" else None
    return identity._replace(name=found[1]) if found is not None else None
