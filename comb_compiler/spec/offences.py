"""pydantic's error types → our codes and words. Pydantic's own text is never shown, and never parsed."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from comb_compiler.diagnostics import codes
from comb_compiler.spec.shape import Expected, choices

__all__ = ["OFFENCES", "Offence", "describe_value"]


class Offence(NamedTuple):
    """What to say of a bad value: the offence, what was expected, and advice. `{field}` is already filled in."""

    code: codes.Code
    message: str
    hints: tuple[str, ...] = ()


_Say = Callable[[str, Any, Mapping[str, Any], Expected | None], Offence]


def describe_value(value: Any) -> str:
    """A value as a person would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text `{_shortened(value)}`" if value else "an empty text"
    return "a list" if isinstance(value, list) else "a mapping"


def _shortened(text: str, most: int = 40) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= most else one_line[: most - 1] + "…"


def _wants(code: codes.Code, wanted: str, *hints: str) -> _Say:
    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        return Offence(code, f"{field} takes {wanted}, not {describe_value(value)}", hints)

    return say


def _range(wanted: str, *hints: str) -> _Say:
    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        return Offence(codes.OUT_OF_RANGE, f"{field} must be {wanted}, not `{_shortened(str(value))}`", hints)

    return say


def _bound(word: str, key: str) -> _Say:
    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        return Offence(codes.OUT_OF_RANGE, f"{field} must be {word} {context[key]}, not {value}")

    return say


