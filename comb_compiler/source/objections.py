"""What is said of YAML that can be read, and should not stand in a comb."""

import re
from collections.abc import Mapping as AbstractMapping

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.nodes import Mapping, Node, Scalar
from comb_compiler.source.scalars import Resolved, resolve

__all__ = [
    "ambiguous_scalar",
    "complex_key",
    "duplicate_key",
    "merge_key",
    "undefined_alias",
    "unsupported_tag",
    "wrong_tag",
]


def duplicate_key(key: Scalar, earlier: Scalar) -> Diagnostic:
    """The second of two equal keys."""
    return diagnose(
        codes.DUPLICATE_KEY,
        f"the key `{key.text}` is given twice in one mapping",
        key.span,
        label="given again here",
        related=(Label(earlier.span, "first given here"),),
        hints=("keep one of the two: other tools silently keep the last",),
    )


def complex_key(key: Node) -> Diagnostic:
    """A mapping or a list as a key, which is mostly text that begins with a bracket."""
    if isinstance(key, Mapping) and key.flow:
        return diagnose(
            codes.COMPLEX_KEY,
            "`{{…}}` is no template here: it is a mapping whose key is a mapping",
            key.span,
            label="this mapping stands where a key is wanted",
            hints=(
                "Comb fills in no templates: what differs by environment or arm belongs into `environments` or `set`",
                "quote it if text was meant",
            ),
        )
    hint = "quote it if text was meant: a `{` or `[` begins a mapping or a list"
    return diagnose(codes.COMPLEX_KEY, "a mapping or a list cannot be a key", key.span, hints=(hint,))


def merge_key(key: Scalar) -> Diagnostic:
    """`<<`"""
    return diagnose(
        codes.MERGE_KEY,
        "`<<` merges mappings in YAML 1.1, and is an ordinary key in YAML 1.2",
        key.span,
        hints=(
            "write the fields out, or use an alias for a whole value (`resources: *small`)",
            "for what differs by arm or environment, use `set` or `environments`",
        ),
    )


def undefined_alias(name: str, at: Span, anchors: AbstractMapping[str, object | None], text: str) -> Diagnostic:
    """An alias whose anchor is not above it, or whose value (None) is not yet at its end; `text` is the file's."""
    from difflib import get_close_matches

    known = [anchor for anchor, value in anchors.items() if value is not None]
    match = next(iter(get_close_matches(name, known, n=1)), None)
    if name in anchors:
        hint, fix = "it stands inside the value that `&" + name + "` names: no value can hold itself", None
    elif match is not None:
        hint, fix = (
            f"did you mean `*{match}`?",
            Fix(f"write `*{match}`", (Edit(at, f"*{match}"),), Applicability.UNSAFE),
        )
    elif re.search(rf"(?<!\S)&{re.escape(name)}(?!\S)", text):
        hint, fix = "an anchor must stand above what refers to it: move it to its first use", None
    else:
        shown = ", ".join(f"`&{anchor}`" for anchor in known)
        there_are = f"the anchors above are {shown}" if known else "there is no anchor above"
        hint, fix = f"{there_are}; quote it if text was meant", None
    return diagnose(codes.UNDEFINED_ALIAS, f"no anchor `&{name}` stands above this alias", at, hints=(hint,), fix=fix)


def unsupported_tag(tag: str, at: Span) -> Diagnostic:
    """A tag of another tool, or a condition that begins with a `!`."""
    shown = tag.replace("tag:yaml.org,2002:", "!!")
    is_condition = re.fullmatch(r"!(?=.*[.(])\(*[a-z_]\w*(?:\.\w+|\([\w.]*\)?)*\)*", tag) is not None
    hint = "where `!` is to mean not, put quotes around the whole condition" if is_condition else "drop the tag"
    return diagnose(codes.UNSUPPORTED_TAG, f"the tag `{shown}` has no meaning here", at, hints=(hint,))


def wrong_tag(tag: str, text: str, at: Span) -> Diagnostic:
    """A core tag on a text that is none of its kind."""
    name = tag.rpartition(":")[2]
    return diagnose(codes.UNSUPPORTED_TAG, f"`{text[:40]}` is no YAML `!!{name}`", at, hints=("drop the tag",))


def ambiguous_scalar(text: str, resolved: Resolved, at: Span) -> Diagnostic:
    """A text that YAML 1.1 and 1.2 read as different values. The fix keeps what it is here."""
    value = resolved.value
    other = _as_others_read(text, resolved.elsewhere)
    if isinstance(value, str):
        fix: Fix | None = Fix(f'write "{text}"', (Edit(at, f'"{text}"'),))
        shown, hint = "text", "quote it, so that all tools read it alike"
    else:
        written = _plainly(value)
        fix = Fix(f"write {written}", (Edit(at, written),)) if written else None
        shown = f"the number {value}"
        hint = (
            f"write `{written}` if the number is meant, and quote it if text is"
            if written
            else "quote it if text is meant"
        )
    message = f"`{text}` is {shown} here, and {other} to tools that read YAML 1.1"
    return diagnose(codes.AMBIGUOUS_SCALAR, message, at, hints=(hint,), fix=fix)


def _plainly(value: float) -> str:
    """A number in a form that everybody reads alike; empty where there is none."""
    written = str(value)
    again = resolve(written)
    return written if again.value == value and not again.elsewhere else ""


def _as_others_read(text: str, reading: str) -> str:
    """What YAML 1.1 makes of it, worked out where the name alone says too little."""
    digits = text.replace("_", "")
    if reading == "an octal number":
        return f"the number {int(digits, 8)} (octal)"
    if reading == "a base-60 number" and "." not in digits:
        seconds = 0
        for part in digits.lstrip("-+").split(":"):
            seconds = seconds * 60 + int(part)
        return f"the number {-seconds if digits.startswith('-') else seconds} (base 60)"
    return reading
