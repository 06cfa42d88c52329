"""What a load saw → the guide: what to change in comb.yaml, with the edits that do it."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from statistics import fmean
from typing import TYPE_CHECKING

from comb_compiler.cli.gate.changed import changed_since
from comb_compiler.cli.gate.machines import cores
from comb_compiler.cli.opening import Clean
from comb_compiler.diagnostics import Applicability, Edit, Fix
from comb_compiler.gates.load.growth import Growth, growth_of
from comb_compiler.gates.load.guide import Advice, Guide, Run, Scene, Write, Written, guide_of
from comb_compiler.gates.load.guide.metrics import Page, seen_between
from comb_compiler.gates.load.guide.model import GpuSeen, OperatorSeen
from comb_compiler.gates.load.seen import REJECTED, TIMEOUTS, Side, Step, Used
from comb_compiler.graph.model import OperatorGraph
from comb_compiler.source import Node
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.putting import put

if TYPE_CHECKING:
    from comb_compiler.spec.comb.operators import Operator

__all__ = ["guiding", "run_of"]

_DOUBT = 0.01
NOTHING: Mapping[tuple[str, str], str] = {}


def run_of(
    step: Step, pages: tuple[Page, Page], start: float | None, baseline: Sequence[OperatorSeen] = ()
) -> Run | None:
    """The candidate in one step, with its page of metrics before and after; None where it was asked nothing.

    `baseline` is what that did by turns.
    """
    sides = [one for one in (step.candidate, step.turned.candidate if step.turned else None) if one is not None]
    turns = [turn for side in sides for turn in side.turns]
    due, before = list[float](), 0.0
    for turn in turns:
        due += [before + when for when in sorted(turn.due)]
        before += turn.seconds
    if not due:
        return None
    used = [one for side in sides for one in side.used()]
    codes = [code for turn in turns for code in turn.codes]
    return Run(
        rate=step.rate,
        seconds=before,
        due=due,
        latency=fmean(took for turn in turns for took in turn.took),
        operators=seen_between(*pages),
        cores=cores(),
        cpu=_cpu(sides),
        start=start,
        memory=used[-1].memory if used else None,
        growth=_growth(used) if len(turns) == 1 else None,
        gpus=_gpus(used),
        before={one.step: one.service for one in baseline},
        unserved=sum(code in TIMEOUTS or code in REJECTED for code in codes) / len(codes),
    )


def _growth(used: list[Used]) -> Growth | None:
    return growth_of([one.at for one in used], [one.memory for one in used], _DOUBT)


def _cpu(sides: list[Side]) -> float | None:
    """CPU time of a request, in seconds."""
    known = [(one.cpu, one.requests) for one in sides if one.cpu is not None]
    return sum(cpu * many for cpu, many in known) / sum(many for _, many in known) if known else None


def _gpus(used: list[Used]) -> tuple[GpuSeen, ...]:
    several = list(zip(*[one.gpus for one in used], strict=False))
    return tuple(
        GpuSeen(
            gpu[0].name,
            tuple(one.utilization for one in gpu if one.utilization is not None),
            max((int(one.memory) for one in gpu if one.memory is not None), default=None),
        )
        for gpu in several
    )


def guiding(
    clean: Clean, arm: str, passed: Mapping[tuple[str, str], str] = NOTHING, baseline: Clean | None = None
) -> Callable[[Run], Guide]:
    """What makes the guide of a candidate's run, which is `clean` or an arm of it; `passed` is as in Scene."""
    comb = clean.compiled.checked.comb
    assert comb is not None
    bound = comb.arms[arm] if arm else comb.base
    assert bound.value is not None
    written = {name: _written(one) for name, one in bound.value.operators.items()}
    number = (
        next((one.graph for one in clean.plan.experiment.arms if one.name == arm), 0) if clean.plan.experiment else 0
    )
    sla = bound.value.sla
    root = comb.base.root
    changed = {} if baseline is None else changed_since(baseline, clean)

    def guide(run: Run) -> Guide:
        deadline = None if sla.deadline is None else sla.deadline.total_seconds()
        found = guide_of(Scene(run, written, clean.plan.graphs[number], sla.qps, deadline, passed, changed))
        advice = tuple(one._replace(fix=_fix(one, root, clean.compiled.checked.graph)) for one in found.advice)
        return found._replace(advice=advice, files=_digests(clean, advice))

    return guide


def _written(operator: "Operator") -> Written:
    resources, batch = operator.resources, operator.batch
    compute = resources.gpu.compute if resources.gpu is not None else None
    return Written(
        timeout=operator.timeout.total_seconds() if operator.timeout else None,
        batch=batch.max if batch else None,
        patience=batch.wait.total_seconds() if batch and batch.wait else 0.0,
        least=operator.scale.min,
        cpu=None if resources.cpu is None else float(resources.cpu),
        memory=resources.memory,
        gpu=None if compute is None else float(compute),
    )


def _fix(advice: Advice, root: Node, graph: OperatorGraph | None) -> Fix | None:
    """None where what is to be written has no one place, as where an alias stands."""
    edits = [_edit(root, one, graph) for one in advice.writes]
    if any(one is None for one in edits):
        return None
    title = "write " + " and ".join(f"`{'.'.join(one.path)}: {one.text}`" for one in advice.writes)
    return Fix(title, tuple(one for one in edits if one is not None), Applicability.UNSAFE)


def _edit(root: Node, write: Write, graph: OperatorGraph | None) -> Edit | None:
    """A step's inputs stand in the text of its call, as a rule."""
    if write.path[0] != "graph":
        return put(root, write.path, write.text)
    _, step, _, port = write.path
    edges = graph.steps[step].inputs if graph is not None and step in graph.steps else ()
    return next((Edit(edge.source.whole_span, write.text) for edge in edges if edge.port == port), None)


def _digests(clean: Clean, advice: tuple[Advice, ...]) -> Mapping[str, str]:
    files = {edit.span.file for one in advice if one.fix is not None for edit in one.fix.edits}
    contents = {file: clean.checkout.read(file) for file in sorted(files)}
    return {file: sha256(one).hexdigest() for file, one in contents.items() if not isinstance(one, Unavailable)}
