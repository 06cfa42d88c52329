"""Generated records, queries and marks: few values of each field, so that many of them meet."""

from hypothesis import strategies as st

from comb_compiler.samples.record_pb2 import Mark, Operator, Record, Resources, Value
from comb_compiler.samples.store import By, Query

__all__ = ["BY", "EVERY", "IDS", "MARKS", "QUERIES", "RECORDS", "SHARES"]

_NAMES = st.sampled_from(["", "a", "b", "Größe \x00'\"%_"])
_TIMES = st.one_of(st.integers(0, 40), st.integers(7, 9), st.sampled_from([-3, 1_790_000_000_000])).map(
    lambda milli: milli * 1_000_000
)
_DURATIONS = st.integers(0, 30).map(lambda milli: milli * 1_000_000)
_CODES = st.sampled_from([0, 0, 4, 13])
_NODE_CODES = st.sampled_from([0, 0, 4, -1, -2])
_MODELS = st.sampled_from(["", "m@1", "m@2"])
_ERRORS = st.sampled_from(["", "", "Deadline exceeded at 3.5 s", "the PLACE was gone", "größe 100%_", "超时 straße"])
_WORDS = st.sampled_from(["deadline", "PLACE was", "3.5", "gone", "100%_", "100%x", "超", "STRASSE", "fine", " ", ""])
IDS = st.integers(0, 40).map(lambda number: f"{number:032x}")

_OPERATORS = st.builds(
    Operator, node=st.sampled_from(["a", "n"]), operator=st.sampled_from(["a", "o"]), model=_MODELS, code=_NODE_CODES,
    error=_ERRORS, duration=_DURATIONS, queued=_DURATIONS, batch=st.integers(0, 3),
)  # fmt: skip

MARKS = st.builds(
    Mark, mark=st.sampled_from(["error", "standard", "a set"]), by=st.sampled_from(["ada", "rule:empty", "bob"]),
    time=_TIMES, why=_ERRORS, expected=st.sampled_from(["", '{"a": 1}']), withdrawn=st.booleans(),
)  # fmt: skip

RECORDS = st.builds(
    Record, schema=st.just(1), id=IDS, request_id=_NAMES, time=_TIMES, duration=_DURATIONS, comb=_NAMES,
    environment=_NAMES, subject=_NAMES, release=_NAMES, arm=_NAMES, user=_NAMES, reason=st.sampled_from([1, 2, 7]),
    share=st.sampled_from([0.0, 0.01]), code=_CODES, error=_ERRORS, operators=st.lists(_OPERATORS, max_size=3),
    marks=st.lists(MARKS, max_size=1), request=st.builds(Value, message=st.binary(max_size=40)),
    resources=st.builds(Resources, cpu=st.one_of(st.none(), st.just(0))),
)  # fmt: skip


def _or_nothing(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), st.none(), st.none(), strategy)


_SECONDS = st.integers(-4, 41).map(lambda milli: milli / 1000)
_FIELDS = {
    **dict.fromkeys(("comb", "environment", "subject", "release", "arm", "request_id", "user"), _or_nothing(_NAMES)),
    **dict.fromkeys(("since", "until"), _or_nothing(_SECONDS | st.sampled_from([float("-inf"), float("inf")]))),
    **dict.fromkeys(("faster", "slower"), _or_nothing(_SECONDS)),
    "operator": _or_nothing(st.sampled_from(["a", "n", "o"])),
    "operator_code": _or_nothing(_NODE_CODES),
    "model": _or_nothing(_MODELS),
    "text": _or_nothing(_WORDS),
    "codes": st.sampled_from([(), (), (), (4,), (0, 13)]),
    "reasons": st.sampled_from([(), (), (), (2,), (1, 7)]),
    "marks": st.sampled_from([(), (), (), ("error",), ("standard", "a set")]),
}
QUERIES = st.one_of(
    st.just(Query()),
    *(st.builds(Query, **{name: strategy}) for name, strategy in _FIELDS.items()),
    st.builds(Query, **_FIELDS),
)
BY = st.lists(st.sampled_from(list(By)), unique=True, max_size=3)
EVERY = st.sampled_from([None, 0.01, 0.007, 3600.0])
SHARES = st.lists(st.sampled_from([0.0, 0.5, 0.9, 1.0]), min_size=1, max_size=3)
