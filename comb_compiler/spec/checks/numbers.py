"""Numbers where anything may stand: parameters of models, and patches. Comb hands them on, as JSON and as YAML."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path

if TYPE_CHECKING:
    from comb_compiler.spec.platform import Platform

__all__ = ["check_parameters", "check_patched_numbers"]

_INTEGERS = range(-(2**63), 2**64)
"""What readers of JSON and YAML agree on; beyond it some round, some fail."""


def check_parameters(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Parameters of models have numbers that can be handed on."""
    for name, model in comb.models.items():
        for version, spec in model.versions.items():
            yield from _below(bound, ("models", name, "versions", version, "params"), spec.params)


def check_patched_numbers(bound: "Bound[Platform]", platform: "Platform") -> Iterator[Diagnostic]:
    """So have patches of rendered objects."""
    for name, patch in platform.patches.items():
        yield from _below(bound, ("patches", name, "merge"), patch.merge)


def _below(bound: Bound[Any], path: Path, value: Any) -> Iterator[Diagnostic]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _below(bound, (*path, key), entry)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below(bound, (*path, index), item)
    elif isinstance(value, float) and not math.isfinite(value):
        yield _unportable(bound, path, f"a value is no finite number but {value}, which JSON cannot say")
    elif isinstance(value, int) and value not in _INTEGERS:
        yield _unportable(bound, path, "a whole number does not fit into 64 bits: some readers would round it")


def _unportable(bound: Bound[Any], path: Path, message: str) -> Diagnostic:
    place = bound.place(*path)
    where = format_path(place.path)
    hints = ("quote it where text is meant",)
    return diagnose(codes.OUT_OF_RANGE, message, place.span, related=place.related, path=where, hints=hints)
