"""The text form of a step: `operator(port=source, …)`.

    call   = name "(" [ input { "," input } [ "," ] ] ")"
    input  = port "=" source
    source = ( "$request" | step ) { "." field }

Names are letters, digits, `_` and (for operators) `-`. White space is free between tokens.
"""

import re
from collections.abc import Iterator
from string import ascii_letters
from typing import NamedTuple

from comb_compiler.cel import Mend, Mistake
from comb_compiler.spec.suggest import closest, strangers

__all__ = ["Call", "Input", "Token", "parse_call", "parse_source"]


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


_TOKEN = re.compile(r"\s*(?:(?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*)|(?P<sign>[(),=.])|(?P<bad>\S))")
_NAME_STARTS = frozenset(ascii_letters + "_$")
_REQUEST = "$request"
_JOINTS = "-|>"
"""By what shells and other tools put one step behind another."""
_EXAMPLE = "write `operator(port=step, port=$request.field)`"


class _Stop(Exception):
    """Unwinds the parser at the first mistake; never leaves this module."""

    def __init__(self, error: Mistake) -> None:
        self.error = error


def parse_call(text: str) -> Call | Mistake:
    """The call that `text` writes, or what is wrong with it."""
    try:
        return _Parser(text).call()
    except _Stop as stop:
        return _stranger(text) or stop.error


def parse_source(text: str) -> tuple[Token, tuple[Token, ...]] | Mistake:
    """A source alone, as in the mapping form: its root and its fields."""
    try:
        return _Parser(text).lone_source()
    except _Stop as stop:
        return _stranger(text) or stop.error


