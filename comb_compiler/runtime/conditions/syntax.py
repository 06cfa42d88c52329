"""The part of CEL that conditions mostly are: fields, literals, comparisons, `has`, `in`, and, or, not, ?:.

Anything else is none of this module's business: `parse` gives None, and the library does it.
"""

import re
from typing import NamedTuple

__all__ = ["Compare", "Contains", "Has", "Literal", "Logic", "Name", "Node", "Not", "Select", "Test", "parse"]

Scalar = bool | int | float | str | None


class Literal(NamedTuple):
    """A constant; `kind` is "bool", "int", "uint", "double", "string" or "null"."""

    value: Scalar
    kind: str


class Name(NamedTuple):
    """A free name."""

    name: str


class Select(NamedTuple):
    """`operand.field`."""

    operand: "Node"
    field: str


class Has(NamedTuple):
    """`has(operand.field)`."""

    operand: "Node"
    field: str


class Compare(NamedTuple):
    """`left operator right`."""

    operator: str
    left: "Node"
    right: "Node"


class Contains(NamedTuple):
    """`operand in [constants]`."""

    operand: "Node"
    constants: tuple[Literal, ...]


class Logic(NamedTuple):
    """`left && right` or `left || right`."""

    operator: str
    left: "Node"
    right: "Node"


class Not(NamedTuple):
    """`!operand`."""

    operand: "Node"


class Test(NamedTuple):
    """`condition ? yes : no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"


Node = Literal | Name | Select | Has | Compare | Contains | Logic | Not | Test

_TOKEN = re.compile(
    r"""\s*(?:(?P<double>\d+\.\d+(?:[eE][+-]?\d+)?)|(?P<uint>\d+[uU])|(?P<int>\d+)
        |(?P<name>[A-Za-z_]\w*)|(?P<string>"[^"\\\r\n]*"|'[^'\\\r\n]*')
        |(?P<sign>&&|\|\||[=!<>]=|[<>!()?:.,\[\]-]))""",
    re.VERBOSE | re.ASCII,
)
_WORDS = {"true": Literal(True, "bool"), "false": Literal(False, "bool"), "null": Literal(None, "null")}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_DEEPEST = 50


class _OutOfScope(Exception):
    """Not what this module knows."""


def parse(expression: str) -> Node | None:
    """The expression's tree; None for one that is not of this part of CEL."""
    try:
        parser = _Parser(_tokens(expression))
        node = parser.expression()
        parser.take("")
    except _OutOfScope:
        return None
    return node


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, place, text = [], 0, expression.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise _OutOfScope
        tokens.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._place = 0
        self._depth = 0

    def take(self, *signs: str) -> str:
        """The next token, which is one of `signs`."""
        if not self._is_at(*signs):
            raise _OutOfScope
        self._place += 1
        return self._tokens[self._place - 1][1]

    def _is_at(self, *signs: str) -> bool:
        kind, text = self._tokens[self._place]
        return kind in ("sign", "end", "name") and text in signs

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _OutOfScope
        node = self._either()
        if self._is_at("?"):
            self.take("?")
            yes = self._either()
            self.take(":")
            node = Test(node, yes, self.expression())
        self._depth -= 1
        return node

    def _either(self) -> Node:
        node = self._both()
        while self._is_at("||"):
            node = Logic(self.take("||"), node, self._both())
        return node

    def _both(self) -> Node:
        node = self._relation()
        while self._is_at("&&"):
            node = Logic(self.take("&&"), node, self._relation())
        return node

    def _relation(self) -> Node:
        node = self._unary()
        if self._is_at(*_COMPARISONS):
            node = Compare(self.take(*_COMPARISONS), node, self._unary())
        elif self._is_at("in"):
            self.take("in")
            node = Contains(node, self._constants())
        return node

    def _constants(self) -> tuple[Literal, ...]:
        self.take("[")
        constants = []
        while not self._is_at("]"):
            node = self._unary()
            if not isinstance(node, Literal):
                raise _OutOfScope
            constants.append(node)
            if not self._is_at("]"):
                self.take(",")
        self.take("]")
        return tuple(constants)

    def _unary(self) -> Node:
        if self._is_at("!"):
            self.take("!")
            return Not(self._deeper())
        if self._is_at("-"):
            self.take("-")
            node = self._member()
            if not isinstance(node, Literal) or node.kind not in ("int", "double"):
                raise _OutOfScope
            assert isinstance(node.value, int | float)
            return Literal(-node.value, node.kind)
        return self._member()

    def _deeper(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _OutOfScope
        node = self._unary()
        self._depth -= 1
        return node

    def _member(self) -> Node:
        node = self._primary()
        while self._is_at("."):
            self.take(".")
            node = Select(node, self._word())
            if self._is_at("("):
                raise _OutOfScope
        return node

    def _word(self) -> str:
        kind, text = self._tokens[self._place]
        if kind != "name":
            raise _OutOfScope
        self._place += 1
        return text

    def _primary(self) -> Node:
        kind, text = self._tokens[self._place]
        if self._is_at("("):
            self.take("(")
            node = self.expression()
            self.take(")")
            return node
        self._place += 1
        if kind == "name":
            return self._named(text)
        return _literal(kind, text)

    def _named(self, name: str) -> Node:
        if name in _WORDS:
            return _WORDS[name]
        if not self._is_at("("):
            return Name(name)
        if name != "has":
            raise _OutOfScope
        self.take("(")
        node = self._member()
        self.take(")")
        if not isinstance(node, Select):
            raise _OutOfScope
        return Has(node.operand, node.field)


def _literal(kind: str, text: str) -> Literal:
    if kind == "int":
        return Literal(int(text), "int")
    if kind == "uint":
        return Literal(int(text[:-1]), "uint")
    if kind == "double":
        return Literal(float(text), "double")
    if kind == "string":
        return Literal(text[1:-1], "string")
    raise _OutOfScope
