"""Samples that a candidate answers otherwise → the first node of the graph whose answer is another than the baseline's.

They are asked once more, of processes that record what each node gives.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from comb_compiler.cli.gate.targets import Answers, launched
from comb_compiler.gates import Case, GateResult, Gone, Unreadable

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Source
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["traced"]

_MOST = 12
_TARGETS = ("baseline", "candidate")


async def traced(
    results: Sequence[GateResult], cases: Mapping[str, Case], sources: "Mapping[str, Source]", answers: Answers
) -> list[GateResult]:
    """The results, with the nodes of their first samples; as they are where nothing differs from the baseline.

    `sources` has baseline and candidate, each to be asked for all that it does. What cannot be asked again has no node.
    """
    findings = [one for result in results for one in result.findings if one.codes[0] is not None and one.name in cases]
    names = list(dict.fromkeys(one.name for one in findings))[:_MOST]
    if not names or set(_TARGETS) - sources.keys():
        return list(results)
    with TemporaryDirectory(prefix="comb-gate-") as directory:
        try:
            recorded = [
                await _recorded(name, sources[name], cases, names, answers, Path(directory)) for name in _TARGETS
            ]
        except (Gone, Unreadable):
            return list(results)
    nodes = {name: _first(*(one.get(name) for one in recorded)) for name in names}
    return [
        result._replace(
            findings=tuple(
                one if one.codes[0] is None else one._replace(node=nodes.get(one.name, "")) for one in result.findings
            )
        )
        for result in results
    ]


async def _recorded(
    target: str, source: "Source", cases: Mapping[str, Case], names: Sequence[str], answers: Answers, directory: Path
) -> "dict[str, Record]":
    """Ask one target; what it recorded, by the samples' names."""
    from comb_compiler.samples.embedded import EmbeddedStore
    from comb_compiler.samples.store import Query

    recording = source.plan.recording._replace(sample=1.0, redact=(), patterns=(), files=())
    everything = source._replace(plan=source.plan._replace(recording=recording))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(launched(target, everything, answers, directory / target))
        for number, name in enumerate(names):
            await service.ask(cases[name].request, f"sample-{number}")
    store = EmbeddedStore(directory / target)
    try:
        found = {one.request_id: one.id for one in store.find(Query(), limit=len(names)).found}
        ids = {name: found.get(f"sample-{number}", "") for number, name in enumerate(names)}
        records = store.get([id for id in ids.values() if id])
    finally:
        store.close()
    return {name: records[id] for name, id in ids.items() if id in records}


def _first(before: "Record | None", after: "Record | None") -> str:
    """The first node, in the candidate's order, that gave something else than before."""
    if before is None or after is None:
        return ""
    gave = {one.node: (one.code, one.output.message) for one in before.operators}
    return next((one.node for one in after.operators if gave.get(one.node) != (one.code, one.output.message)), "")
