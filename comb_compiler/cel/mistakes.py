"""What is said of a text that is no condition."""

from typing import NamedTuple

from comb_compiler.cel.tokens import RESERVED, Token

__all__ = ["BadSyntax", "Mend", "Mistake", "misplaced", "missing_operand", "reserved", "unreadable"]


class Mend(NamedTuple):
    """What was probably meant: `text` in the place of a range."""

    title: str
    start: int
    end: int
    text: str


class Mistake(NamedTuple):
    """What is wrong with a condition, where in its text, what to write, and a repair where one is mechanical."""

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


_OTHER_SIGNS = {"=": "==", "&": "&&", "|": "||"}
_OTHER_WORDS = {"and": "&&", "or": "||", "AND": "&&", "OR": "||", "is": "=="}
_EXAMPLE = 'write a condition such as `request.flag && request.name == "x"`'
_LONGEST_SHOWN = 24


def unreadable(text: str, token: Token) -> BadSyntax:
    """A character that begins no token of CEL."""
    sign, start, end = token.text, token.start, token.end
    if sign in _OTHER_SIGNS:
        meant = _OTHER_SIGNS[sign]
        what = "compares" if sign == "=" else "joins conditions"
        return _mended(f"`{sign}` is no operator of CEL: `{meant}` {what}", start, end, meant)
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


def misplaced(before: Token | None, token: Token) -> BadSyntax:
    """A token behind a whole expression that cannot go on so."""
    start, end = token.start, token.end
    if token.text in _OTHER_WORDS:
        meant = _OTHER_WORDS[token.text]
        return _mended(f"`{token.text}` is no operator of CEL: write `{meant}`", start, end, meant)
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
    if before is not None and before.text == "!" and token.text == "!":
        return BadSyntax("a value is missing here", token.start, token.end, _EXAMPLE)
    if token.text in ("?", "=") and before is not None:
        message = "a value is missing here: CEL's `?.` and `[?…]` are not switched on"
        return BadSyntax(message, token.start, token.end, "ask `has(message.field)` whether a field is set")
    return BadSyntax(f"a value is missing before {_shown(token)}", token.start, token.end, _EXAMPLE)


def reserved(token: Token) -> BadSyntax:
    """A word of CEL where a name is meant."""
    message = f"`{token.text}` is a word of CEL, and cannot be named in a condition"
    return BadSyntax(message, token.start, token.end, "give the step another name")


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


def _mended(message: str, start: int, end: int, text: str) -> BadSyntax:
    return BadSyntax(message, start, end, f"write `{text}`", _write(start, end, text))
