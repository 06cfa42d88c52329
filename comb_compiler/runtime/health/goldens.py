"""Golden samples: requests whose answers are known, asked of a running engine."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Finished, Probe
from comb_compiler.runtime.health.fingerprints import fingerprint
from comb_compiler.runtime.instance import unpacked
from comb_compiler.runtime.messages import Message
from comb_compiler.samples import Sample, SampleSet, missed

__all__ = ["FAILED", "RIGHT", "WRONG", "Golden", "Outcome", "ask", "read_goldens", "varied"]

RIGHT, WRONG, FAILED = "right", "wrong", "failed"
"""How a golden was answered: as expected; otherwise than expected; or something on the way failed or was late."""

_PLACES = 3


class Golden(NamedTuple):
    """A sample with its request as a message of the engine's; `problem` says why there is none."""

    sample: Sample
    request: Message | None
    problem: str = ""


class Outcome(NamedTuple):
    """How a golden was answered in an arm. What goes by node goes by its name.

    `detail` says what was wrong. `failures` has the codes of nodes that failed, `answers` the fingerprints of what the
    nodes gave, `seconds` how long they took; `took` is how long the whole took.
    """

    arm: str
    golden: Golden
    kind: str
    detail: str = ""
    failures: Mapping[str, int] = {}
    answers: Mapping[str, Any] = {}
    seconds: Mapping[str, float] = {}
    took: float = 0.0

    @property
    def name(self) -> str:
        """The sample's name."""
        return self.golden.sample.name


def read_goldens(samples: SampleSet, request_type: type[Message]) -> tuple[Golden, ...]:
    """The samples of a set as requests of a method."""
    return tuple(_golden(sample, request_type) for sample in samples.samples)


def _golden(sample: Sample, request_type: type[Message]) -> Golden:
    try:
        return Golden(sample, ParseDict(dict(sample.request), request_type()))
    except (ParseError, TypeError, ValueError, AttributeError, RecursionError, SystemError) as error:
        # Of hostile values and, the last, of names that are no text: half of a surrogate pair.
        return Golden(sample, None, f"its request is no {request_type.DESCRIPTOR.full_name}: {error}")


def varied(goldens: Sequence[Golden], count: int) -> tuple[Golden, ...]:
    """`count` goldens, or all: first one of each kind of expected answer, then a second one of each, and so on."""
    kinds: dict[str, list[Golden]] = {}
    for golden in goldens:
        kinds.setdefault(_kind(golden.sample), []).append(golden)
    turns = [(turn, place) for place, kind in enumerate(kinds.values()) for turn in range(len(kind))]
    rows = list(kinds.values())
    return tuple(rows[place][turn] for turn, place in sorted(turns)[:count])


def _kind(sample: Sample) -> str:
    """What its answer is like: its code, or the texts and flags at the top, such as a decision."""
    expected = sample.expected or {}
    return repr((sample.error, [(name, value) for name, value in expected.items() if isinstance(value, str | bool)]))


async def ask(engine: Engine, golden: Golden, arm: str, seen: Callable[[Finished], None] | None = None) -> Outcome:
    """One golden, in one arm, as a probe; `seen` is shown all of it. Raises nothing for what comes of it."""
    if golden.request is None:
        return Outcome(arm, golden, FAILED, golden.problem)
    began = monotonic()
    probe = Probe(f"golden/{golden.sample.name}")
    try:
        run = await engine.run(golden.request, arm=arm if engine.plan.experiment else None, request_id=probe)
    except OperatorError as refused:
        return Outcome(arm, golden, FAILED, str(refused), took=monotonic() - began)
    if seen is not None:
        seen(run)
    ran = {name: code for name, code in zip(run.names, run.codes, strict=True) if code >= 0}
    kind, detail = _judged(golden.sample, run)
    failures = {name: code for name, code in ran.items() if code and not _is_excused(golden.sample, run, code)}
    return Outcome(
        arm,
        golden,
        FAILED if kind == WRONG and failures else kind,
        detail,
        failures,
        _answers(run),
        {name: end - begin for name, begin, end in zip(run.names, run.begins, run.ends, strict=True) if name in ran},
        run.ended - run.began,
    )


def _answers(run: Finished) -> dict[str, Any]:
    """The fingerprints of what nodes gave that did not fail."""
    gave = zip(run.names, run.codes, run.values, strict=False)
    return {name: fingerprint(unpacked(value)) for name, code, value in gave if code == 0 and value is not None}


def _is_excused(sample: Sample, run: Finished, code: int) -> bool:
    """A code that the sample asks for; or a node that was given up since another one had ended the request."""
    if code == Code.CANCELLED and run.error is not None:
        return run.error.code != Code.DEADLINE_EXCEEDED
    return sample.error is not None and Code(code).name == sample.error


def _judged(sample: Sample, run: Finished) -> tuple[str, str]:
    if run.error is not None:
        if run.error.code.name == sample.error:
            return RIGHT, ""
        return FAILED, f"it failed: {run.error}"
    if sample.error is not None:
        return WRONG, f"it was answered, and must fail with {sample.error}"
    try:
        answer = MessageToDict(run.answer)
    except (TypeError, ValueError) as error:  # an Any of a type that nobody knows
        return WRONG, f"its answer has no JSON form: {error}"
    places = missed(sample.expected or {}, answer)
    if not places:
        return RIGHT, ""
    shown = ", ".join(f"`{place}`" for place in places[:_PLACES])
    more = len(places) - _PLACES
    return (
        WRONG,
        f"{shown}{f' and {more} more' if more > 0 else ''} {'are' if len(places) > 1 else 'is'} not as expected",
    )
