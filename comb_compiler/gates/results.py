"""What is reported of gates."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.gates.load.results import LoadFound
from comb_compiler.gates.regular import FieldFinding
from comb_compiler.gates.verdicts import Ruling, Verdict, of_all
from comb_compiler.gates.weakening import Weakening

__all__ = ["GateReport", "GateResult", "Kind", "Place", "SampleFinding"]


class Kind:
    """What a sample is found to be."""

    BROKEN = "broken"
    FIXED = "fixed"
    WRONG = "wrong"
    CHANGED = "changed"


class Place(NamedTuple):
    """Where two answers differ, or an answer and what is expected of it; values in Protobuf's JSON form."""

    place: str
    before: Any
    after: Any


class SampleFinding(NamedTuple):
    """A sample that is worth a look. `codes` are what the baseline and the candidate answered, by gRPC's names.

    `places` is where the candidate differs: from what is expected where that is known, else from the baseline. `node`
    is the first of the graph whose answer differs from the baseline's, where that was asked for. `source` is where the
    sample's files are.
    """

    name: str
    kind: str
    codes: tuple[str | None, str]
    places: tuple[Place, ...] = ()
    message: str = ""
    node: str = ""
    about: str = ""
    source: str = ""

    @property
    def columns(self) -> tuple[str, str]:
        """What the two values of a place are."""
        if self.kind == Kind.CHANGED:
            return "baseline", "candidate"
        return "expected", "baseline, until now" if self.kind == Kind.FIXED else "candidate"


class GateResult(NamedTuple):
    """One gate: its ruling, the set that it asked, and what it found; `asked` is `answered` and `failed` together.

    `kept` of the answers came in an earlier run, of which GateReport says when it was. `load` has the steps of the load
    gate.
    """

    gate: str
    ruling: Ruling
    samples: str
    digest: str
    asked: int
    answered: int
    failed: int
    seconds: float
    fields: tuple[FieldFinding, ...] = ()
    findings: tuple[SampleFinding, ...] = ()
    kept: int = 0
    load: LoadFound | None = None


class GateReport(NamedTuple):
    """All gates of one run, about one subject.

    `promise` says what the target's isolation is worth. `exam` says where thresholds, rules and sample sets come from,
    and `weakened` how the change would have weakened them. `earlier` says when the run began of which answers were
    kept, as ISO 8601 has it; empty where none were. `images` are the digests of the images that the candidate's
    processes ran in, by process, where they did.
    """

    comb: str
    subject: str
    baseline: Mapping[str, str]
    target: str
    isolation: str
    promise: str
    exam: str
    gates: tuple[GateResult, ...]
    weakened: tuple[Weakening, ...] = ()
    earlier: str = ""
    images: Mapping[str, str] = {}

    @property
    def verdict(self) -> Verdict:
        """One of all gates; an exam that is weakened without a waiver blocks."""
        weaker = [Verdict.BLOCKED for one in self.weakened if one.waiver is None]
        return of_all([*weaker, *(one.ruling.verdict for one in self.gates)])
