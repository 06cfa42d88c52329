"""The SDK: what code declares is read from its types, and what does not fit is said in full."""

import asyncio
import pickle
import typing
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest

from comb_compiler.runtime import (
    BadOperator,
    BadParameters,
    Call,
    Code,
    Messages,
    Model,
    OperatorError,
    Parcel,
    Workspace,
    harness,
    operator,
)
from comb_compiler.runtime.declaration import declaration_of, load_entry
from comb_compiler.runtime.params import fit
from comb_compiler.runtime.sdk import Options
from tests.runtime.operators import Greet, join, shout
from tests.runtime.post.post_pb2 import DESCRIPTORS, Letter, Note, Reply


def test_three_lines_try_an_operator(tmp_path: Path) -> None:
    with harness("tests.runtime.operators:Greet", model=tmp_path, params={"greeting": "Dear"}) as greet:
        assert greet(letter=Letter(text="Ada")) == Letter(text="Dear Ada")


class _ByName:
    """Its messages are named by their full names, and it writes to its workspace."""

    def __init__(self, messages: Messages, workspace: Workspace) -> None:
        self.letter = messages["post.v1.Letter"]
        self.workspace = workspace

    async def warm_up(self) -> None:
        (self.workspace.path / "warm").write_bytes(b"")

    def __call__(self, letter: "post.v1.Letter") -> "post.v1.Letter":  # type: ignore[name-defined]  # noqa: F821
        (self.workspace.path / letter.text).write_bytes(letter.picture)
        return self.letter(text=letter.text)

    async def close(self) -> None:
        (self.workspace.path / "warm").unlink()


def test_an_operator_without_generated_classes_is_tried_with_descriptors(tmp_path: Path) -> None:
    with harness(_ByName, descriptors=DESCRIPTORS, workspace=tmp_path) as by_name:
        letter = by_name.messages["post.v1.Letter"]
        assert by_name(letter=letter(text="a", picture=b"x")) == letter(text="a")
        assert by_name(letter=Letter(text="b")) == letter(text="b")
        assert {file.name for file in tmp_path.iterdir()} == {"a", "b", "warm"}
        with pytest.raises(TypeError, match=r"`letter` takes a post\.v1\.Letter, not a Note"):
            by_name(letter=Note())
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a": b"x", "b": b""}


def test_an_operator_that_asks_for_a_workspace_needs_one() -> None:
    said = r"it needs a workspace, and is given none \(`storage.workspace`\)"
    with pytest.raises(BadOperator, match=said), harness(_ByName, descriptors=DESCRIPTORS):
        pass


async def _yields(letter: Letter) -> Letter:  # type: ignore[misc]
    yield letter


def test_an_operator_is_warmed_up_before_its_first_call_and_closed_after_its_last() -> None:
    seen: list[Greet] = []

    class Watched(Greet):
        def __init__(self, model: Model[Any]) -> None:
            self.log = ["init"]
            seen.append(self)

        def __call__(self, letter: Letter) -> Letter:
            self.log.append("call")
            return letter

    with harness(Watched, params={}) as watched:
        watched(letter=Letter())
        watched(letter=Letter())
    assert seen[0].log == ["init", "warm_up", "call", "call", "close"]


def test_a_function_an_async_function_and_a_batch_are_called_alike() -> None:
    async def later(letter: Letter) -> Reply:
        return Reply(text=letter.text)

    @operator(batch=True)
    def many(letter: list[Letter]) -> list[Reply]:
        return [Reply(text=one.text) for one in letter]

    def at_once(letter: Letter) -> Reply:
        return Reply(text=letter.text)

    for code in (later, many, at_once):
        with harness(code) as call:
            assert call(letter=Letter(text="x")) == Reply(text="x")


def test_a_batch_of_another_length_is_the_error_that_it_is_in_the_engine() -> None:
    @operator(batch=True)
    def none(letter: list[Letter]) -> list[Letter]:
        return []

    @operator(batch=True)
    def no_list(letter: list[Letter]) -> list[Letter]:
        return None  # type: ignore[return-value]

    for code, said in ((none, "returned 0 answers for 1 calls"), (no_list, "returned a NoneType for 1 calls")):
        with harness(code) as call, pytest.raises(OperatorError, match=said) as caught:
            call(letter=Letter())
        assert caught.value.code == Code.INTERNAL


