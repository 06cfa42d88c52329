"""Schemas of values that are written as one word, number or text."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from comb_compiler.spec.offences import OFFENCES
from comb_compiler.spec.shapes import JsonSchema, Reader

__all__ = ["scalar"]

_QUOTE = "Write text here; put what YAML reads as something else into quotes."
_NO_TEXT: list[Any] = []
_BAD_TEXT = "\0"


def scalar(metadata: Sequence[Any]) -> dict[str, Any] | None:
    """The schema that an annotation's `metadata` gives, with messages; None where it gives none."""
    given = next((item.json_schema for item in metadata if isinstance(item, JsonSchema)), None)
    if given is None:
        return None
    schema = _joined(given)
    if not schema.get("examples"):
        schema.pop("examples", None)
    reader = next((item for item in metadata if isinstance(item, Reader)), None)
    return schema if reader is None or "pattern" not in schema else schema | _messages(reader)


def _joined(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema of several types for alternatives: an editor then names one offence, not one for each of them.

    Constraints of text and of numbers do not meet; the patterns of several texts are joined.
    """
    joined = {key: value for key, value in schema.items() if key != "anyOf"}
    options = schema.get("anyOf", [])
    if options:
        types = list(dict.fromkeys(option["type"] for option in options))
        patterns = [option["pattern"] for option in options if "pattern" in option]
        for option in options:
            joined |= option
        joined["type"] = types
        joined["pattern"] = "^(?:" + "|".join(pattern[1:-1] for pattern in patterns) + ")$"
    return joined


def _messages(reader: Reader) -> dict[str, str]:
    """What `comb check` would advise of a text of another form, and of what is no text at all."""
    form = _advice(reader.read, _BAD_TEXT)
    other = _hint("string_type", _NO_TEXT, {}) if reader.takes_text else _advice(reader.read, _NO_TEXT)
    return {"errorMessage": other or _QUOTE, "patternErrorMessage": form} if form != other else {"errorMessage": form}


def _advice(validate: Callable[..., Any], value: Any) -> str:
    try:
        validate(value)
    except PydanticCustomError as refusal:
        return _hint(refusal.type, value, refusal.context or {})
    raise AssertionError(f"{validate} accepts {value!r}")


def _hint(kind: str, value: Any, context: dict[str, Any]) -> str:
    hints = OFFENCES[kind]("", value, context, None).hints
    return "".join(f"{hint[0].upper()}{hint[1:]}." for hint in hints[:1])
