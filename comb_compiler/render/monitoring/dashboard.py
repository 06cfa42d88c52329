"""A Grafana dashboard for a comb, as a ConfigMap that Grafana's side-car finds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.monitoring.panels import rows, selectors
from comb_compiler.render.monitoring.uid import dashboard_uid
from comb_compiler.render.monitoring.views import Panel, Row
from comb_compiler.render.rendering import Rendering

__all__ = ["dashboards"]

_WIDTH, _HEIGHT, _ACROSS = 8, 8, 3
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
            "data": {f"{dashboard_uid(rendering)}.json": _written(rendering)},
        },
        Cause.platform("clusters", rendering.here.cluster, "prometheus"),
    )


def _written(rendering: Rendering) -> str:
    """Grafana's model of the dashboard as JSON, a line for each panel, so that what differs can be read."""
    metadata = rendering.comb.metadata
    own = {
        "uid": dashboard_uid(rendering),
        "title": f"{rendering.name} ({rendering.namespace})",
        "description": metadata.description or "",
        "tags": ["comb", *([metadata.team] if metadata.team else [])],
    }
    panels = _panels_text(rows(rendering))
    for sign, series in selectors(rendering).items():
        panels = panels.replace(sign, json.dumps(series)[1:-1])
    return f'{{\n{_lines(own)}\n{_SETTINGS}\n"panels": [\n{panels}\n]}}\n'


def _lines(members: Mapping[str, Any]) -> str:
    return "\n".join(f"{json.dumps(name)}: {json.dumps(value)}," for name, value in members.items())


_SETTINGS = _lines(
    {
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
    }
)


@lru_cache(maxsize=256)
def _panels_text(all_rows: tuple[Row, ...]) -> str:
    """The panels, which are the same for combs that have the same: writing them takes longer than all else here."""
    return ",\n".join(map(json.dumps, _panels(all_rows)))


def _panels(all_rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
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
