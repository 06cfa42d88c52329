"""Statistics of recorded requests → one HTML page that needs nothing else: no script, no font, no picture."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from comb_compiler.cli.samples.charts import COLOURS, Chart, Series
from comb_compiler.cli.samples.statistics import PERCENTILES, Axis, Stats, Table, named, span
from comb_compiler.cli.tables import milliseconds, moment
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.graph.drawing.markup import escaped

__all__ = ["page"]

_COLUMNS = 160
_OTHERS = "others"
_LIGHT = ("#4c78a8", "#e4572e", "#17a673", "#b279a2", "#eeb422", "#54a5b3", "#9d755d", "#8a8f98")
_DARK = ("#6ca0d8", "#ff7b54", "#3fcf97", "#cf9cc4", "#f2c14e", "#7ac7d4", "#c29b82", "#a3a9b3")
_STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --back: #fff; LIGHT }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --back: #0d1117; DARK } }
body { margin: 0 auto; max-width: 1080px; padding: 2rem 1.25rem 4rem; font: 15px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--back); }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
.soft, figcaption { color: var(--soft); } figure { margin: 0; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 640px; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--line); } path { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.key { display: inline-block; max-width: 24em; margin-right: 1rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; vertical-align: bottom; }
.key i { display: inline-block; width: .7em; height: .7em;
  border-radius: 2px; margin-right: .35em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
td:first-child { overflow-wrap: anywhere; min-width: 11em; }
th { text-align: left; color: var(--soft); font-size: .85em; } th, td { padding: .25rem .5rem; border-bottom: 1px solid
  var(--line); } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { min-width: 90px; width: 25%; }
.bar i { display: block; height: .7em; border-radius: 2px; background: var(--c0); }
"""


def page(stats: Stats, about: str) -> str:
    """The page. `about` says what was asked for."""
    axis = Axis.of(stats, _COLUMNS)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Recorded requests: {_text(about)}</title><style>{_style()}</style></head><body>",
        f"<h1>{stats.total:,} recorded requests</h1>",
        f'<p class="soft">{_text(about)}: from {moment(stats.first)} to {moment(stats.last)}.',
        f"A column is {span(axis.width)}. Rates are of what was kept, not of what came, unless all of it was.</p>",
        *_plots(stats, axis),
        *(line for one in stats.tables if any(bucket.values[0] for bucket in one.counts) for line in _table(one)),
        "</body></html>",
        "",
    ]
    return "\n".join(parts)


def _style() -> str:
    light, dark = (" ".join(f"--c{at}: {one};" for at, one in enumerate(of)) for of in (_LIGHT, _DARK))
    return _STYLE.replace("LIGHT", light).replace("DARK", dark) + "\n".join(
        f".c{at} {{ fill: var(--c{at}); }} path.c{at} {{ stroke: var(--c{at}); fill: none; }}" for at in range(COLOURS)
    )


def _plots(stats: Stats, axis: Axis) -> Iterator[str]:
    labels = [moment(axis.start + column * axis.width) for column in range(axis.columns)]
    arms = _series(((one.start, _arm(one.values), one.records) for one in stats.arms), axis.summed)
    yield from _plot(Chart("Records by arm" if len(arms) > 1 else "Records", arms, labels, _count))
    failed = ((one.start, named("code", one.values[0]), one.records) for one in stats.timeline if one.values[0] != "0")
    yield from _plot(Chart("Failed requests by code", _series(failed, axis.summed), labels, _count))
    percentiles = [
        Series(f"p{percent * 100:g}", axis.highest((one.start, one.percentiles[at]) for one in stats.latencies))
        for at, percent in enumerate(PERCENTILES)
    ]
    yield from _plot(Chart("Latency", percentiles, labels, _time), is_stacked=False)
    if len(arms) > 1:
        slowest = ((one.start, _arm(one.values), one.percentiles[0]) for one in stats.arm_latencies)
        order = [one.name for one in arms]
        yield from _plot(Chart("p99 by arm", _series(slowest, axis.highest, order), labels, _time), is_stacked=False)


def _arm(values: Sequence[str]) -> str:
    return printable(values[0]) or "(no arm)"


def _series(
    rows: Iterable[tuple[float, str, float]],
    join: Callable[[Iterable[tuple[float, float]]], list[float]],
    order: Sequence[str] = (),
) -> list[Series]:
    """A series for each name, the largest first where no order is given; those that have no colour left are one."""
    found: dict[str, list[tuple[float, float]]] = {}
    for start, name, value in rows:
        found.setdefault(name, []).append((start, value))
    names = [one for one in order if one in found] or sorted(
        found, key=lambda one: -sum(value for _, value in found[one])
    )
    shown = names if len(names) <= COLOURS else names[: COLOURS - 1]
    series = [Series(name, join(found[name])) for name in shown]
    rest = [value for name, values in found.items() if name not in shown for value in values]
    return [*series, Series(_OTHERS, join(rest))] if rest else series


def _plot(chart: Chart, *, is_stacked: bool = True) -> Iterator[str]:
    yield f"<h2>{_text(chart.title)}</h2>"
    if not chart.series:
        yield '<p class="soft">There are none.</p>'
        return
    keys = (
        f'<span class="key"><i style="background: var(--c{at})"></i>{_text(one.name)}</span>'
        for at, one in enumerate(chart.series)
    )
    yield f"<figure><figcaption>{''.join(keys)}</figcaption>{chart.bars() if is_stacked else chart.lines()}</figure>"


def _table(one: Table) -> Iterator[str]:
    heads = "".join(f'<th class="number">{name}</th>' for name in ("records", "share", "p50", "p90", "p99"))
    yield f'<h2>By {_text(one.by)}</h2><div class="wide"><table><tr><th>{_text(one.by)}</th>{heads}<th></th></tr>'
    total = sum(bucket.records for bucket in one.counts)
    for bucket in one.counts:
        share = bucket.records / total
        latency = one.latencies.get(bucket.values)
        times = (
            [milliseconds(value) for value in latency.percentiles] if latency is not None else [""] * len(PERCENTILES)
        )
        cells = "".join(f'<td class="number">{cell}</td>' for cell in (f"{bucket.records:,}", f"{share:.2%}", *times))
        drawn = f'<td class="bar"><i style="width: {max(0.5, share * 100):.1f}%"></i></td>'
        yield f"<tr><td>{_text(named(one.by, bucket.values[0]))}</td>{cells}{drawn}</tr>"
    yield "</table></div>"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _text(text: str) -> str:
    return escaped(printable(text))
