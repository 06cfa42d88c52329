"""The text form of a step: `operator(port=source, …)`.

    call   = name "(" [ input { "," input } [ "," ] ] ")"
    input  = port "=" source
    source = ( "$request" | step ) { "." field }

Names are letters, digits, `_` and (for operators) `-`. White space is free between tokens.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Call", "CallError", "Input", "Token", "parse_call", "parse_source"]


class Token(NamedTuple):
    """A piece of the text and its half-open range in it."""

    text: str
    start: int
    end: int


class Input(NamedTuple):
    """`port=source.field.field`"""

    port: Token
    source: Token
    fields: tuple[Token, ...]


class Call(NamedTuple):
    """A parsed call."""

    operator: Token
    inputs: tuple[Input, ...]


class CallError(NamedTuple):
    """What is wrong with a text, where in it, and what to write."""

    message: str
    start: int
    end: int
    hint: str


_TOKEN = re.compile(r"\s*(?:(?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)|(?P<sign>[(),=.])|(?P<bad>\S))")
_EXAMPLE = "write `operator(port=step, port=$request.field)`"


class _Stop(Exception):
    """Unwinds the parser at the first mistake; never leaves this module."""

    def __init__(self, error: CallError) -> None:
        self.error = error


def parse_call(text: str) -> Call | CallError:
    """The call that `text` writes, or what is wrong with it."""
    try:
        return _Parser(text).call()
    except _Stop as stop:
        return stop.error


def parse_source(text: str) -> tuple[Token, tuple[Token, ...]] | CallError:
    """A source alone, as in the mapping form: its root and its fields."""
    try:
        parser = _Parser(text)
        source = parser.source()
        parser.end()
    except _Stop as stop:
        return stop.error
    return source


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    def call(self) -> Call:
        operator = self._name("an operator's name")
        self._sign("(", f"a `(` must follow `{operator.text}`")
        inputs: list[Input] = []
        while not self._take(")"):
            if inputs:
                self._sign(",", "a `,` or `)` is missing here")
                if self._take(")"):
                    break
            inputs.append(self._input())
        self.end()
        return Call(operator, tuple(inputs))

    def source(self) -> tuple[Token, tuple[Token, ...]]:
        root = self._name("a step or `$request`", request=True)
        fields: list[Token] = []
        while self._take("."):
            fields.append(self._name("a field's name"))
        return root, tuple(fields)

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._stop("nothing may follow here", "a step is one call: give a nested call a step of its own")

    def _input(self) -> Input:
        port = self._name("a port's name")
        if not self._take("="):
            hint = f"name the port that takes it, such as `port={port.text}`"
            raise _Stop(CallError(f"`{port.text}` is given to no port", port.start, port.end, hint))
        return Input(port, *self.source())

    def _name(self, wanted: str, *, request: bool = False) -> Token:
        token = self._peek()
        if token is None or not (token.text[0].isalpha() or token.text[0] in "_$"):
            raise self._stop(f"{wanted} is missing here", _EXAMPLE)
        if token.text.startswith("$") and not (request and token.text == "$request"):
            message = f"`{token.text}` is not known; `$request` is the request"
            raise _Stop(CallError(message, token.start, token.end, "write a step's name, or `$request.field`"))
        self._next += 1
        return token

    def _sign(self, sign: str, message: str) -> None:
        if not self._take(sign):
            raise self._stop(message, _EXAMPLE)

    def _take(self, sign: str) -> bool:
        token = self._peek()
        if token is None or token.text != sign:
            return False
        self._next += 1
        return True

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _stop(self, message: str, hint: str) -> _Stop:
        token = self._peek()
        end = len(self._text.rstrip())
        start, stop = (token.start, token.end) if token else (max(end - 1, 0), end)
        return _Stop(CallError(message, start, stop, hint))


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        kind = match.lastgroup or "bad"
        yield Token(match[kind], match.start(kind), match.end(kind))
        position = match.end()
