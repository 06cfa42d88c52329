"""Samples that a candidate answers otherwise → the first node of the graph whose answer is another than the baseline's.

They are asked once more, of processes that record what each node gives.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.gate.nodes import first_apart
from comb_compiler.cli.gate.targets import Answers, launched
from comb_compiler.gates import Answered, GateResult, Gone, Set, Unreadable
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Source
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["Asked", "Nodes", "asked_for_all", "traced", "with_nodes"]

_MOST = 12
_TARGETS = ("baseline", "candidate")


class Asked(NamedTuple):
    """What a target answered, and what it recorded of that."""

    answered: Answered
    record: "Record | None"


Nodes = dict[tuple[str, str], str]
"""The first nodes that answer otherwise, by gate and sample."""


async def traced(
    results: Sequence[GateResult], sets: Mapping[str, Set], sources: "Mapping[str, Source]", answers: Answers
) -> Nodes:
    """The nodes of the first samples that answer otherwise than the baseline's; nothing where none does.

    `sets` has what each gate asked; `sources` baseline and candidate, each to be asked for all that it does. What
    cannot be asked again, or finds no room for what it records, has no node: verdicts do not rest on it.
    """
    from comb_compiler.samples.store import StoreError

    cases = {(gate, case.name): case for gate, one in sets.items() for case in one.cases}
    told = [(result.gate, one) for result in results for one in result.findings if one.codes[0] is not None]
    names = [(gate, one.name) for gate, one in told if (gate, one.name) in cases][:_MOST]
    if not names or set(_TARGETS) - sources.keys():
        return {}
    asked = [cases[name].request for name in names]
    with TemporaryDirectory(prefix="comb-gate-") as directory:
        try:
            before, after = [
                await asked_for_all(name, sources[name], asked, answers, Path(directory)) for name in _TARGETS
            ]
        except (Gone, OSError, OutsideFailure, StoreError, Unreadable):
            return {}
    return {name: _first(*both) for name, *both in zip(names, before, after, strict=True)}


def with_nodes(results: Sequence[GateResult], nodes: Nodes) -> list[GateResult]:
    """The results, with what tracing found of their samples."""
    return [
        result._replace(
            findings=tuple(one._replace(node=nodes.get((result.gate, one.name), "")) for one in result.findings)
        )
        for result in results
    ]


async def asked_for_all(
    target: str, source: "Source", requests: Sequence[Mapping[str, Any]], answers: Answers, directory: Path
) -> list[Asked]:
    """Start a target, and ask it each of the requests. What it records is kept below `directory` for as long.

    Raises Gone where it does not start or ends, and Unreadable.
    """
    from comb_compiler.samples.embedded import EmbeddedStore
    from comb_compiler.samples.store import Query

    recording = source.plan.recording._replace(sample=1.0, redact=(), patterns=(), files=())
    everything = source._replace(plan=source.plan._replace(recording=recording))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(launched(target, everything, answers, directory / target))
        answered = [await service.ask(request, f"sample-{number}") for number, request in enumerate(requests)]
    store = EmbeddedStore(directory / target)
    try:
        found = {one.request_id: one.id for one in store.find(Query(), limit=len(requests)).found}
        records = {one.request_id: one for one in store.get(list(found.values())).values()}
    finally:
        store.close()
    return [Asked(one, records.get(f"sample-{number}")) for number, one in enumerate(answered)]


def _first(before: Asked, after: Asked) -> str:
    return "" if before.record is None or after.record is None else first_apart(before.record, after.record)
