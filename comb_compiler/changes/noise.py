"""Parts that differ in every release and tell nobody anything: folded, and counted by the reason."""

import re
from typing import Any

from comb_compiler.changes.amounts import parse_quantity
from comb_compiler.changes.differing import Difference

__all__ = ["AMOUNTS", "DIGESTS", "GENERATIONS", "LISTS", "MARKS", "PLACES", "reason_to_fold"]

DIGESTS = "digests of what is shown elsewhere"
GENERATIONS = "names of ConfigMaps that their content makes"
LISTS = "lists of a directory's files"
MARKS = "marks of how it was rendered"
PLACES = "places of a dashboard's panels"
AMOUNTS = "amounts that are written in another way"

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{8,128}")
_DIGEST_NAMES = re.compile(r"checksum|digest|hash|revision|comb\.dev/release", re.IGNORECASE)
_GENERATION = re.compile(r".+-(?:plan|store)-[0-9a-f]{10}")
_MARKS = frozenset(("comb.dev/unbuilt", "comb.dev/compiler", "app.kubernetes.io/version", "helm.sh/chart"))
_RELEASE = "COMB_RELEASE"
_AMOUNTS = ("requests", "limits", "hard", "capacity")


def reason_to_fold(kind: str, one: Difference) -> str:
    """Why nobody needs to look at a difference; empty where somebody does."""
    values = [value for value in (one.before, one.after) if value is not None]
    last = one.path[-1]
    if kind == "Kustomization" and one.path[0] == "resources":
        return LISTS
    if kind == "ConfigMap" and _is_place(one.path):
        return PLACES
    if f"[{_RELEASE}]" in one.path:
        return DIGESTS
    if all(isinstance(value, str) and _GENERATION.fullmatch(value) for value in values):
        return GENERATIONS
    if len(one.path) > 1 and one.path[-2] in ("annotations", "labels"):
        if last in _MARKS:
            return MARKS
        if _DIGEST_NAMES.search(last) and all(_is_digest(value) for value in values):
            return DIGESTS
    return AMOUNTS if len(values) == 2 and _is_same_amount(one) else ""


def _is_place(path: tuple[str, ...]) -> bool:
    """Whether it is the number of a panel, or where it stands: those behind a panel that is new have others."""
    inside = path[4:] if len(path) > 4 and path[2] == "panels" else ()
    return inside == ("id",) or inside[:1] == ("gridPos",)


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _is_same_amount(one: Difference) -> bool:
    if not any(part in _AMOUNTS for part in one.path[:-1]):
        return False
    amounts = [parse_quantity(value) for value in (one.before, one.after)]
    return amounts[0] is not None and amounts[0] == amounts[1]
