"""What is too large for a cluster to take."""

import json
from collections.abc import Iterable, Iterator, Mapping

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
_LARGEST_OF_ALL = 3 * 2**19
"""The most bytes that an object of any kind may have: etcd takes no more, unless it is told to."""


def size_findings(
    made: Iterable[Manifest], files: Mapping[str, bytes], comb: Bound[Comb], platform: Bound[Platform]
) -> Iterator[Diagnostic]:
    """Objects that no API server takes, each at the line that it was made for. `files` are what they are written as."""
    for one in made:
        if len(files[one.file]) <= LARGEST:
            continue
        kind, name, largest = one.object["kind"], one.object["metadata"]["name"], _LARGEST_OF_ALL
        is_map = kind == "ConfigMap"
        if is_map:
            size, largest = sum(len(text.encode()) for text in one.object["data"].values()), LARGEST
        else:
            size = len(json.dumps(one.object, ensure_ascii=False, separators=(",", ":")).encode())
        if size > largest:
            cause = cause_of(one, ("data" if is_map else "spec",))
            place = (comb if cause.written is Written.COMB else platform).place(*cause.path)
            message = f"the {kind} `{name}` would hold {size:,} bytes, and Kubernetes takes {largest:,}"
            path, span = format_path(place.path), place.key_span
            yield diagnose(codes.TOO_LARGE_OBJECT, message, span, path=path, hints=(_hint(name),))


def _hint(name: str) -> str:
    if "--plan-" in name:
        return "part the comb in two, one of which calls the other; large parameters belong into a model's artifact"
    return "part the comb in two, one of which calls the other; long texts of queries belong into recording rules"
