"""What the engine and the service count, in the text format of Prometheus."""

from collections.abc import Iterable, Iterator, Mapping

from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.engine.meters import BOUNDS, Measure, Meter, Meters
from comb_compiler.runtime.service.face import Served
from comb_compiler.runtime.service.stage import Stage

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(stage: Stage) -> str:
    """All metrics of what is served now."""
    lines = list(_of_service(stage))
    served = None if stage.face is None else stage.face.served
    if served is not None and served.meters is not None:
        lines += _of_requests(served, served.meters)
        lines += _of_steps(served, served.meters)
        lines += _of_operators(served.meters)
    if served is not None:
        lines += _of_parts(served.measures())
    return "\n".join(lines) + "\n"


def _of_service(stage: Stage) -> Iterator[str]:
    yield from _head("comb_ready", "gauge", "Whether requests should come here.")
    yield f"comb_ready {int(not stage.reasons)}"
    yield from _head("comb_requests_under_way", "gauge", "Requests that were taken on and have not ended.")
    yield f"comb_requests_under_way {stage.gate.inside}"
    yield from _head("comb_requests_refused_total", "counter", "Requests refused because too many were under way.")
    yield f"comb_requests_refused_total {stage.gate.refused}"


def _of_requests(served: Served, meters: Meters) -> Iterator[str]:
    experiment = served.plan.experiment
    arms = ("",) if experiment is None else tuple(arm.name for arm in experiment.arms)
    rows = [({"arm": arm} if arm else {}, meter) for arm, meter in zip(arms, meters.requests, strict=True)]
    yield from _metered("comb_request", "Requests", rows)


def _of_steps(served: Served, meters: Meters) -> Iterator[str]:
    rows = [
        ({"graph": str(number), "step": node.name}, meter)
        for number, (graph, of_graph) in enumerate(zip(served.plan.graphs, meters.nodes, strict=True))
        for node, meter in zip(graph.nodes, of_graph, strict=True)
    ]
    yield from _metered("comb_step", "Calls of operators", rows)


def _of_operators(meters: Meters) -> Iterator[str]:
    yield from _head("comb_batches_total", "counter", "Batches by operator and size.")
    for name, sizes in meters.batches.items():
        for size, count in sorted(sizes.items()):
            yield f"comb_batches_total{_labels({'operator': name, 'size': str(size)})} {count}"
    yield from _head("comb_worker_restarts_total", "counter", "Worker processes that had to be started again.")
    for name, count in meters.restarts.items():
        yield f"comb_worker_restarts_total{_labels({'operator': name})} {count}"
    yield from _head("comb_retries_total", "counter", "Calls of operators that were tried again.")
    yield f"comb_retries_total {meters.retries}"


def _of_parts(measures: Iterable[Measure]) -> Iterator[str]:
    last = ""
    for name, labels, value in measures:
        if name != last:
            last = name
            yield f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}"
        yield f"{name}{_labels(labels)} {value}"


def _metered(name: str, what: str, rows: list[tuple[dict[str, str], Meter]]) -> Iterator[str]:
    yield from _head(f"{name}s_total", "counter", f"{what} that have ended, by code.")
    for labels, meter in rows:
        for code, count in sorted(meter.codes.items()):
            yield f"{name}s_total{_labels({**labels, 'code': Code(code).name})} {count}"
    yield from _head(f"{name}_seconds", "histogram", f"{what}: how long they took.")
    for labels, meter in rows:
        yield from _histogram(f"{name}_seconds", labels, meter)


def _histogram(name: str, labels: Mapping[str, str], meter: Meter) -> Iterator[str]:
    taken = meter.histogram
    total = 0
    for bound, count in zip((*BOUNDS, "+Inf"), taken.buckets, strict=True):
        total += count
        yield f"{name}_bucket{_labels({**labels, 'le': str(bound)})} {total}"
    yield f"{name}_sum{_labels(labels)} {taken.sum}"
    yield f"{name}_count{_labels(labels)} {total}"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