def test_a_late_operator_is_late_as_it_is_in_the_engine() -> None:
    async def late(letter: Letter) -> Letter:
        if letter.text:
            raise TimeoutError("of its own")
        await asyncio.sleep(600)
        return letter

    with harness(late, timeout=0.01) as call:
        with pytest.raises(OperatorError, match=r"DEADLINE_EXCEEDED: `.*late` has not answered within 0\.01 s"):
            call(letter=Letter())
        with pytest.raises(TimeoutError, match="of its own"):
            call(letter=Letter(text="x"))


def test_within_a_loop_the_harness_says_that_it_has_one_of_its_own() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="use it in a plain `def`"), harness(shout):
            raise AssertionError("it started")

    asyncio.run(main())


def test_an_operator_that_changes_what_it_is_given_is_told() -> None:
    def changes(letter: Letter) -> Letter:
        letter.text += "!"
        return letter

    @operator(batch=True)
    def changes_many(letter: list[Letter]) -> list[Letter]:
        for one in letter:
            one.text += "!"
        return letter

    for code in (changes, changes_many):
        with harness(code) as call, pytest.raises(BadOperator, match="it changes `letter`, which other operators may"):
            call(letter=Letter(text="a"))
    with harness(join) as call:
        assert call(first=Letter(text="a"), second=Letter(text="b")).text == "a+b"


def test_an_optional_port_may_be_left_out_and_another_may_not() -> None:
    with harness(join) as call:
        assert call(first=Letter(text="a")).text == "a+nothing"
        with pytest.raises(TypeError, match="`first` is missing"):
            call(second=Letter())
        with pytest.raises(TypeError, match="`third` is no port"):
            call(first=Letter(), third=Letter())
        with pytest.raises(TypeError, match=r"`first` takes a post\.v1\.Letter, not a Note"):
            call(first=Note())


def test_messages_may_be_named_by_their_full_name() -> None:
    class Named:
        def __init__(self, messages: Messages) -> None:
            self.reply = messages["post.v1.Reply"]

        def __call__(self, letter: "post.v1.Letter") -> "post.v1.Reply":  # type: ignore[name-defined]  # noqa: F821
            return self.reply(text=letter.text)

    with harness(Named, descriptors=DESCRIPTORS) as call:
        assert call(letter=Letter(text="by name")).text == "by name"


def test_an_answer_of_another_type_is_an_error_with_a_code() -> None:
    def wrong(letter: Letter) -> Reply:
        return letter  # type: ignore[return-value]

    def nothing(letter: Letter) -> Reply:
        return None  # type: ignore[return-value]

    for code, said in ((wrong, "returned a Letter, not a post.v1.Reply"), (nothing, "returned nothing")):
        with harness(code) as call, pytest.raises(OperatorError, match=said) as caught:
            call(letter=Letter())
        assert caught.value.code == Code.INTERNAL


def test_bytes_may_travel_beside_a_message() -> None:
    def size(letter: Annotated[Parcel[Letter], "picture"]) -> Reply:
        assert letter.message.picture == b""
        return Reply(text=letter.message.text, number=len(letter["picture"]))

    with harness(size) as call:
        assert call(letter=Letter(text="a", picture=b"12345")) == Reply(text="a", number=5)
        assert call(letter=Parcel(Letter(text="b"), {"picture": b"123"})) == Reply(text="b", number=3)


def test_a_call_says_how_much_time_is_left() -> None:
    def left(letter: Letter, call: Call) -> Reply:
        assert not call.cancelled
        return Reply(number=round(call.remaining))

    with harness(left, timeout=7) as call:
        assert call(letter=Letter()).number == 7


def test_a_declaration_is_read_from_the_code() -> None:
    declaration = load_entry("tests.runtime.operators:join")
    assert [(port.name, port.full_name, port.optional) for port in declaration.ports] == [
        ("first", "post.v1.Letter", False),
        ("second", "post.v1.Letter", True),
    ]
    assert (declaration.out.full_name, declaration.execution, declaration.is_async) == ("post.v1.Letter", "loop", False)


@operator(execution="process")
async def _async_in_a_process(letter: Letter) -> Letter:
    return letter


@operator(batch=True)
def _batch_without_lists(letter: Letter) -> Letter:
    return letter


