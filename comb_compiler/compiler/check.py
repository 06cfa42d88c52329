"""Everything that can be said of a comb.yaml or platform.yaml without running anything."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Span, in_reading_order
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph import OperatorGraph, build_graph
from comb_compiler.source import SourceSet, Unavailable, decode
from comb_compiler.spec import Bound, Comb, CombFile, Reading, bind_comb, read
from comb_compiler.spec.places import format_path

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
        return Checked(sources.main, "", "", None, (_unavailable(content, Span.whole_file(sources.main)),))
    source, refused = decode(sources.main, content)
    if source is None:
        return Checked(sources.main, "", "", None, tuple(refused))
    reading = read(source)
    if reading.root is None:
        return Checked(sources.main, reading.kind, "", None, in_reading_order(reading.diagnostics))
    return _check_platform(sources, reading) if reading.kind == "Platform" else _check_comb(sources, reading, platform)


def _check_platform(sources: SourceSet, reading: Reading) -> Checked:
    from comb_compiler.spec.platformfile import bind_platform

    bound = bind_platform(reading)
    name = bound.value.metadata.name if bound.value else ""
    return Checked(sources.main, "Platform", name, None, in_reading_order(bound.diagnostics))


def _check_comb(sources: SourceSet, reading: Reading, platform: SourceSet | None) -> Checked:
    file = bind_comb(reading)
    found = list(file.diagnostics)
    graph = None
    variants = (file.base, *file.arms.values(), *file.environments.values())
    for variant in variants:
        if variant.value is not None:
            built, diagnostics = build_graph(variant)
            graph = built if variant is file.base else graph
            found += diagnostics
    found += _missing_files(sources, file.base)
    found += _unpinned(sources, file)
    if platform is not None:
        found += _against(platform, file)
    place = file.base.place("metadata", "name")
    name = place.value.data if place.path == ("metadata", "name") and isinstance(place.value.data, str) else ""
    span = place.span if name else None
    return Checked(sources.main, "Comb", name, span, in_reading_order(found), file, graph)


def _missing_files(sources: SourceSet, bound: Bound[Comb]) -> Iterator[Diagnostic]:
    place = bound.place("interface", "proto")
    if place.path != ("interface", "proto") or not isinstance(place.value.data, str):
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(sources.main), place.value.data))
    content = sources.files.get(path)
    if isinstance(content, Unavailable):
        yield _unavailable(content, place.span, format_path(place.path))


def _unavailable(reason: Unavailable, span: Span, path: str = "") -> Diagnostic:
    return diagnose(reason.code, reason.message, span, path=path, hints=(reason.hint,) if reason.hint else ())


def _unpinned(sources: SourceSet, file: CombFile) -> Iterator[Diagnostic]:
    """Model versions without a digest, neither here nor in comb.lock."""
    return iter(())


def _against(platform: SourceSet, file: CombFile) -> Iterator[Diagnostic]:
    from comb_compiler.spec.checks.against_platform import check_against_platform
    from comb_compiler.spec.platformfile import bind_platform

    content = platform.files[platform.main]
    if isinstance(content, Unavailable):
        return
    source, _ = decode(platform.main, content)
    reading = read(source) if source else None
    if reading is None or reading.root is None:
        return
    bound = bind_platform(reading)
    variants: list[tuple[Bound[Comb], str | None]] = [(file.base, None), *((b, None) for b in file.arms.values())]
    variants += [(variant, name) for name, variant in file.environments.items()]
    for variant, environment in variants:
        if variant.value is not None:
            yield from check_against_platform(variant, variant.value, bound, environment)
