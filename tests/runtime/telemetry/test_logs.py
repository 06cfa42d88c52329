"""Lines of a log: whose they are, that none forges another, and that nobody waits for them."""

import asyncio
import io
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.current import CURRENT, NO_CALL
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.telemetry.failures import FailureLog
from comb_compiler.runtime.telemetry.logs import (
    LineFormatter,
    LineWriter,
    Names,
    as_json,
    as_text,
    names_of,
    write_logs,
)
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request

HELLO = Request(letter=Letter(text="hello"))


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def record(message: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.getLogger("t").makeRecord("t", logging.WARNING, "f", 1, message, args, None, None, extra or None)
    made.created = 1_700_000_000.5
    return made


def test_a_json_line_has_the_call_in_which_it_was_made() -> None:
    token = CURRENT.set(("r-1", "detect", "rotate", f"00-{'ab' * 16}-{'cd' * 8}-01"))
    try:
        line = as_json(record("lost %d lines", 3))
    finally:
        CURRENT.reset(token)
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.500Z",
        "level": "WARNING",
        "logger": "t",
        "message": "lost 3 lines",
        "request_id": "r-1",
        "node": "detect",
        "arm": "rotate",
        "trace_id": "ab" * 16,
    }


def test_a_module_of_the_combs_own_directory_has_the_name_that_it_knows() -> None:
    made = record("x")
    made.name = "_comb12.operators.text"
    assert json.loads(as_json(made))["logger"] == "operators.text"


def test_what_the_record_says_itself_comes_first() -> None:
    token = CURRENT.set(("r-1", "detect", "", ""))
    try:
        told = json.loads(as_json(record("x", request_id="r-2", code="INTERNAL")))
    finally:
        CURRENT.reset(token)
    assert (told["request_id"], told["node"], told["code"]) == ("r-2", "detect", "INTERNAL")


def test_a_line_names_its_process_and_the_operator_of_its_node() -> None:
    names = Names("words-feel", {"mood": "feel"})
    assert json.loads(LineFormatter("json", names).format(record("x")))["process"] == "words-feel"
    said = json.loads(LineFormatter("json", names).format(record("x", node="mood")))
    assert (said["node"], said["operator"]) == ("mood", "feel")
    assert not {"process", "operator"} & json.loads(LineFormatter("json").format(record("x", node="mood"))).keys()
    assert LineFormatter("text", names).format(record("x")).endswith(" x  (process=words-feel)")
    assert LineFormatter("text").format(record("x")).endswith(" x")


@pytest.mark.parametrize("form", [as_json, as_text])
@pytest.mark.parametrize("text", ["a\nERROR forged", "\x1b[2Jgone", "a\u2028b", "a\r\nb", "\x00"])
def test_no_message_begins_a_line_of_its_own(form: Any, text: str) -> None:
    line = form(record("%s", text, request_id=text))
    assert len(line.splitlines()) == 1 or (form is as_json and line.count("\n") == 0)
    assert "\x1b" not in line


def test_arguments_that_do_not_fit_are_still_told() -> None:
    assert "only %d" in as_text(record("only %d", "x"))


def test_an_exception_is_part_of_its_line() -> None:
    made = record("it failed")
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    assert "two\nlines" in json.loads(as_json(made))["exception"]
    assert all(line.startswith("    ") for line in as_text(made).splitlines()[1:])


def test_a_stream_that_is_full_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as reader, ThreadPoolExecutor(1) as pool:
        with open(writing, "w", encoding="utf-8") as stream:
            writer = LineWriter(stream, LineFormatter("json"))
            for number in range(20_000):
                writer.emit(record(f"{number} {'x' * 100}"))
            assert writer.dropped > 0
            lines = pool.submit(reader.readlines)
            writer.close()
        messages = [json.loads(line)["message"] for line in lines.result()]
    assert messages[0].startswith("0 ")
    assert sum("lines of this log were dropped" in one for one in messages) == 1


