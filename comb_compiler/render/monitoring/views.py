"""A dashboard's parts, before they are Grafana's."""

from typing import NamedTuple

__all__ = ["Panel", "Query", "Row"]


class Query(NamedTuple):
    """A query, and how its series are named."""

    expression: str
    legend: str
    format: str = "time_series"


class Panel(NamedTuple):
    """A picture of some queries, in a unit of Grafana's."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    note: str = ""


class Row(NamedTuple):
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]
