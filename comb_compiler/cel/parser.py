"""CEL's published grammar, by recursive descent. A test holds it equal to what the official parser reads."""

from comb_compiler.cel.literals import decode_bytes, decode_string, in_int64, in_uint64
from comb_compiler.cel.mistakes import (
    BadSyntax,
    bad_field,
    is_reserved,
    misplaced,
    missing_operand,
    reserved,
    unclosed,
    unexpected,
    unreadable,
)
from comb_compiler.cel.tokens import Token, tokenise
from comb_compiler.cel.tree import Call, Expr, ListOf, Literal, MapOf, MessageOf, Name, Select, dotted

__all__ = ["MOST_NESTING", "parse"]

MOST_NESTING = 40
"""Brackets inside brackets. Nobody reads more, and the official parser would recurse as deeply."""

_LEVELS = (("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
_NO_TEXT = "this text ends with a backslash, or has an escape that is no character"
_MOST_DIGITS = 1000
"""More than 64 bits have; Python itself refuses to read some thousands."""
_WORDS = {"true": ("bool", True), "false": ("bool", False), "null": ("null", None)}


def parse(text: str) -> Expr:
    """The expression that `text` writes. Raises BadSyntax at the first mistake."""
    parser = _Parser(text)
    expr = parser.expression()
    parser.finish()
    return expr


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenise(text)
        self._next = 0
        self._depth = 0

    def finish(self) -> None:
        """Everything has been read."""
        token = self._peek()
        if token is not None:
            raise unreadable(self._text, token) if token.kind == "bad" else misplaced(self._text, self._before(), token)

    def expression(self) -> Expr:
        token = self._peek()
        if self._depth == MOST_NESTING and token is not None:
            message = f"this condition is nested more than {MOST_NESTING} deep"
            raise BadSyntax(message, token.start, token.end, "compute it in an operator, and test its answer here")
        self._depth += 1
        start = self._start()
        expr = self._joined("||")
        if (sign := self._take("?")) is not None:
            yes = self._joined("||")
            self._expect(":", sign, "a `:` and what holds otherwise")
            expr = Call("?:", (expr, yes, self.expression()), (sign.start, sign.end), start, self._end())
        self._depth -= 1
        return expr

    def _joined(self, sign: str) -> Expr:
        """`a && b && c`, or the same with `||`: one call with all its arguments."""
        start = self._start()
        arguments = [self._argument_of(sign)]
        at = (0, 0)
        while (token := self._take(sign)) is not None:
            at = at if len(arguments) > 1 else (token.start, token.end)
            arguments.append(self._argument_of(sign))
        return arguments[0] if len(arguments) == 1 else Call(sign, tuple(arguments), at, start, self._end())

    def _argument_of(self, sign: str) -> Expr:
        return self._joined("&&") if sign == "||" else self._binary(0)

    def _binary(self, level: int) -> Expr:
        if level == len(_LEVELS):
            return self._unary()
        start = self._start()
        expr = self._binary(level + 1)
        while (token := self._take(*_LEVELS[level])) is not None:
            expr = Call(token.text, (expr, self._binary(level + 1)), (token.start, token.end), start, self._end())
        return expr

    def _unary(self) -> Expr:
        """Signs of one kind in a row; two of them cancel out. A single `-` before a number is part of it."""
        first = self._peek()
        if first is None or first.text not in ("!", "-"):
            return self._member()
        count = 0
        while self._take(first.text):
            count += 1
        token = self._peek()
        if count == 1 and first.text == "-" and token is not None and token.kind in ("int", "double"):
            self._next -= 1
            return self._member()
        if self._starts(count, first.text):
            raise missing_operand(self._text, self._before(), token)
        expr = self._member()
        if count % 2 == 0:
            return expr
        return Call(first.text, (expr,), (first.start, first.end), first.start, self._end())

    def _starts(self, count: int, sign: str) -> bool:
        """Whether the other sign follows, which the grammar has no place for (but in `!-1`)."""
        token, after = self._peek(), self._peek(1)
        number = sign == "!" and after is not None and after.kind in ("int", "double")
        return count > 0 and token is not None and token.text in ("!", "-") and not (token.text == "-" and number)

    def _member(self) -> Expr:
        start = self._start()
        expr = self._primary()
        while (token := self._take(".", "[")) is not None:
            if token.text == "[":
                index = self.expression()
                self._expect("]", token, "a `]`")
                expr = Call("[]", (expr, index), (token.start, token.end), start, self._end())
            else:
                expr = self._field(expr, token, start)
        return expr

    def _field(self, operand: Expr, dot: Token, start: int) -> Expr:
        token = self._peek()
        if token is None or token.kind not in ("name", "escaped"):
            raise bad_field(dot, token)
        self._next += 1
        at = (token.start, token.end)
        if token.kind == "name" and (opening := self._take("(")) is not None:
            return Call(token.text, self._arguments(opening), at, start, self._end(), operand)
        expr = Select(operand, token.text.strip("`"), at, start, self._end())
        return self._message(expr, start)

    def _message(self, expr: Expr, start: int) -> Expr:
        """`package.Type{…}`, when a `{` follows a name."""
        name = dotted(expr)
        if name is None or "`" in self._text[start : self._end()] or (opening := self._take("{")) is None:
            return expr
        fields: list[tuple[str, Expr]] = []
        while not self._closed("}", opening, bool(fields)):
            token = self._peek()
            if token is None or token.kind not in ("name", "escaped"):
                raise bad_field(self._before() or opening, token)
            self._next += 1
            self._expect(":", token, "a `:` and a value")
            fields.append((token.text.strip("`"), self.expression()))
        return MessageOf(name, tuple(fields), start, self._end())

    def _primary(self) -> Expr:
        token = self._peek()
        if token is None or token.kind == "sign":
            return self._bracketed(token)
        self._next += 1
        if token.kind == "name":
            return self._name(token, token.start)
        if token.kind in ("bad", "escaped"):
            raise unreadable(self._text, token._replace(text=token.text[0]))
        return self._literal(token, token.start)

    def _bracketed(self, token: Token | None) -> Expr:
        if token is None or token.text not in ("(", "[", "{", ".", "-"):
            raise missing_operand(self._text, self._before(), token)
        self._next += 1
        if token.text == "(":
            expr = self.expression()
            self._expect(")", token, "a `)`")
            return expr
        if token.text == "[":
            return self._list(token)
        if token.text == "{":
            return self._map(token)
        following = self._peek()
        if token.text == "." and following is not None and following.kind == "name":
            self._next += 1
            return self._name(following, token.start)
        if token.text == "-" and following is not None and following.kind in ("int", "double"):
            self._next += 1
            return self._literal(following, token.start)
        raise missing_operand(self._text, token, following)

    def _name(self, token: Token, start: int) -> Expr:
        if is_reserved(token):
            raise reserved(token)
        if (opening := self._take("(")) is not None:
            return Call(token.text, self._arguments(opening), (token.start, token.end), start, self._end())
        return self._message(Name(self._text[start] * (start != token.start) + token.text, start, token.end), start)

    def _list(self, opening: Token) -> Expr:
        items: list[Expr] = []
        if self._take(","):
            self._expect("]", opening, "a `]`")
        else:
            while not self._closed("]", opening, bool(items)):
                items.append(self.expression())
        return ListOf(tuple(items), opening.start, self._end())

    def _map(self, opening: Token) -> Expr:
        entries: list[tuple[Expr, Expr]] = []
        if self._take(","):
            self._expect("}", opening, "a `}`")
        else:
            while not self._closed("}", opening, bool(entries)):
                key = self.expression()
                self._expect(":", opening, "a `:` and a value")
                entries.append((key, self.expression()))
        return MapOf(tuple(entries), opening.start, self._end())

    def _closed(self, sign: str, opening: Token, some: bool) -> bool:
        """Whether the bracket ends here; else a comma is read that must part two items. One may stand at the end."""
        if self._take(sign):
            return True
        if some and self._peek() is None:
            self._expect(sign, opening, f"a `{sign}`")
        if some:
            self._expect(",", opening, f"a `,` or a `{sign}`")
        return some and self._take(sign) is not None

    def _arguments(self, opening: Token) -> tuple[Expr, ...]:
        if self._take(")"):
            return ()
        arguments = [self.expression()]
        while self._take(","):
            arguments.append(self.expression())
        self._expect(")", opening, "a `,` or a `)`")
        return tuple(arguments)

    def _literal(self, token: Token, start: int) -> Expr:
        text = self._text[start : token.end]
        if token.kind == "word":
            kind, value = _WORDS[text]
            return Literal(kind, value, start, token.end)
        if token.kind in ("string", "bytes"):
            content = decode_string(text) if token.kind == "string" else decode_bytes(text)
            if content is None:
                raise BadSyntax(_NO_TEXT, start, token.end, "write the character itself")
            return Literal(token.kind, content, start, token.end)
        if token.kind == "double":
            return Literal("double", float(_compact(text)), start, token.end)
        digits = _compact(text).rstrip("uU")
        number = int(digits, 0 if "x" in digits else 10) if len(digits) <= _MOST_DIGITS else None
        if number is None or not (in_uint64(number) if token.kind == "uint" else in_int64(number)):
            raise BadSyntax("this number needs more than 64 bits", start, token.end, "write a smaller number")
        return Literal(token.kind, number, start, token.end)

    def _expect(self, sign: str, opening: Token, wanted: str) -> None:
        token = self._peek()
        if self._take(sign):
            return
        if token is not None and token.kind == "bad":
            raise unreadable(self._text, token)
        if token is None:
            raise unclosed(self._text, opening, sign, wanted, self._end())
        if token.kind == "name" or (before := self._before()) is None or before.text == "not":
            raise misplaced(self._text, self._before(), token)
        raise unexpected(token, sign, wanted)

    def _take(self, *signs: str) -> Token | None:
        token = self._peek()
        if token is None or token.kind != "sign" or token.text not in signs:
            return None
        self._next += 1
        return token

    def _peek(self, ahead: int = 0) -> Token | None:
        position = self._next + ahead
        return self._tokens[position] if position < len(self._tokens) else None

    def _before(self) -> Token | None:
        return self._tokens[self._next - 1] if self._next else None

    def _start(self) -> int:
        token = self._peek()
        return token.start if token else len(self._text)

    def _end(self) -> int:
        before = self._before()
        return before.end if before else 0


def _compact(text: str) -> str:
    """A number without what may stand between its sign and its digits."""
    return "-" + text.lstrip("-").split("\n")[-1].strip() if text.startswith("-") else text
