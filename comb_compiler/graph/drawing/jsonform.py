"""`Picture` → JSON for programs; `schemas/graph.v1.schema.json` says the form."""

import json
from datetime import timedelta
from typing import Any

from comb_compiler.diagnostics.render.printable import encodable
from comb_compiler.graph.drawing.layers import assign_layers
from comb_compiler.graph.drawing.model import Arrow, Box, Picture, TimedPath

__all__ = ["draw_json"]

_VERSION = 1


def draw_json(picture: Picture) -> str:
    """One object: nodes, edges, layers and the critical path; durations are seconds, types full names."""
    layers = assign_layers(picture)
    shown = {
        "version": _VERSION,
        "title": picture.title,
        "nodes": [_node(box, layers.depth[box.name]) for box in picture.boxes.values()],
        "edges": [_edge(arrow) for arrow in picture.arrows],
        "layers": layers.rows,
        "criticalPath": _path(picture.path) if picture.path is not None else None,
    }
    return encodable(json.dumps(shown, indent=1, ensure_ascii=False)) + "\n"


def _node(box: Box, layer: int) -> dict[str, Any]:
    return {
        "name": box.name,
        "kind": box.kind.value,
        "layer": layer,
        "operator": box.operator or None,
        "model": box.model or None,
        "timeout": _seconds(box.timeout),
        "type": box.type or None,
        "when": box.when or None,
        "optional": box.is_optional,
        "critical": box.is_critical,
        "cyclic": box.is_cyclic,
        "unused": box.is_unused,
    }


def _edge(arrow: Arrow) -> dict[str, Any]:
    return {
        "from": arrow.source,
        "to": arrow.target,
        "kind": "condition" if arrow.is_condition else "value",
        "port": arrow.port or None,
        "fields": list(arrow.fields),
        "type": arrow.type or None,
        "critical": arrow.is_critical,
        "cyclic": arrow.is_cyclic,
    }


def _path(path: TimedPath) -> dict[str, Any]:
    return {
        "steps": list(path.steps),
        "bound": _seconds(path.bound),
        "deadline": _seconds(path.deadline),
        "unbounded": list(path.unbounded),
        "exact": path.exact,
    }


def _seconds(duration: timedelta | None) -> float | None:
    return duration.total_seconds() if duration is not None else None
