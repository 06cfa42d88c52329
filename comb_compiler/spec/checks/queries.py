"""Queries of Prometheus that no server would take."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.names import part_of
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path

__all__ = ["check_queries"]


def check_queries(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Queries that are scaled by can be read."""
    for name, operator in comb.operators.items():
        for query, asked in operator.scale.targets.queries.items():
            path: Path = ("operators", name, "scale", "targets", "queries", query, "query")
            if bound.is_sound(*path):
                yield from _mistakes(bound, path, asked.query)


def _mistakes(bound: Bound[Comb], path: Path, text: str) -> Iterator[Diagnostic]:
    from comb_compiler.spec.promql import find_query_mistake

    found = find_query_mistake(text)
    if found is None:
        return
    place, opened = bound.place(*path), found.opened
    begun = () if opened is None else (Label(part_of(place, opened, opened + 1), "opened here"),)
    yield diagnose(
        codes.BAD_QUERY,
        found.message,
        part_of(place, found.start, found.end),
        related=(*place.related, *begun),
        path=format_path(place.path),
        hints=(found.hint,),
    )
