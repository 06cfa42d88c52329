"""Messages from JSON, forms and bytes: what is none is told and nothing else is raised; what is one comes back."""

import json
from time import process_time
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Any_
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, strategies as st

from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.service.web.codec import from_dict, from_json, to_json
from comb_compiler.runtime.service.web.form import from_form
from tests.runtime.post.post_pb2 import Letter, Request

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LETTERS = st.builds(
    Letter,
    text=TEXT,
    number=st.integers(-(2**63), 2**63 - 1),
    picture=st.binary(max_size=40),
    lines=st.lists(TEXT, max_size=3),
    flag=st.booleans(),
    weight=st.floats(),
    small=st.integers(0, 2**32 - 1),
    inner=st.builds(Letter, text=TEXT, picture=st.binary(max_size=9)),
)
NAMES = st.sampled_from(
    ["letter", "text", "picture", "number", "inner", "lines", "flag", "weight", "kind", "name", "x"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(["AAAA", "-1", "NaN", "1e400"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXT, inner, max_size=4),
    max_leaves=12,
)


def read(work: Any) -> Any:
    """What the work gives; None where it is told that it is no request."""
    try:
        return work()
    except OperatorError as error:
        if error.code is not Code.INVALID_ARGUMENT:
            raise
        return None


@given(LETTERS)
def test_what_is_written_is_read_again(letter: Letter) -> None:
    request = Request(letter=letter)
    content = to_json(request)
    again = from_json(content, Request)
    assert again.SerializeToString(deterministic=True) == request.SerializeToString(deterministic=True)


@pytest.mark.parametrize("answer", [Any_(type_url="type.googleapis.com/unknown.Kind"), Timestamp(seconds=10**18)])
def test_an_answer_that_has_no_json_is_an_error_of_ours(answer: Any) -> None:
    with pytest.raises(OperatorError, match=r"the answer, a google\.protobuf\.\w+, cannot be written as JSON"):
        to_json(answer)


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_json_of_any_kind_is_read_or_told(content: bytes) -> None:
    found = read(lambda: from_json(content, Request))
    assert found is None or isinstance(found, Request)


def test_a_name_that_is_there_twice_is_found_among_many_in_time_that_grows_with_them() -> None:
    """Each of the names before it looked for among all of them took an hour."""
    before = process_time()
    many = b",".join(b'"%d":0' % number for number in range(200_000))
    assert read(lambda: from_json(b'{%b,"z":0,"z":0}' % many, Request)) is None
    assert process_time() - before < 60


@given(VALUES)
def test_values_of_any_kind_are_read_or_told(value: Any) -> None:
    found = read(lambda: from_dict({"letter": value}, Request))
    assert found is None or isinstance(found, Request)


@given(
    st.lists(st.tuples(NAMES | st.just("letter.inner.text") | TEXT, st.binary(max_size=30)), max_size=5), st.binary()
)
def test_forms_of_any_kind_are_read_or_told(parts: list[tuple[str, bytes]], tail: bytes) -> None:
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), content)
        for name, content in parts
    )
    for content in (body + b"--b--\r\n", body + tail):
        form = read(lambda content=content: from_form(content, "multipart/form-data; boundary=b", Request.DESCRIPTOR))
        if form is not None:
            found = read(lambda form=form: from_dict(form, Request))
            assert found is None or isinstance(found, Request)


@pytest.mark.parametrize("line", [b"content-disposition: ", b'content-disposition: ; name="', b"\r\n", b" ;"])
def test_the_head_of_a_part_is_read_in_time_that_grows_with_it(line: bytes) -> None:
    """A head of four megabytes took an hour, and nobody else was answered."""
    before = process_time()
    body = b"--b\r\n" + line * (4_000_000 // len(line)) + b"\r\n\r\nx\r\n--b--\r\n"
    assert read(lambda: from_form(body, "multipart/form-data; boundary=b", Request.DESCRIPTOR)) is None
    assert process_time() - before < 60


@pytest.mark.parametrize("given_type", ["multipart/form-data", 'multipart/form-data; boundary=""', "text/plain"])
def test_a_form_without_a_boundary_is_told(given_type: str) -> None:
    assert read(lambda: from_form(b"--b--", given_type, Request.DESCRIPTOR)) is None


@pytest.mark.parametrize("text", ["AAA", "AAA=", "A-_A", "A+/A", "", "QQ", "QQ=="])
def test_both_alphabets_of_base64_are_taken_with_padding_or_without(text: str) -> None:
    assert from_dict({"letter": {"picture": text}}, Request) is not None
