"""Names that others give meaning to: labels of Kubernetes, Flux and Comb; and what a candidate's objects are called."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path

if TYPE_CHECKING:
    from comb_compiler.spec.platform import Platform

__all__ = ["CANDIDATE", "check_reserved", "check_reserved_namespaces"]

CANDIDATE = "candidate"
"""The track of a release that is tried on some users, at the end of its objects' names; the stable one's has none."""
_RESERVED = r"(?:.*\.)?(kubernetes\.io|k8s\.io|comb\.dev|fluxcd\.io)/"
_OWNERS = {"comb.dev": "Comb", "fluxcd.io": "Flux"}


def check_reserved(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """No label takes the place of one that means something, and no operator that of a candidate."""
    for label in comb.metadata.labels:
        reserved = re.match(_RESERVED, label)
        if reserved is not None:
            message = f"`{label}` is a label whose meaning {_OWNERS.get(reserved[1], 'Kubernetes')} decides"
            hint = f"take a domain of your own, or none: `{label.rpartition('/')[2]}`"
            yield _at_key(bound, ("metadata", "labels", label), message, hint)
    if comb.rollout is not None and CANDIDATE in comb.operators:
        message = f"what an operator `{CANDIDATE}` runs on would be called like what a candidate of the comb has"
        rollout = Label(bound.place("rollout").key_span, "a release is tried as a candidate here")
        hint = "name the operator after what it does"
        yield _at_key(bound, ("operators", CANDIDATE), message, hint, rollout)


def check_reserved_namespaces(bound: "Bound[Platform]", platform: "Platform") -> Iterator[Diagnostic]:
    """What runs Kubernetes and Flux stays as it is: a namespace of combs lets no privileged pod in."""
    for name in platform.namespaces:
        if name.startswith("kube-") or name == "flux-system":
            message = f"the namespace `{name}` is {'Flux' if name == 'flux-system' else 'Kubernetes'}'s own"
            hint = "give combs another: Comb bounds what its pods may do and ask for"
            yield _at_key(bound, ("namespaces", name), message, hint)


def _at_key(bound: Bound[Any], path: Path, message: str, hint: str, *related: Label) -> Diagnostic:
    place = bound.place(*path)
    where = format_path(place.path)
    return diagnose(codes.RESERVED_NAME, message, place.key_span, related=related, path=where, hints=(hint,))