def _choice(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    words = choices(expected.type) if expected else ()
    allowed = ", ".join(f"`{word}`" for word in words)
    return Offence(codes.UNKNOWN_CHOICE, f"{field} cannot be {describe_value(value)}", (f"one of {allowed}",))


def _form(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    noun, hint = _FORMS[context["form"]]
    code = _FORM_CODES.get(context["form"], codes.BAD_NAME)
    return Offence(code, f"`{_shortened(str(value))}` is not {noun}", (hint,))


def _too_long(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    message = f"{field} has {context['length']} characters; at most {context['longest']} fit"
    return Offence(codes.TOO_LONG, message, ("shorten it: it becomes part of Kubernetes names, which are bounded",))


def _too_short(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    least = context["min_length"]
    hint = "fill it, or delete the line" if least == 1 else f"at least {least} entries are needed"
    message = f"{field} is empty" if not value else f"{field} has too few entries"
    return Offence(codes.EMPTY_VALUE, message, (hint,))


_FORMS: dict[str, tuple[str, str]] = {
    "name": ("a name", "use lower-case letters, digits and inner hyphens, beginning with a letter"),
    "comb-name": ("a name for a comb", "use lower-case letters, digits and inner hyphens, beginning with a letter"),
    "identifier": ("a name of a step or port", "use lower-case letters, digits and underscores"),
    "version": ("a version", "use letters, digits, dots, hyphens and underscores, and quote it"),
    "model-reference": ("a reference to a model version", "write `model@version`, such as `text-angle@1.4.0`"),
    "digest": ("a SHA-256 digest", "write 64 lower-case hexadecimal digits; `comb lock` can fill them in"),
    "message-type": ("the name of a Protobuf message", "write the full name, such as `moderation.v1.Boxes`"),
    "method": ("a Protobuf method", "write `package.Service/Method`, such as `moderation.v1.Moderation/Check`"),
    "path": (
        "a path inside the repository",
        "write a path with `/`, from this file's directory",
    ),
    "uri": (
        "a place where bytes are",
        "write a relative path, `python://package/file`, or a URI such as `s3://bucket/key`",
    ),
    "url": ("a URL", "write `scheme://host…`, without credentials: secrets are referred to, never written"),
    "label": ("a label's key", "use letters, digits, `-`, `_`, `.`, and an optional `domain/` before it"),
    "label-value": ("a label's value", "use up to 63 letters, digits, `-`, `_` and `.`; quote numbers"),
    "text": ("a text", "write something that can be read: it holds nothing, or control characters"),
    "entry-point": ("a Python entry point", "write `package.module:Name`, such as `operators.text:Detect`"),
    "image": ("a container image", "write `registry/repository@sha256:…`"),
    "field-path": ("a path of fields", "write Protobuf's field names with dots, such as `request.frame.user_id`"),
    "sticky-key": ("a sticky key", "write `header/x-user-id`, or a field such as `request.user_id`"),
    "git-ref": ("a branch", "write a branch name, such as `main`"),
    "repository": ("a registry and a path", "write `host/path` in lower case, without a tag"),
    "key": ("a public key", "write `ssh-ed25519 AAAA…` as in authorized_keys"),
    "resource": ("an extended resource", "write `vendor/resource`, such as `nvidia.com/gpu`"),
}
_FORM_CODES = {
    "path": codes.BAD_PATH,
    "uri": codes.BAD_PATH,
    "url": codes.BAD_PATH,
    "git-ref": codes.BAD_REFERENCE,
    "key": codes.BAD_REFERENCE,
    "resource": codes.BAD_REFERENCE,
    "repository": codes.BAD_REFERENCE,
    "digest": codes.BAD_DIGEST,
    "model-reference": codes.BAD_REFERENCE,
    "message-type": codes.BAD_REFERENCE,
    "method": codes.BAD_REFERENCE,
    "entry-point": codes.BAD_REFERENCE,
    "image": codes.BAD_REFERENCE,
    "field-path": codes.BAD_REFERENCE,
    "sticky-key": codes.BAD_REFERENCE,
    "text": codes.EMPTY_VALUE,
}

_DURATION_HINT = "write a number and a unit: `80ms`, `1.5s`, `10m`, `2h`, `30d`"
_SIZE_HINT = "write a number and a unit: `512Mi`, `4Gi`, `1.5G`"
_PERCENT_HINT = "write a percentage such as `0.5%`"
_CORES_HINT = "write cores (`2`, `0.5`) or thousandths (`500m`)"

OFFENCES: dict[str, _Say] = {
    "string_type": _wants(codes.WRONG_TYPE, "text"),
    "int_type": _wants(codes.WRONG_TYPE, "a whole number"),
    "int_from_float": _wants(codes.WRONG_TYPE, "a whole number"),
    "float_type": _wants(codes.WRONG_TYPE, "a number"),
    "finite_number": _wants(codes.WRONG_TYPE, "a finite number"),
    "bool_type": _wants(codes.WRONG_TYPE, "true or false"),
    "dict_type": _wants(codes.WRONG_TYPE, "a mapping", "write `key: value` lines below it, indented"),
    "model_type": _wants(codes.WRONG_TYPE, "a mapping", "write `key: value` lines below it, indented"),
    "model_attributes_type": _wants(codes.WRONG_TYPE, "a mapping", "write `key: value` lines below it, indented"),
    "list_type": _wants(codes.WRONG_TYPE, "a list", "write `[a, b]`, or `- a` lines below it"),
    "enum": _choice,
    "literal_error": _choice,
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "too_short": _too_short,
    "too_long_text": _too_long,
    "form": _form,
    "duration": _wants(codes.BAD_DURATION, "a duration", _DURATION_HINT),
    "duration_range": _range("a duration from 1us to ten years", _DURATION_HINT),
    "size": _wants(codes.BAD_SIZE, "a size", _SIZE_HINT),
    "size_range": _range("a size from one byte to 8Ei", _SIZE_HINT),
    "percentage": _wants(codes.BAD_PERCENTAGE, "a percentage", _PERCENT_HINT),
    "percentage_range": _range("a percentage that makes sense here, at most 100%", _PERCENT_HINT),
    "cores": _wants(codes.BAD_CORES, "CPU cores", _CORES_HINT),
    "cores_range": _range("more than no core", _CORES_HINT),
}
