"""Which span is whose, and that a call knows its own wherever it is answered."""

import asyncio

import pytest

from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.engine.observation import Began, Finished
from comb_compiler.runtime.engine.tracing import is_sampled, is_traceparent, span_id, span_of
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request

PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"
"""The example form of the recommendation: version, trace, span, flags."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PARENT, True),
        (PARENT[:-2] + "00", True),
        ("", False),
        (PARENT.upper(), False),
        ("ff" + PARENT[2:], False),
        (f"00-{'0' * 32}-{'cd' * 8}-01", False),
        (f"00-{'ab' * 16}-{'0' * 16}-01", False),
        (PARENT + "-more", False),
        (PARENT + "\n", False),
    ],
)
def test_only_what_names_a_span_is_a_traceparent(text: str, expected: bool) -> None:
    assert is_traceparent(text) is expected


def test_nodes_have_spans_of_their_own_in_the_same_trace() -> None:
    spans = [span_of(PARENT, node) for node in range(5000)]
    assert len(set(spans)) == 5000
    assert all(is_traceparent(span) and span[:36] == PARENT[:36] and is_sampled(span) for span in spans)
    assert int(spans[7][36:52], 16) == span_id(int("cd" * 8, 16), 7)


def test_what_is_not_recorded_needs_no_spans() -> None:
    assert span_of(PARENT[:-2] + "00", 3) == PARENT[:-2] + "00"


class Marks:
    """An observer with spans of its own for requests."""

    def began(self, request: Began) -> None:
        request.traceparent = PARENT

    def ended(self, request: Finished) -> None:
        """Nothing more."""


@pytest.mark.parametrize("operator", ["spans_in_thread", "spans_in_process"])
def test_a_call_knows_its_span_in_threads_and_processes(operator: str) -> None:
    async def main() -> Letter:
        async with Engine(chain(operator, 2), observers=[Marks()]) as engine:
            answer: Letter = await engine.call(Request(letter=Letter(text="hello")), within=30.0)
            return answer

    assert asyncio.run(main()).text == f"hello {span_of(PARENT, 0)} {span_of(PARENT, 1)}"