def test_a_stream_that_is_closed_is_nobodys_affair() -> None:
    stream = io.StringIO()
    stream.close()
    writer = LineWriter(stream, LineFormatter("text"))
    for _ in range(100):
        writer.emit(record("x"))
    writer.close()


# --- through an engine ---


def logged(operator: str, root: logging.Logger, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    """What is logged while an operator is called so often."""
    stream = io.StringIO()
    writer = write_logs(stream, format="json")

    async def main() -> None:
        async with Engine(chain(operator, 1), observers=[FailureLog(most=3)]) as engine:
            for number in range(count):
                await engine.run(HELLO, request_id=f"r-{number}", within=30.0, **more)

    asyncio.run(main())
    writer.close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("operator", ["logs_inline", "logs_in_loop", "logs_in_thread"])
def test_what_an_operator_logs_says_of_which_request(operator: str, root: logging.Logger) -> None:
    (line,) = [line for line in logged(operator, root) if line["logger"] == "operators"]
    assert (line["message"], line["request_id"], line["node"]) == ("found hello", "r-0", "n0")


def test_what_is_logged_after_a_call_is_not_of_it(root: logging.Logger) -> None:
    async def main() -> None:
        async with Engine(chain("logs_inline", 1)) as engine:
            await engine.call(HELLO, request_id="r-1")
            assert CURRENT.get() == NO_CALL

    asyncio.run(main())


def test_a_request_that_fails_is_one_line_and_its_cause_another(root: logging.Logger) -> None:
    cause, line = logged("raises", root)
    assert (cause["logger"], cause["request_id"], cause["node"]) == ("comb.runtime", "r-0", "n0")
    assert "Traceback" in cause["exception"]
    assert (line["logger"], line["code"], line["request_id"], line["node"]) == (
        "comb.requests",
        "INTERNAL",
        "r-0",
        "n0",
    )
    assert line["level"] == "ERROR"
    assert line["seconds"] >= 0


def test_failures_of_one_kind_are_not_told_without_end() -> None:
    lines: list[logging.LogRecord] = []
    now = [0.0]
    log = FailureLog(most=2, seconds=60.0, clock=lambda: now[0])
    handler = logging.Handler()
    handler.emit = lines.append  # type: ignore[method-assign,assignment]
    logger = logging.getLogger("comb.requests")
    logger.addHandler(handler)
    try:
        for second in (0, 1, 2, 3, 61):
            now[0] = second
            log.ended(failed(Code.UNAVAILABLE, "a"))
        log.ended(failed(Code.UNAVAILABLE, "b"))
    finally:
        logger.removeHandler(handler)
    assert [getattr(one, "suppressed", 0) for one in lines] == [0, 0, 2, 0]
    assert [one.levelname for one in lines] == ["WARNING"] * 4


def failed(code: Code, node: str) -> Any:
    return type(
        "Failed",
        (),
        {
            "request_id": "r",
            "arm": "",
            "names": (node,),
            "codes": (code,),
            "begins": (1.0,),
            "ends": (2.0,),
            "began": 1.0,
            "ended": 2.0,
            "error": OperatorError(code, "away"),
        },
    )()


def test_a_worker_process_logs_in_the_same_form_and_by_the_same_name(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMB_LOG_FORMAT", "json")
    monkeypatch.setenv(
        "COMB_LOG_NAMES", json.dumps(Names("words-feel", names_of(chain("logs_in_process", 1)).operators))
    )

    async def main() -> None:
        async with Engine(chain("logs_in_process", 1)) as engine:
            await engine.call(HELLO, request_id="r-7", within=30.0)

    asyncio.run(main())
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["logger"] == "operators"]
    assert (line["message"], line["request_id"], line["node"]) == ("found hello", "r-7", "n0")
    assert (line["process"], line["operator"]) == ("words-feel", "logs_in_process")
