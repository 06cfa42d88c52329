"""A dashboard's parts, before they are Grafana's."""

from typing import NamedTuple

__all__ = ["DEVICES", "ENTRY", "EVERYWHERE", "FAILURES", "Panel", "Query", "Row"]

ENTRY, FAILURES, EVERYWHERE, DEVICES = "@entry@", "@failures@", "@everywhere@", "@devices@"
"""What stands in a query for what selects series: of the process that answers, of these what did not end well, of all
processes, and of devices. So a panel is the same for all combs. No name has an `@`.
"""


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
