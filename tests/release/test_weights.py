"""The file of weights: what is written reads back, the schema and the reader agree, and a bad one is refused whole."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from comb_compiler.release import BadWeights, Candidate, Weights, parse_weights, weights_bytes
from comb_compiler.release.weights import _ADDRESS, _MOST, MOST_BYTES, RELEASE

ARMS = ("control", "rotate")
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "weights.v1.schema.json").read_text(encoding="utf-8"),
)


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_file_gives_weights_of_arms_and_of_a_candidate() -> None:
    content = (
        b'{"arms": {"control": 90, "rotate": 10}, "candidate": {"weight": 0.5, "address": "c:80", "release": "b7"}}'
    )
    assert parse_weights(content, ARMS) == Weights({"control": 90, "rotate": 10}, Candidate(0.5, "c:80", "b7"))


@pytest.mark.parametrize("content", [b"{}", b'{"arms": {}}'])
def test_what_is_left_out_is_as_the_comb_says(content: bytes) -> None:
    assert parse_weights(content, ()) == Weights(None, None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"arms": {"control": 9', "it is no JSON, or was cut off"),
        (b"\xff\xfe{}", "it is no JSON, or was cut off"),
        (b"[" * 100_000, "it is no JSON, or was cut off"),
        (b"9" * 5_000, "it is no JSON, or was cut off"),
        (b" " * MOST_BYTES + b"{}", "it is larger than 262144 bytes"),
        (b"[]", "it must be an object, not a list"),
        (b"null", "it must be an object, not null"),
        (b'{"arm": {}}', 'it has "arm", which is none of `arms`, `candidate`'),
        (b'{"arms": 3}', "`arms` must be an object, not 3"),
        (b'{"arms": {}, "arms": {}}', 'it has "arms" twice'),
        (b'{"arms": {"control": 1}}', "`arms` says nothing of `rotate`"),
        (b'{"arms": {"control": 1, "rotate": 1, "x": 1}}', '`arms` has "x", which is none of `control`, `rotate`'),
        (b'{"arms": {"control": 0, "rotate": 0}}', "no arm has any weight, so nobody could be served"),
        (b'{"arms": {"control": NaN, "rotate": 1}}', "NaN is no JSON, and no weight"),
        (b'{"arms": {"control": -Infinity, "rotate": 1}}', "-Infinity is no JSON, and no weight"),
        (b'{"candidate": {}}', "`candidate.weight` must be there"),
        (b'{"candidate": {"weight": 5, "share": 5}}', "which is none of `weight`, `address`, `release`"),
        (b'{"candidate": {"weight": 101}}', "`candidate.weight` must be a percentage from 0 to 100, not 101"),
        (b'{"candidate": {"weight": -0.1}}', "`candidate.weight` must be a percentage from 0 to 100, not -0.1"),
        (b'{"candidate": {"weight": true}}', "`candidate.weight` must be a percentage from 0 to 100, not true"),
        (b'{"candidate": {"weight": 1e999}}', "`candidate.weight` must be a percentage from 0 to 100, not Infinity"),
        (b'{"candidate": {"weight": 5, "address": "c:80"}}', "`candidate.release` must be there, so that a process"),
        (b'{"candidate": {"weight": 5, "address": "c", "release": "b"}}', "`candidate.address` must be `host:port`"),
        (
            b'{"candidate": {"weight": 5, "address": "c:65536"}}',
            "`candidate.address` must be `host:port`",
        ),
        (b'{"candidate": {"weight": 5, "address": "c:0", "release": "b"}}', "`candidate.address` must be `host:port`"),
        (b'{"candidate": {"weight": 5, "release": ""}}', "`candidate.release` must be the name of a release"),
        (b'{"candidate": {"weight": 5, "release": "a\\r\\nb"}}', "`candidate.release` must be the name of a release"),
    ],
)
def test_a_bad_file_is_refused_with_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(BadWeights, match=re.escape(sentence)) as caught:
        parse_weights(content, ARMS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weight", ["-1", "true", "1.5", '"90"', "null", "1000001", "1" + "0" * 400, "1e999", "[1]"])
def test_a_weight_is_a_whole_number(weight: str) -> None:
    content = f'{{"arms": {{"control": {weight}, "rotate": 1}}}}'.encode()
    with pytest.raises(BadWeights, match=r"`arms\.control` must be a whole number from 0 to 1000000, not "):
        parse_weights(content, ARMS)


def test_arms_are_refused_where_there_is_no_experiment() -> None:
    with pytest.raises(BadWeights, match="`arms` must be left out, since the comb has no experiment"):
        parse_weights(b'{"arms": {"control": 1}}', ())


WEIGHTS = st.builds(
    Weights,
    st.none() | st.fixed_dictionaries(dict.fromkeys(ARMS, st.integers(1, 1_000_000))),
    st.none()
    | st.builds(
        Candidate,
        st.integers(0, 100) | st.floats(0, 100),
        st.sampled_from(["", "comb-candidate.ns.svc:50051", "[::1]:8080", "10.0.0.1:1", "c:65535", "c:60000"]),
        st.sampled_from(["b7", "sha256:00ff", "v1.2+3"]),
    ),
)


@given(WEIGHTS)
def test_what_is_written_reads_back_the_same(weights: Weights) -> None:
    assert parse_weights(weights_bytes(weights), ARMS) == weights
    jsonschema.validate(json.loads(weights_bytes(weights)), SCHEMA)


def test_the_bytes_do_not_depend_on_the_order_of_arms() -> None:
    assert weights_bytes(Weights({"a": 1, "b": 2})) == weights_bytes(Weights({"b": 2, "a": 1}))


ODD = st.one_of(
    st.integers(-2, 3), st.floats(allow_nan=False), st.booleans(), st.none(), st.sampled_from(["c:80", "b7", "", "a b"])
)
CANDIDATE = st.dictionaries(st.sampled_from(["weight", "address", "release", "more"]), ODD, max_size=3)
FILES = st.dictionaries(
    st.sampled_from(["arms", "candidate", "more"]),
    ODD | CANDIDATE | st.fixed_dictionaries({"control": ODD, "rotate": st.integers(1, 9)}),
    max_size=3,
)


@given(FILES)
def test_the_schema_and_the_reader_agree_where_a_schema_can_say_it(value: Any) -> None:
    """It cannot say which arms there are, and that one has weight; these files have both where they have arms."""
    arms = value.get("arms") if isinstance(value, dict) else None
    if isinstance(arms, dict) and set(arms) != set(ARMS):
        return
    try:
        parse_weights(written(value), ARMS)
        is_read = True
    except BadWeights:
        is_read = False
    assert is_read == jsonschema.Draft7Validator(SCHEMA).is_valid(value)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    with suppress(BadWeights):
        assert parse_weights(content, ARMS)


def test_the_schema_and_the_reader_have_the_same_patterns() -> None:
    properties = SCHEMA["properties"]["candidate"]["properties"]
    assert properties["address"]["pattern"] == f"^{_ADDRESS}$"
    assert properties["release"]["pattern"] == f"^{RELEASE}$"
    assert SCHEMA["properties"]["arms"]["additionalProperties"]["maximum"] == _MOST
