"""A Grafana dashboard for a comb, as a ConfigMap that Grafana's side-car finds."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.monitoring.panels import rows
from comb_compiler.render.monitoring.uid import dashboard_uid
from comb_compiler.render.monitoring.views import Panel, Row
from comb_compiler.render.rendering import Rendering

__all__ = ["dashboard_model", "dashboards"]

_WIDTH, _HEIGHT, _ACROSS = 8, 8, 3
_SCHEMA = 39
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboards(rendering: Rendering) -> Iterator[Manifest]:
    """One, where the cluster has a Prometheus to ask."""
    if rendering.cluster.prometheus is None:
        return
    made = rendering.metadata(rendering.object_name("dashboard"))
    yield manifest(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**made, "labels": {**made["labels"], "grafana_dashboard": "1"}},
            "data": {f"{dashboard_uid(rendering)}.json": _written(dashboard_model(rendering))},
        },
        Cause.platform("clusters", rendering.here.cluster, "prometheus"),
    )


def _written(model: Mapping[str, Any]) -> str:
    """The model as JSON, a line for each panel: what differs can be read, and most of it is written at once."""
    *others, panels = model.items()
    assert panels[0] == "panels"
    lines = [f"{json.dumps(name)}: {json.dumps(value)}," for name, value in others]
    return "\n".join(["{", *lines, '"panels": [', ",\n".join(map(json.dumps, panels[1])), "]}", ""])


def dashboard_model(rendering: Rendering) -> dict[str, Any]:
    """Grafana's model of the dashboard."""
    metadata = rendering.comb.metadata
    return {
        "uid": dashboard_uid(rendering),
        "title": f"{rendering.name} ({rendering.namespace})",
        "description": metadata.description or "",
        "tags": ["comb", *([metadata.team] if metadata.team else [])],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": list(_panels(list(rows(rendering)))),
    }


def _panels(all_rows: list[Row]) -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for row in all_rows:
        number += 1
        place = {"h": 1, "w": _WIDTH * _ACROSS, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        for index, panel in enumerate(row.panels):
            number += 1
            line, column = divmod(index, _ACROSS)
            place = {"h": _HEIGHT, "w": _WIDTH, "x": column * _WIDTH, "y": top + line * _HEIGHT}
            yield _panel(panel, number, place)
        top += _HEIGHT * -(-len(row.panels) // _ACROSS)


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    is_moment = panel.kind == "bargauge"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.note,
        "gridPos": place,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
                "format": query.format,
                "instant": is_moment,
                "range": not is_moment,
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def _options(kind: str) -> dict[str, Any]:
    if kind == "bargauge":
        return {"orientation": "horizontal", "displayMode": "basic", "reduceOptions": {"calcs": ["lastNotNull"]}}
    if kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": "s"}, "color": {"scheme": "Oranges", "mode": "scheme"}}
    return {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
