"""A plan → tables for a terminal: what runs in each cluster, and what its nodes have left."""

from collections.abc import Iterator, Sequence

from comb_compiler.cli.console import Console
from comb_compiler.cli.plan_nodes import node_lines
from comb_compiler.cli.plan_style import Style
from comb_compiler.cli.plan_traffic import traffic_lines
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.plan.model import Amounts, ClusterPlan, Plan, Replicas, Workload
from comb_compiler.plan.wording import plain, size

__all__ = ["plan_table"]

_ASCII = str.maketrans({"×": "x", "–": "-", "·": ",", "█": "#", "░": ".", "…": "~", "→": "->"})
_HEAD = ("workload", "min–max", "cores", "memory", "share of a device")
_LEAST_NAME = 16
_ROUNDING = 2**20
"""Less than this is not worth a word."""


def plan_table(plan: Plan, console: Console) -> str:
    """All clusters of one environment, to the console's width."""
    style = Style(console.width, console.colour)
    parts = [list(_cluster(plan, cluster, style)) for cluster in plan.clusters]
    parts.append(list(traffic_lines(plan.traffic, style)))
    text = "\n\n".join("\n".join(lines) for lines in parts if lines)
    return text if console.unicode else text.translate(_ASCII)


def _cluster(plan: Plan, cluster: ClusterPlan, style: Style) -> Iterator[str]:
    title = f"{plan.comb} in {plan.environment}: cluster {cluster.cluster}, namespace {cluster.namespace}"
    title += f", zone {cluster.zone}" if cluster.zone else ""
    yield style.bold(printable(title))
    yield _verdict(cluster, style)
    if cluster.workloads:
        yield ""
        yield from _workloads(cluster.workloads, style)
    yield ""
    yield from node_lines(cluster.fit.left, style)


def _verdict(cluster: ClusterPlan, style: Style) -> str:
    least = sum(one.replicas.least for one in cluster.workloads)
    most = sum(one.replicas.most for one in cluster.workloads)
    count = f"{_range(Replicas(least, most))} instance{'s' if most != 1 else ''}"
    if not cluster.fit.fits:
        return f"{count}; {style.bad(f'no place for {sum(cluster.fit.missing.values())} of {least}')}"
    if cluster.fit.safe:
        return f"{count}; the fewest {style.good('fit in any order')}"
    return f"{count}; the fewest {style.fair('fit')}, though perhaps not in any order"


def _workloads(workloads: Sequence[Workload], style: Style) -> Iterator[str]:
    rows = [_cells(one) for one in workloads]
    used = [index for index in range(len(_HEAD)) if any(row[index] for row in rows)]
    widths = [max(len(row[index]) for row in (_HEAD, *rows)) for index in used]
    widths[0] = min(widths[0], max(_LEAST_NAME, style.width - sum(widths[1:]) - 2 * len(widths)))
    yield style.dim(_aligned([_HEAD[index] for index in used], widths, style))
    told: set[str] = set()
    for one, row in zip(workloads, rows, strict=True):
        yield _aligned([row[index] for index in used], widths, style)
        yield from _details(one, told, style)


def _cells(one: Workload) -> tuple[str, ...]:
    amounts = one.amounts
    cores = plain(amounts.cpu) if amounts.cpu else ""
    return one.name, _range(one.replicas), cores, size(amounts.memory) if amounts.memory else "", _share(amounts)


def _share(amounts: Amounts) -> str:
    part = amounts.slice
    if part is None:
        return ""
    count = f"{part.devices} × " if part.devices > 1 else ""
    compute = f", {part.compute:.0%}" if part.compute else ""
    return f"{count}{part.profile or size(part.memory)}{compute}"


def _range(replicas: Replicas) -> str:
    least, most = replicas
    return str(least) if least == most else f"{least}–{most}"


def _aligned(cells: Sequence[str], widths: Sequence[int], style: Style) -> str:
    """The first cell to the left, the others to the right."""
    name, *others = cells
    numbers = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
    return "  " + "  ".join([style.cut(name, widths[0]), *numbers]).rstrip()


def _details(one: Workload, told: set[str], style: Style) -> Iterator[str]:
    """What there is to say of a workload; a note that was told above is not told at length again."""
    whose = ", ".join(one.group.operators) or "the graph alone"
    words = [whose, f"on {one.device} in {', '.join(one.pools)}", *([one.priority] if one.priority else [])]
    yield from (style.dim(line) for line in style.filled(" · ".join(words), "    "))
    part = one.amounts.slice
    wasted = [f"{size(part.wasted)} of its share are not asked for"] if part and part.wasted >= _ROUNDING else []
    for note in (*one.notes, *wasted):
        yield from style.filled("as above" if note in told else note, "    - ", "      ")
        told.add(note)