def _stranger(text: str) -> Mistake | None:
    """The first character that no call has, although it may look as if it had, or like nothing at all."""
    token = next((one for one in _tokens(text) if not one.text.isascii()), None)
    if token is None:
        return None
    hint = "type the name anew: it is made of ASCII letters, digits, `_` and `-`"
    return Mistake(f"{strangers(token.text)}, which is no part of a name", token.start, token.end, hint, None)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._end = len(text.rstrip())

    def call(self) -> Call:
        operator = self._name("an operator's name")
        opening = self._opening(operator)
        inputs: list[Input] = []
        while not self._take(")"):
            if inputs and not self._take(","):
                raise self._unparted(opening)
            if inputs and self._take(")"):
                break
            inputs.append(self._input())
        if self._peek() is not None:
            raise self._trailing("the call", "a step is one call")
        return Call(operator, tuple(inputs))

    def lone_source(self) -> tuple[Token, tuple[Token, ...]]:
        source = self._source()
        token = self._peek()
        if token is not None and token.text == "(":
            message = f"a source is a step, and `{source[0].text}(…)` is a call"
            raise _stop(message, source[0].start, self._end, "give the call a step of its own, and name that step here")
        if token is not None:
            raise self._trailing("the source", "a source is a step or `$request`, and fields")
        return source

    def _opening(self, operator: Token) -> Token:
        token = self._peek()
        if self._take("("):
            assert token is not None
            return token
        if token is None:
            hint = f"write `{operator.text}(port=step)`, or `{operator.text}()` where it has no inputs"
            raise _stop(f"`{operator.text}` is not a call: it has no inputs", operator.start, operator.end, hint)
        if token.text in _JOINTS:
            message = f"a step is one call, and nothing is joined by `{token.text.replace('-', '->')}`"
            hint = f"give each call a step of its own that names its sources: `operator(port={operator.text})`"
            raise _stop(message, token.start, token.start + 1, hint)
        raise _stop(f"a `(` must follow `{operator.text}`", token.start, token.end, _EXAMPLE)

    def _input(self) -> Input:
        port, fields = self._source("a port's name")
        token = self._peek()
        if not fields and port.text != _REQUEST and self._take("="):
            token = self._peek()
            if token is None or token.text in ",)":
                hint = f"write `{port.text}=step`, or `{port.text}=$request.field`"
                raise _stop(f"the port `{port.text}` is given nothing", port.start, port.end, hint)
            return Input(port, *self._source())
        if not fields and token is not None and token.text == ":":
            raise self._colon(port, token)
        raise _no_port(port, fields)

    def _colon(self, port: Token, colon: Token) -> _Stop:
        """`port: source`, as other languages give arguments their names."""
        self._next += 1
        after = self._peek()
        source, end = "step", colon.end
        if after is not None and _is_name(after):
            root, fields = self._source()
            source, end = ".".join(token.text for token in (root, *fields)), after.start
        given = f"write `{port.text}={source}`"
        message = f"a `:` gives nothing to the port `{port.text}`"
        return _stop(message, colon.start, colon.end, given, Mend(given, colon.start, end, "="))

    def _source(self, wanted: str = "a step or `$request`") -> tuple[Token, tuple[Token, ...]]:
        root = self._name(wanted)
        fields: list[Token] = []
        while (dot := self._peek()) is not None and self._take("."):
            token = self._peek()
            if token is None or not _is_name(token) or token.text.startswith("$"):
                message = "a field's name is missing after this dot"
                raise _stop(message, dot.start, dot.end, "write the field's name, as in the .proto")
            fields.append(token)
            self._next += 1
        return root, tuple(fields)

    def _name(self, wanted: str) -> Token:
        token = self._peek()
        if token is None:
            raise _stop(f"{wanted} is missing here", max(self._end - 1, 0), self._end, _EXAMPLE)
        if token.text == "{":
            hint = "name the step alone, and what follows a dot by the .proto: `port=step.field`"
            raise _stop("nothing fills in `{{…}}`: a call is no template", token.start, self._end, hint)
        if not _is_name(token):
            raise _stop(f"{wanted} is missing here", token.start, token.end, _EXAMPLE)
        if token.text.startswith("$") and token.text != _REQUEST:
            message = f"`{token.text}` is not known: only `{_REQUEST}` begins with a `$`"
            if (braced := self._braced()) is not None:
                raise braced
            name = token.text[1:]
            meant = name if name and name not in _REQUEST and closest(name, (_REQUEST[1:],)) is None else _REQUEST
            mend = Mend(f"write `{meant}`", token.start, token.end, meant)
            raise _stop(message, token.start, token.end, "write a step's name, or `$request.field`", mend)
        self._next += 1
        return token

    def _braced(self) -> _Stop | None:
        """`${request.field}`, as shells write it."""
        names: list[str] = []
        dollar, *tokens = self._tokens[self._next :]
        for token in tokens:
            names.append(token.text)
            if token.text == "}":
                break
        if dollar.text != "$" or names[:1] != ["{"] or names[-1] != "}":
            return None
        path = "".join(names[1:-1])
        meant = f"${path}" if path.split(".")[0] == _REQUEST[1:] else path
        mend = Mend(f"write `{meant}`", dollar.start, token.end, meant)
        message = "nothing fills in `${…}`: a call is no template"
        return _stop(message, dollar.start, token.end, "write a step's name, or `$request.field`", mend)

    def _unparted(self, opening: Token) -> _Stop:
        """What follows an input where a `,` or a `)` should."""
        token, before = self._peek(), self._tokens[self._next - 1]
        if token is None:
            mend = Mend("put a `)`", self._end, self._end, ")")
            return _stop("this call is not closed", opening.start, opening.end, "put a `)` at its end", mend)
        if token.text == "(":
            message = f"`{before.text}(…)` is a call inside a call"
            hint = "give it a step of its own, and name that step here"
            return _stop(message, before.start, self._matching(self._next), hint)
        if token.text == ";":
            mend = Mend("write `,`", token.start, token.end, ",")
            return _stop("inputs are separated by `,`", token.start, token.end, "write `,`", mend)
        if _is_name(token):
            mend = Mend("put a `,`", before.end, before.end, ",")
            return _stop(f"a `,` is missing before `{token.text}`", token.start, token.end, _EXAMPLE, mend)
        return _stop("a `,` or `)` is missing before this", token.start, token.end, _EXAMPLE)

    def _matching(self, opening: int) -> int:
        """Where the bracket ends that begins at token number `opening`."""
        depth = 0
        for token in self._tokens[opening:]:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0:
                return token.end
        return self._end

    def _trailing(self, what: str, hint: str) -> _Stop:
        token = self._tokens[self._next]
        if token.text in ("if", "when", "unless") and what == "the call":
            hint = 'a condition stands beside the call: write `{call: "…", when: "…"}`'
        if token.text == "." and what == "the call":
            hint = "a step hands on its whole answer: follow a field where it is used, as in `port=step.field`"
        return _stop(f"nothing may follow {what}", token.start, self._end, hint)

    def _take(self, sign: str) -> bool:
        token = self._peek()
        if token is None or token.text != sign:
            return False
        self._next += 1
        return True

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None


def _no_port(source: Token, fields: tuple[Token, ...]) -> _Stop:
    """An input that does not say which port takes it."""
    path = ".".join(token.text for token in (source, *fields))
    port = (fields[-1] if fields else source).text.lstrip("$")
    end = (fields[-1] if fields else source).end
    mend = Mend(f"write `{port}={path}`", source.start, source.start, f"{port}=")
    hint = f"name the port that takes it, such as `{port}={path}`"
    return _stop(f"`{path}` is given to no port", source.start, end, hint, mend)


def _stop(message: str, start: int, end: int, hint: str, mend: Mend | None = None) -> _Stop:
    return _Stop(Mistake(message, start, end, hint, mend))


def _is_name(token: Token) -> bool:
    return token.text[0] in _NAME_STARTS


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        kind = match.lastgroup or "bad"
        yield Token(match[kind], match.start(kind), match.end(kind))
        position = match.end()
