"""Everything that can be said of a comb.yaml or platform.yaml without running anything."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Severity, Span, codes, in_reading_order
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph import OperatorGraph, build_graph
from comb_compiler.source import SourceSet, Unavailable, decode
from comb_compiler.spec import Bound, Comb, CombFile, Reading, bind_comb
from comb_compiler.spec.files import file_findings
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.lock import read_lock
from comb_compiler.spec.pins import pin_findings

if TYPE_CHECKING:
    from comb_compiler.spec.platform import Platform

__all__ = ["Checked", "check"]


class Checked(NamedTuple):
    """The verdict on one file. `name` and `name_span` are what it calls itself, for checks across files."""

    main: str
    kind: str
    name: str
    name_span: Span | None
    diagnostics: tuple[Diagnostic, ...]
    comb: CombFile | None = None
    graph: OperatorGraph | None = None


def check(sources: SourceSet, platform: SourceSet | None = None) -> Checked:
    """Read, bind and analyse the main file of `sources`, against `platform` where one is given. Never raises."""
    content = sources.files[sources.main]
    if isinstance(content, Unavailable):
        return Checked(sources.main, "", "", None, (_unavailable(content, sources.main),))
    source, refused = decode(sources.main, content)
    if source is None:
        return Checked(sources.main, "", "", None, tuple(refused))
    reading = read_once(source)
    if reading.root is None:
        return Checked(sources.main, reading.kind, "", None, in_reading_order(reading.diagnostics))
    return _check_platform(sources, reading) if reading.kind == "Platform" else _check_comb(sources, reading, platform)


def _unavailable(reason: Unavailable, file: str) -> Diagnostic:
    return diagnose(reason.code, reason.message, Span.whole_file(file), hints=(reason.hint,) if reason.hint else ())


def _check_platform(sources: SourceSet, reading: Reading) -> Checked:
    bound = _platform(reading)
    name = bound.value.metadata.name if bound.value else ""
    return Checked(sources.main, "Platform", name, None, in_reading_order(bound.diagnostics))


def _check_comb(sources: SourceSet, reading: Reading, platform: SourceSet | None) -> Checked:
    assert reading.root is not None
    file = bind_comb(reading)
    graph, found = _graphs(file)
    lock, unlocked = read_lock(sources)
    found += (*file.diagnostics, *file_findings(sources, reading.root), *unlocked)
    if not unlocked:
        found += pin_findings(file, lock)
    if platform is not None:
        found += _against(platform, file)
    place = file.base.place("metadata", "name")
    name = place.value.data if place.path == ("metadata", "name") and isinstance(place.value.data, str) else ""
    span = place.span if name else None
    return Checked(sources.main, "Comb", name, span, in_reading_order(_without_echoes(found)), file, graph)


def _graphs(file: CombFile) -> tuple[OperatorGraph | None, list[Diagnostic]]:
    """The graph as written, and what is wrong with it or with that of any variant."""
    graph = None
    found: list[Diagnostic] = []
    for variant in (file.base, *file.arms.values(), *file.environments.values()):
        if variant.value is not None:
            built, diagnostics = build_graph(variant)
            graph = built if variant is file.base else graph
            found += diagnostics
    return graph, found


_SPOILED = (codes.UNDEFINED_ALIAS, codes.UNSUPPORTED_TAG)
"""What makes a value unreadable: whatever else is said of the value is only an echo."""


def _without_echoes(found: list[Diagnostic]) -> list[Diagnostic]:
    """One mistake, one finding: no more of a spoiled value, and no warning of ambiguity where it is wrong anyway."""
    spoiled = {_place(finding) for finding in found if finding.code in _SPOILED}
    wrong = {_place(finding) for finding in found if finding.severity is Severity.ERROR}
    return [
        finding
        for finding in found
        if finding.code in _SPOILED
        or (
            _place(finding) not in spoiled
            and (finding.code is not codes.AMBIGUOUS_SCALAR or _place(finding) not in wrong)
        )
    ]


def _place(finding: Diagnostic) -> Span | None:
    return finding.primary.span if finding.primary else None


def _against(platform: SourceSet, file: CombFile) -> Iterator[Diagnostic]:
    """What the comb asks of the platform that it does not have. What is wrong with the platform is its own verdict."""
    content = platform.files[platform.main]
    source = None if isinstance(content, Unavailable) else decode(platform.main, content)[0]
    reading = read_once(source) if source else None
    if reading is None or reading.root is None or reading.kind != "Platform":
        return
    from comb_compiler.spec.checks.against_platform import check_against_platform

    bound = _platform(reading)
    variants: list[tuple[Bound[Comb], str | None]] = [(file.base, None), *((arm, None) for arm in file.arms.values())]
    variants += [(variant, name) for name, variant in file.environments.items()]
    for variant, environment in variants:
        if variant.value is not None:
            yield from check_against_platform(variant, variant.value, bound, environment)


@lru_cache(maxsize=4)
def _platform(reading: Reading) -> "Bound[Platform]":
    """The platform of a reading, bound once for all combs that are checked against it."""
    from comb_compiler.spec.platformfile import bind_platform

    return bind_platform(reading)
