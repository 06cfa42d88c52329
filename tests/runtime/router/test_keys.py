"""Where an experiment finds its sticky key, and when a request has none."""

import pytest

from comb_compiler.release import Arm, Experiment
from comb_compiler.runtime.engine import CannotRun
from comb_compiler.runtime.router.keys import key_header, key_reader
from tests.runtime.post.post_pb2 import Letter, Note, Request


def experiment(key: str) -> Experiment:
    return Experiment(key, "s", (Arm("a", 1, 0),))


def test_a_header_is_read_by_whoever_has_the_headers() -> None:
    assert key_header(experiment("header/X-User-Id")) == "x-user-id"
    assert key_header(experiment("request.header")) == ""
    assert key_header(None) == ""
    assert key_reader(experiment("header/x"), Request)(Request(name="n")) == ""
    assert key_reader(None, Request)(Request(name="n")) == ""


@pytest.mark.parametrize(
    ("path", "request_", "key"),
    [
        ("request.name", Request(name="ann"), "ann"),
        ("request.name", Request(), ""),
        ("request.letter.number", Request(letter=Letter(number=-7)), "-7"),
        ("request.letter.number", Request(letter=Letter(number=0)), ""),
        ("request.letter.number", Request(), ""),
        ("request.letter.inner.inner.text", Request(letter=Letter(inner=Letter(inner=Letter(text="x")))), "x"),
        ("request.letter.small", Request(letter=Letter(small=4_294_967_295)), "4294967295"),
        ("request.letter.picture", Request(letter=Letter(picture=b"\x00\xff")), "00ff"),
        ("request.letter.maybe", Request(letter=Letter(maybe="")), ""),
        ("request.letter.maybe", Request(letter=Letter(maybe="m")), "m"),
    ],
)
def test_a_field_of_the_request_is_a_key(path: str, request_: Request, key: str) -> None:
    assert key_reader(experiment(path), Request)(request_) == key


def test_another_message_has_no_key() -> None:
    assert key_reader(experiment("request.letter.text"), Request)(Note(text="n")) == ""


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("request.nobody", r"post\.v1\.Request has no field `nobody`"),
        ("request.letter.nobody", r"post\.v1\.Letter has no field `nobody`"),
        ("request.letter", "`letter` is a message: name one of its fields"),
        ("request.name.first", "`name` is no message"),
        ("request.letter.lines", "`lines` is repeated"),
        ("request.flag", "is no text, bytes or whole number"),
        ("request.letter.kind", "is no text, bytes or whole number"),
        ("request.letter.weight", "is no text, bytes or whole number"),
    ],
)
def test_a_path_that_leads_to_no_key_is_refused_at_the_start(path: str, words: str) -> None:
    with pytest.raises(CannotRun, match=words):
        key_reader(experiment(path), Request)
