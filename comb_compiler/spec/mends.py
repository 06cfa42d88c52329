"""Bad values → what was probably meant, where that can be told from the text alone."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from comb_compiler.diagnostics import Applicability, Edit, Fix, Span
from comb_compiler.source import Node, Scalar
from comb_compiler.source.scalars import resolve
from comb_compiler.spec.shape import Expected, choices, field_names
from comb_compiler.spec.suggest import closest
from comb_compiler.spec.wording import describe_value

__all__ = ["Mend", "mend", "mended_name"]

Mend = tuple[Fix | None, tuple[str, ...]]
"""A repair, and what to say before the general advice."""

_NOTHING: Mend = (None, ())
_BARE = re.compile(r"[A-Za-z0-9][-\w./@%+]*(?::[-\w./@%+]+)*")


def mend(kind: str, context: Mapping[str, Any], node: Node, expected: Expected | None) -> Mend:
    """The repair of the value at `node`, which pydantic refused as `kind`."""
    if not isinstance(node, Scalar) or node.data is None:
        return _NOTHING
    reading = _BY_FORM.get(context.get("form", "")) if kind in ("form", "too_long_text") else _BY_KIND.get(kind)
    return reading(node, expected) if reading else _NOTHING


def mended_name(form: str, text: str) -> str | None:
    """The name that `text` was to be; None where none can be told."""
    separator = "_" if form == "identifier" else "-"
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", separator, text)
    name = re.sub(r"[^a-z0-9]+", separator, spaced.lower()).strip(separator)
    longest = 40 if form == "comb-name" else 63
    return name if name[:1].isalpha() and len(name) <= longest and name != text else None


def _written(node: Scalar, text: str, *, safe: bool = False) -> Fix:
    """Put `text` in the place of `node`, in quotes where they are needed or were there before."""
    bare = node.plain and _BARE.fullmatch(text) and isinstance(resolve(text).value, str)
    spelling = text if bare else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _spelled(node, text, spelling, safe=safe)


def _spelled(node: Scalar, shown: str, spelling: str, *, safe: bool) -> Fix:
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix(f"write `{shown}`", (Edit(node.span, spelling),), applicability)


def _quoted(node: Scalar, _: Expected | None) -> Mend:
    """Where text is wanted and YAML reads a plain scalar as something else, quotes are all that is missing."""
    if not node.plain:
        return _NOTHING
    fix = Fix("quote it", (Edit(node.span, f'"{node.text}"'),))
    return fix, (f"YAML reads unquoted `{node.text}` as {describe_value(node.data)}: quote it",)


def _unquoted_number(node: Scalar, expected: Expected | None) -> Mend:
    """`"2"` for 2, and `8.0` for 8."""
    value = resolve(node.text).value if isinstance(node.data, str) else node.data
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return _NOTHING
    if isinstance(value, float) and (expected is None or expected.type is int):
        return _NOTHING
    return _spelled(node, str(value), str(value), safe=True), ()


def _truth(node: Scalar, _: Expected | None) -> Mend:
    word = node.text.lower()
    if word in ("true", "false"):
        return _spelled(node, word, word, safe=True), ()
    for truth, words in (("true", ("yes", "y", "on", "1")), ("false", ("no", "n", "off", "0"))):
        if word in words:
            return _spelled(node, truth, truth, safe=False), ()
    return _NOTHING


def _listed(node: Scalar, _: Expected | None) -> Mend:
    """`devices: nvidia-t4`, whose brackets are missing."""
    if set(node.text) & set("[]{}#") or ": " in node.text or node.start.line != node.end.line:
        return _NOTHING
    span = node.span
    edits = (Edit(Span(span.file, span.start, span.start), "["), Edit(Span(span.file, span.end, span.end), "]"))
    return Fix("write it as a list", edits, Applicability.UNSAFE), ()


def _spaced(node: Scalar, expected: Expected | None) -> Mend:
    """`name:ocr` where a mapping is wanted, which lacks the space behind its colon."""
    key, colon, _ = node.text.partition(":")
    if not (colon and node.plain and expected and key in field_names(expected.type)):
        return _NOTHING
    at = node.part(len(key) + 1, len(key) + 1)
    if at == node.span:
        return _NOTHING
    hint = f"a space must follow the `:` of `{key}`, else all of it is one text"
    return Fix("put a space after the `:`", (Edit(at, " "),), Applicability.UNSAFE), (hint,)


def _chosen(node: Scalar, expected: Expected | None) -> Mend:
    match = closest(node.text, choices(expected.type)) if expected else None
    return (_written(node, match), (f"did you mean `{match}`?",)) if match else _NOTHING


def _named(form: str) -> Callable[[Scalar, Expected | None], Mend]:
    def named(node: Scalar, _: Expected | None) -> Mend:
        name = mended_name(form, node.text)
        return (_written(node, name), ()) if name else _NOTHING

    return named


def _digest(node: Scalar, _: Expected | None) -> Mend:
    digits = node.text.removeprefix("sha256:").lower()
    is_digest = re.fullmatch(r"[0-9a-f]{64}", digits)
    return (_written(node, digits, safe=True), ()) if is_digest and digits != node.text else _NOTHING


def _substituted(pattern: str, replacement: str) -> Callable[[Scalar, Expected | None], Mend]:
    """A form that is reached by one substitution in the whole text."""
    compiled = re.compile(pattern)

    def substituted(node: Scalar, _: Expected | None) -> Mend:
        text = compiled.sub(replacement, node.text)
        return (_written(node, text), ()) if text != node.text else _NOTHING

    return substituted


def _message_type(node: Scalar, _: Expected | None) -> Mend:
    """`.ocr.v1.Boxes` and `ocr/v1/Boxes` for `ocr.v1.Boxes`."""
    text = node.text.lstrip("./").replace("/", ".")
    is_right = re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", text) and text != node.text
    return (_written(node, text), ()) if is_right else _NOTHING


def _entry_point(node: Scalar, expected: Expected | None) -> Mend:
    """`operators.text.Read` and `operators/text.py:Read` for `operators.text:Read`."""
    module, _, name = node.text.partition(":") if ":" in node.text else node.text.rpartition(".")
    text = f"{module.removesuffix('.py').replace('/', '.')}:{name}"
    is_right = re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", text) and ".." not in text
    return (_written(node, text), ()) if is_right and text != node.text else _NOTHING


def _unit(pattern: str, units: Mapping[str, str]) -> Callable[[Scalar, Expected | None], Mend]:
    """`80 msec` for `80ms`: a number, and a unit by another of its names."""
    compiled = re.compile(pattern)

    def unit(node: Scalar, _: Expected | None) -> Mend:
        found = compiled.fullmatch(node.text.strip()) if isinstance(node.data, str) else None
        name = units.get(found["unit"]) or units.get(found["unit"].lower()) if found else None
        if found is None or name is None or f"{found['number']}{name}" == node.text:
            return _NOTHING
        text = f"{found['number']}{name if name != '-' else ''}"
        return (_spelled(node, text, text, safe=False) if name == "-" else _written(node, text)), ()

    return unit


def _without_unit(*units: str) -> Callable[[Scalar, Expected | None], Mend]:
    """A bare number, which could be meant in several units: no repair, but the forms to choose from."""

    def bare(node: Scalar, _: Expected | None) -> Mend:
        if isinstance(node.data, bool) or not isinstance(node.data, int | float):
            return _NOTHING
        forms = " or ".join(f"`{node.text}{unit}`" for unit in units)
        return None, (f"write {forms}: a number alone has no unit",)

    return bare


def _share(node: Scalar, _: Expected | None) -> Mend:
    """`0.5` and `0.5 %`"""
    if isinstance(node.data, int | float) and not isinstance(node.data, bool):
        hints = [f"`{node.text}%`"]
        if 0 < node.data <= 1:
            hints.append(f"`{node.data * 100:g}%`")
        return None, (f"write {' or '.join(hints)}: a share has its sign",)
    text = re.sub(r"\s+", "", node.text)
    is_right = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?%", text) and text != node.text
    return (_written(node, text), ()) if is_right else _NOTHING


def _first(*readings: Callable[[Scalar, Expected | None], Mend]) -> Callable[[Scalar, Expected | None], Mend]:
    def first(node: Scalar, expected: Expected | None) -> Mend:
        return next((found for reading in readings if (found := reading(node, expected)) != _NOTHING), _NOTHING)

    return first


_TIME = {
    **dict.fromkeys(("us", "µs", "usec", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_SIZES = {
    **{f"{letter}ib": f"{letter.upper()}i" for letter in "kmgtp"},
    **{f"{letter}i": f"{letter.upper()}i" for letter in "kmgtp"},
    **{f"{letter}b": ("k" if letter == "k" else letter.upper()) for letter in "kmgtp"},
    **{letter: ("k" if letter == "k" else letter.upper()) for letter in "kmgtp"},
}
_CORES = dict.fromkeys(("core", "cores", "cpu", "cpus", "vcpu", "vcpus", "c"), "-")
_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-zµ]+)"

_BY_KIND: dict[str, Callable[[Scalar, Expected | None], Mend]] = {
    "string_type": _quoted,
    "int_type": _unquoted_number,
    "int_from_float": _unquoted_number,
    "float_type": _unquoted_number,
    "bool_type": _truth,
    "list_type": _listed,
    "dict_type": _spaced,
    "model_type": _spaced,
    "enum": _chosen,
    "literal_error": _chosen,
    "duration": _first(_without_unit("ms", "s"), _unit(_NUMBER, _TIME)),
    "size": _first(_without_unit("Mi", "Gi"), _unit(_NUMBER, _SIZES)),
    "percentage": _share,
    "cores": _unit(_NUMBER, _CORES),
}
_BY_FORM: dict[str, Callable[[Scalar, Expected | None], Mend]] = {
    "name": _named("name"),
    "comb-name": _named("comb-name"),
    "identifier": _named("identifier"),
    "digest": _digest,
    "entry-point": _entry_point,
    "method": _substituted(r"\A([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\.([A-Za-z_]\w*)\Z", r"\1/\2"),
    "message-type": _message_type,
    "path": _substituted(r"\\", "/"),
    "uri": _substituted(r"\\", "/"),
    "model-reference": _substituted(r"\A([a-z][-a-z0-9]*)[:/]([A-Za-z0-9][-+._A-Za-z0-9]*)\Z", r"\1@\2"),
}
