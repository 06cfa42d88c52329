"""What is said of a text that is no condition."""

from typing import NamedTuple

from comb_compiler.cel.foreign import Foreign, foreign_sign, foreign_word
from comb_compiler.cel.tokens import RESERVED, Token

__all__ = [
    "BadSyntax",
    "Mend",
    "Mistake",
    "bad_field",
    "is_reserved",
    "misplaced",
    "missing_operand",
    "reserved",
    "unclosed",
    "unexpected",
    "unreadable",
]


class Mend(NamedTuple):
    """What was probably meant: `text` in the place of a range."""

    title: str
    start: int
    end: int
    text: str


class Mistake(NamedTuple):
    """What is wrong with a text, where in it, what to write, and a repair where one is mechanical."""

    message: str
    start: int
    end: int
    hint: str
    mend: Mend | None = None


class BadSyntax(Exception):
    """Unwinds the parser at the first mistake; never leaves this package."""

    def __init__(self, message: str, start: int, end: int, hint: str, mend: Mend | None = None) -> None:
        super().__init__(message)
        self.mistake = Mistake(message, start, end, hint, mend)


_EXAMPLE = 'write a condition such as `request.flag && request.name == "x"`'
_LONGEST_SHOWN = 24
_STATEMENTS = {
    "if": "write `test ? yes : no`",
    "for": "write `list.all(item, …)` or `list.exists(item, …)`",
}


def unreadable(text: str, token: Token) -> BadSyntax:
    """A character that begins no token of CEL."""
    sign, start, end = token.text, token.start, token.end
    foreign = foreign_sign(text, start)
    if foreign is not None:
        return _of_foreign(text, foreign)
    if sign == "$":
        name = text[end:].split(".")[0].split(" ")[0]
        message = f"a condition names the request and steps without a `$`: `{name or 'request'}`"
        return BadSyntax(message, start, end, "leave out the `$`", Mend("leave out the `$`", start, end, ""))
    if sign in "\"'":
        return BadSyntax("this text is not closed, or has an escape that CEL does not know", start, end, _quotes(sign))
    if sign == "`":
        hint = "names of fields that are words of CEL go between backticks: `request.`in``"
        return BadSyntax("this backtick opens no name", start, end, hint)
    shown = sign if sign.isprintable() else f"U+{ord(sign):04X}"
    return BadSyntax(f"`{shown}` is no part of CEL", start, end, _EXAMPLE)


def _quotes(sign: str) -> str:
    return f"put a `{sign}` at its end; inside it, write `\\{sign}` for a quote and `\\\\` for a backslash"


def misplaced(text: str, before: Token | None, token: Token) -> BadSyntax:
    """A token behind a whole expression that cannot go on so."""
    start, end = token.start, token.end
    foreign = foreign_word(text, before, token) if token.kind == "name" else None
    if foreign is not None:
        return _of_foreign(text, foreign, token)
    if before is not None and before.text == "not":
        mend = Mend("write `!`", before.start, start, "!")
        return BadSyntax("`not` is no operator of CEL: write `!`", before.start, before.end, "write `!`", mend)
    if token.text == ")":
        return BadSyntax("this `)` closes nothing", start, end, "leave it out, or put a `(` before", None)
    return BadSyntax(f"{_shown(token)} cannot follow here", start, end, "join conditions by `&&` or `||`")


def missing_operand(text: str, before: Token | None, token: Token | None) -> BadSyntax:
    """No value where one must stand."""
    if token is None and before is None:
        return BadSyntax("there is no condition here", 0, len(text), _EXAMPLE)
    if token is None:
        assert before is not None
        return BadSyntax(f"nothing follows {_shown(before)}", before.start, before.end, "write what is missing")
    foreign = foreign_sign(text, token.start) if token.kind == "sign" else None
    if foreign is not None and foreign.start < token.start:
        return _of_foreign(text, foreign)
    if before is not None and before.text == "!" and token.text == "!":
        return BadSyntax("a value is missing here", token.start, token.end, _EXAMPLE)
    if token.text in ("?", "=") and before is not None:
        message = "a value is missing here: CEL's `?.` and `[?…]` are not switched on"
        return BadSyntax(message, token.start, token.end, "ask `has(message.field)` whether a field is set")
    return BadSyntax(f"a value is missing before {_shown(token)}", token.start, token.end, _EXAMPLE)


def reserved(token: Token) -> BadSyntax:
    """A word of CEL where a name is meant."""
    message = f"`{token.text}` is a word of CEL, and cannot be named in a condition"
    hint = _STATEMENTS.get(token.text, "a condition is one expression, over the request and steps by their names")
    return BadSyntax(message, token.start, token.end, hint)


def unclosed(text: str, opening: Token, sign: str, wanted: str, end: int) -> BadSyntax:
    """A bracket, or a `?`, of which the other half is missing at the end."""
    if text.startswith("?.", opening.start):
        hint = "ask `has(message.field)` whether a field is set"
        return BadSyntax("CEL's `?.` is not switched on", opening.start, opening.end + 1, hint)
    mend = Mend(f"put a `{sign}`", end, end, sign) if sign in ")]}" else None
    message = f"{wanted} is missing after `{opening.text}`"
    return BadSyntax(message, opening.start, opening.end, f"put {wanted} at its end", mend)


def unexpected(token: Token, sign: str, wanted: str) -> BadSyntax:
    """Something else where a bracket, a comma or a colon should be."""
    if sign == "]" and token.text == ":":
        hint = "compare one item, as in `list[0]`, or ask `list.exists(item, …)`"
        return BadSyntax("CEL takes no slices", token.start, token.end, hint)
    return BadSyntax(f"{wanted} is missing before `{token.text}`", token.start, token.end, f"put {wanted} there")


def bad_field(dot: Token, token: Token | None) -> BadSyntax:
    """Something else than a field's name behind a dot."""
    if token is None or token.kind not in ("sign", "word") or not token.text.isalpha():
        at = dot if token is None or token.text == "?" else token
        hint = "write the field's name, as in the .proto"
        if token is not None and token.text == "?":
            hint = "CEL's `.?` is not switched on: ask `has(message.field)` whether a field is set"
        return BadSyntax("a field's name is missing after this dot", at.start, at.end, hint)
    quoted = f"`{token.text}`"
    message = f"{quoted} is a word of CEL: as a field it goes between backticks"
    return BadSyntax(message, token.start, token.end, f"write `.{quoted}`", _write(token.start, token.end, quoted))


def is_reserved(token: Token) -> bool:
    """Whether it is a word that no variable may have."""
    return token.kind == "name" and token.text in RESERVED


def _shown(token: Token) -> str:
    text = token.text if len(token.text) <= _LONGEST_SHOWN else token.text[:_LONGEST_SHOWN] + "…"
    return f"`{text}`"


def _write(start: int, end: int, text: str) -> Mend:
    return Mend(f"write {text}" if "`" in text else f"write `{text}`", start, end, text)


def _of_foreign(text: str, foreign: Foreign, word: Token | None = None) -> BadSyntax:
    """A sign or a word that CEL does not have, with what it has."""
    start, end = foreign.start, foreign.end
    if word is not None and start < word.start:  # what is repaired begins before the word
        start, end = word.start, word.end
    shown = text[start:end].rstrip()
    says = foreign.says or (foreign.hint if foreign.meant else "")
    message = f"`{' '.join(shown.split())}` is no operator of CEL{': ' if says else ''}{says}"
    mend = Mend(f"write `{foreign.meant}`", foreign.start, foreign.end, foreign.meant) if foreign.meant else None
    return BadSyntax(message, start, start + len(shown), foreign.hint, mend)