class _NoCall:
    pass


class _Strange:
    def __init__(self, database: str) -> None: ...

    def __call__(self, letter: int) -> None: ...


class _NoDataclass:
    def __init__(self, model: Model[str]) -> None: ...

    def __call__(self, *letters: Letter) -> Letter:
        return letters[0]


def _unboxed(letter: Parcel[Letter]) -> Letter:
    return letter.message


class _Abstract(ABC):
    @abstractmethod
    def __call__(self, letter: Letter) -> Letter: ...


def _may_give_nothing(letter: Letter) -> Letter | None:
    return letter


def _two_calls(letter: Letter, call: Call, again: Call) -> Letter:
    return letter


def _untyped(letter):  # type: ignore[no-untyped-def]
    return letter


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        (42, ["it is no function, and no class with a `__call__`"]),
        (_yields, ["it yields, and an operator returns its answer"]),
        (_NoCall, ["it is no function, and no class with a `__call__`"]),
        (_async_in_a_process, ["an `async def` runs in the loop, not in a process"]),
        (_batch_without_lists, ["it takes and returns lists: see `letter`, `return`"]),
        (
            _Strange,
            [
                "the port `letter` is `int`, which is no Protobuf message",
                "the answer `return` is `None`, which is no Protobuf message",
                "`database` of `__init__` must be a Model, Messages or Workspace, or have a default",
            ],
        ),
        (
            _NoDataclass,
            [
                "`letters` must be a plain parameter: ports have names",
                "`model` is a Model[str], which is no dataclass",
                "it has no port",
            ],
        ),
        (_unboxed, ['`letter` must be `Annotated[Parcel[…], "field", …]`: a Parcel, and its fields']),
        (_Abstract, ["it is abstract, and has no `__call__`"]),
        (_may_give_nothing, ["the answer `return` may be None, and an operator always gives one"]),
        (_two_calls, ["it takes the Call more than once: see `call`, `again`"]),
        (_untyped, ["the port `letter` has no type", "the answer `return` has no type"]),
    ],
)
def test_code_that_is_no_operator_is_told_everything(code: Any, reasons: list[str]) -> None:
    with pytest.raises(BadOperator) as caught:
        declaration_of(code)
    assert list(caught.value.reasons) == reasons


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("operators", "an entry point is `package.module:Name`"),
        ("tests.runtime.operators:Nobody", "`tests.runtime.operators` has no `Nobody`"),
        ("no.such.module:X", "`no.such.module` cannot be imported: ModuleNotFoundError: No module named 'no'"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_told(entry: str, reason: str) -> None:
    with pytest.raises(BadOperator) as caught:
        load_entry(entry)
    assert caught.value.reasons == (reason,)


def test_a_field_that_is_no_bytes_cannot_travel_beside() -> None:
    def strange(letter: Annotated[Parcel[Letter], "text", "nowhere"]) -> Letter:
        return letter.message

    with pytest.raises(BadOperator) as caught, harness(strange):
        raise AssertionError("it started")
    assert caught.value.reasons == (
        "`text` of `letter` is no field of type bytes",
        "`nowhere` of `letter` is no field of type bytes",
    )


@dataclass
class Params:
    long_side: int
    threshold: float = 0.5
    names: tuple[str, ...] = ()
    mode: str | None = None


def test_parameters_become_the_declared_dataclass() -> None:
    assert fit(Params, {"longSide": 960, "threshold": 1, "names": ["a"]}) == Params(960, 1.0, ("a",))


def test_every_parameter_that_does_not_fit_is_named() -> None:
    with pytest.raises(BadParameters) as caught:
        fit(Params, {"threshold": True, "names": ["a", 1], "mode": 3, "longside": 1})
    assert list(caught.value.reasons) == [
        "`longside` is no parameter of Params",
        "`threshold` is True (bool), not float",
        "`names` is 1 (int), not str",
        "`mode` is 3 (int), not str | None",
        "`long_side` is missing",
    ]


@dataclass
class Box:
    width: int
    ratio: float = 1.0


@dataclass
class Nested:
    box: Box | None = None
    pair: tuple[int, str] = (0, "")
    whole: tuple = ()  # type: ignore[type-arg]
    table: dict[str, float] = field(default_factory=dict)
    rows: Sequence[Sequence[float]] = ()
    any_list: typing.List = field(default_factory=list)  # type: ignore[type-arg]  # noqa: UP006


def test_parameters_within_parameters_are_read_too() -> None:
    given = {"box": {"width": 3, "ratio": 2}, "pair": [1, "a"], "whole": [1, "b"], "table": {"x": 1}, "rows": [[1]]}
    made = fit(Nested, {**given, "anyList": [1, "a"]})
    assert made == Nested(Box(3, 2.0), (1, "a"), (1, "b"), {"x": 1.0}, [[1.0]], [1, "a"])
    assert isinstance(made.table["x"], float)


def test_what_does_not_fit_within_parameters_is_named() -> None:
    with pytest.raises(BadParameters) as caught:
        fit(Nested, {"box": {"height": 1}, "pair": ["a", 1], "table": {"x": "a"}, "rows": [["b"]], "anyList": {}})
    assert list(caught.value.reasons) == [
        "in `box`, `height` is no parameter of Box",
        "in `box`, `width` is missing",
        "`pair` is 'a' (str), not int",
        "`pair` is 1 (int), not str",
        "`table.x` is 'a' (str), not float",
        "`rows` is 'b' (str), not float",
        "`anyList` is {} (dict), not typing.List",
    ]
    with pytest.raises(BadParameters, match="`pair` has 1 values, and needs 2"):
        fit(Nested, {"pair": [1]})


def test_parameters_that_do_not_fit_stop_the_operator_from_starting() -> None:
    given = {"greetings": "x"}
    with pytest.raises(BadOperator) as caught, harness("tests.runtime.operators:Greet", params=given):
        raise AssertionError("it started")
    assert "`greetings` is no parameter of Limits of model@test" in caught.value.reasons
    assert len(caught.value.reasons) == 2


def test_an_operator_that_needs_a_model_does_not_start_without() -> None:
    with pytest.raises(BadOperator, match="it needs a model"), harness(Greet):
        raise AssertionError("it started")


def test_an_operator_with_a_default_for_its_model_has_it_where_the_comb_gives_one(tmp_path: Path) -> None:
    class Maybe:
        def __init__(self, model: Model | None = None, workspace: Workspace | None = None) -> None:  # type: ignore[type-arg]
            self.said = f"{model and model.path} {workspace and workspace.path}"

        def __call__(self, letter: Letter) -> Letter:
            return Letter(text=self.said)

    with harness(Maybe) as call:
        assert call(letter=Letter()).text == "None None"
    with harness(Maybe, model=tmp_path, workspace=tmp_path) as call:
        assert call(letter=Letter()).text == f"{tmp_path} {tmp_path}"


def test_an_error_travels_with_its_code() -> None:
    error = pickle.loads(pickle.dumps(OperatorError(Code.NOT_FOUND, "no such letter")))
    assert (error.code, error.message, str(error)) == (Code.NOT_FOUND, "no such letter", "NOT_FOUND: no such letter")


def test_an_error_cannot_be_ok() -> None:
    with pytest.raises(ValueError, match="other than OK"):
        OperatorError(Code.OK, "fine")


def test_the_decorator_leaves_a_function_callable() -> None:
    assert shout(Letter(text="a")).text == "A"


def test_without_anything_to_say_the_decorator_stands_alone() -> None:
    @operator
    def plain(letter: Letter) -> Letter:
        return letter

    assert declaration_of(plain).options == Options()


def test_types_mean_what_they_do_where_the_code_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "timing_of_calls.py").write_text(
        """
import functools

def timed(function):
    @functools.wraps(function)
    def inner(*arguments, **named):
        return function(*arguments, **named)
    return inner
""",
        encoding="utf-8",
    )
    (tmp_path / "timed_operators.py").write_text(
        """
from __future__ import annotations
from comb_compiler.runtime import operator
from tests.runtime.post.post_pb2 import Letter
from timing_of_calls import timed

@operator(execution="loop")
@timed
def same(letter: Letter) -> Letter:
    return letter

class Same:
    @timed
    def __call__(self, letter: Letter) -> Letter:
        return letter
""",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("same", "Same"):
        with harness(f"timed_operators:{name}") as call:
            assert call(letter=Letter(text=name)).text == name
