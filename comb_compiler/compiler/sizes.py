"""What is too large for a cluster to take."""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.render import Manifest, Written
from comb_compiler.render.manifest import cause_of
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform

__all__ = ["LARGEST", "size_findings"]

LARGEST = 2**20
"""The most bytes that all texts of a ConfigMap may have together: Kubernetes refuses more."""


def size_findings(made: Iterable[Manifest], comb: Bound[Comb], platform: Bound[Platform]) -> Iterator[Diagnostic]:
    """ConfigMaps that no API server takes, each at the line that it was made for."""
    for one in made:
        if one.object["kind"] != "ConfigMap":
            continue
        size = sum(len(text.encode()) for text in one.object["data"].values())
        if size > LARGEST:
            cause = cause_of(one, ("data",))
            place = (comb if cause.written is Written.COMB else platform).place(*cause.path)
            name = one.object["metadata"]["name"]
            message = f"the ConfigMap `{name}` would hold {size:,} bytes, and Kubernetes takes {LARGEST:,}"
            path, span = format_path(place.path), place.key_span
            yield diagnose(codes.TOO_LARGE_OBJECT, message, span, path=path, hints=(_hint(name),))


def _hint(name: str) -> str:
    if "--plan-" in name:
        return "part the comb in two, one of which calls the other; large parameters belong into a model's artifact"
    return "part the comb in two, one of which calls the other"
