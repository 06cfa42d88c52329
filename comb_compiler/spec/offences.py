"""pydantic's error types → our codes and words. Pydantic's own text is never shown, and never parsed."""

from collections.abc import Callable, Mapping
from typing import Any

from annotated_types import Ge, Gt, Le, Lt

from comb_compiler.diagnostics import codes
from comb_compiler.spec.forms import form_offence, too_long
from comb_compiler.spec.shape import Expected, choices, field_names
from comb_compiler.spec.wording import Offence, describe_value, listed, shortened

__all__ = ["OFFENCES", "Offence"]

_Say = Callable[[str, Any, Mapping[str, Any], Expected | None], Offence]


def _wants(code: codes.Code, wanted: str, *hints: str) -> _Say:
    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        return Offence(code, f"{field} takes {wanted}, not {describe_value(value)}", hints)

    return say


def _text(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    text = _only_text(value)
    hints = (f"write `{shortened(text)}` alone",) if text else ()
    return Offence(codes.WRONG_TYPE, f"{field} takes text, not {describe_value(value)}", hints)


def _only_text(value: Any) -> str:
    """The text that a list or mapping is about, where it is about one; `name@version` of the two parts of that."""
    if isinstance(value, dict) and value.keys() == {"name", "version"}:
        return f"{value['name']}@{value['version']}"
    parts = list(value.values()) if isinstance(value, dict) else value
    return parts[0] if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], str) else ""


def _mapping(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    names = field_names(expected.type) if expected else ()
    hints: tuple[str, ...] = ("write `key: value` lines below it, indented",)
    if isinstance(value, list):
        hints = (_by_name(value),)
    elif isinstance(value, str) and "." in value and not names:
        hints = (f"its entries have names: write `name: {shortened(value)}`",)
    required = _required(expected)
    if required and not isinstance(value, list):
        hints = (f"write `{{{', '.join(f'{name}: …' for name in required)}}}`",)
    elif names and value is True:
        hints = ("leave the key out for its defaults, or write its fields below it",)
    if names:
        hints = (*hints, f"its fields are {listed(names)}")
    return Offence(codes.WRONG_TYPE, f"{field} takes a mapping, not {describe_value(value)}", hints)


def _required(expected: Expected | None) -> list[str]:
    """The fields without which the model that is expected is not whole."""
    fields = getattr(expected.type, "model_fields", {}) if expected else {}
    return [field.alias or name for name, field in fields.items() if field.is_required()]


def _by_name(items: list[Any]) -> str:
    """What to write instead of a list, where entries go by their names."""
    first = items[0] if items else None
    if isinstance(first, dict) and isinstance(name := first.get("name"), str):
        return f"entries go by their names: write `{shortened(name)}:` instead of `- name: {shortened(name)}`"
    if isinstance(first, dict) and len(first) == 1:
        name = shortened(str(next(iter(first))))
        key = name if name.replace("-", "").replace("_", "").isalnum() and name[0].isalpha() else f'"{name}"'
        return f"take the `- ` away: write `{key}: …` on a line of its own"
    if isinstance(first, str) and first:
        entry = f"name: {shortened(first)}" if "." in first else f"{shortened(first)}: …"
        return f"entries go by their names: write `{entry}` lines, without `- ` and `[ ]`"
    return "entries go by their names: write `name: …` lines, without `- ` and `[ ]`"


def _number_alone(wanted: str) -> _Say:
    """Of a mapping that holds one number, as `{max: 3}`, that number is meant."""

    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        hints = (f"write `{parts[0]}` alone",) if len(parts) == 1 and type(parts[0]) in (int, float) else ()
        return Offence(codes.WRONG_TYPE, f"{field} takes {wanted}, not {describe_value(value)}", hints)

    return say


def _percentage(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    hints: tuple[str, ...] = (_PERCENT_HINT,)
    if isinstance(value, dict) and "setWeight" in value:
        hints = (f"write `{shortened(str(value['setWeight']))}%` alone",)
    elif isinstance(value, dict) and "pause" in value:
        hints = ("how long each step is held stands beside `steps`: `hold: 10m`",)
    return Offence(codes.BAD_PERCENTAGE, f"{field} takes a percentage, not {describe_value(value)}", hints)


def _range(wanted: str) -> _Say:
    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        return Offence(codes.OUT_OF_RANGE, f"{field} must be {wanted}, not `{shortened(str(value))}`")

    return say


def _share(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    wanted = "above 0%" if str(value).strip("0.%") == "" else "from 0% to 100%"
    return Offence(codes.OUT_OF_RANGE, f"{field} must be {wanted}, not `{shortened(str(value))}`")


def _bound(word: str, key: str) -> _Say:
    def say(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
        wanted = _bounds(expected) or f"{word} {_number(context[key])}"
        return Offence(codes.OUT_OF_RANGE, f"{field} must be {wanted}, not {shortened(str(value))}")

    return say


def _bounds(expected: Expected | None) -> str:
    """Both ends of a range, where a field has both."""
    metadata = expected.field.metadata if expected and expected.field else []
    least = next((item.ge for item in metadata if isinstance(item, Ge)), None)
    most = next((item.le for item in metadata if isinstance(item, Le)), None)
    open_ended = any(isinstance(item, Gt | Lt) for item in metadata)
    return "" if least is None or most is None or open_ended else f"from {_number(least)} to {_number(most)}"


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _choice(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    words = choices(expected.type) if expected else ()
    hint = f"write one of {listed(words)}" if len(words) > 1 else f"write {listed(words)}"
    return Offence(codes.UNKNOWN_CHOICE, f"{field} cannot be {describe_value(value)}", (hint,) if words else ())


def _too_short(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    least = context["min_length"]
    if value:
        return Offence(codes.EMPTY_VALUE, f"{field} has too few entries", (f"at least {least} are needed",))
    return Offence(codes.EMPTY_VALUE, f"{field} is empty", ("write at least one entry, or leave the key out",))


def _small(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    count = context["value"]
    message = f"{field} is only {count:,} byte{'s' if count != 1 else ''}"
    return Offence(codes.BAD_SIZE, message, (f"less than `1Mi` is taken for a slip: {_SIZE_HINT}",))


def _form(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    return form_offence(context["form"], field, str(value))


def _too_long(field: str, value: Any, context: Mapping[str, Any], expected: Expected | None) -> Offence:
    return too_long(context["form"], field, str(value), context["longest"])


_DURATION_HINT = "write a number and a unit: `80ms`, `1.5s`, `10m`, `2h`, `30d`"
_SIZE_HINT = "write a number and a unit: `512Mi`, `4Gi`, `1.5G`"
_PERCENT_HINT = "write a percentage such as `0.5%`"
_CORES_HINT = "write cores (`2`, `0.5`) or thousandths (`500m`)"

OFFENCES: dict[str, _Say] = {
    "string_type": _text,
    "int_type": _number_alone("a whole number"),
    "int_from_float": _number_alone("a whole number"),
    "float_type": _number_alone("a number"),
    "finite_number": _wants(codes.WRONG_TYPE, "a finite number"),
    "bool_type": _wants(codes.WRONG_TYPE, "true or false"),
    "dict_type": _mapping,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "list_type": _wants(codes.WRONG_TYPE, "a list", "write `[a, b]`, or `- a` lines below it"),
    "enum": _choice,
    "literal_error": _choice,
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "too_short": _too_short,
    "too_long_text": _too_long,
    "form": _form,
    "duration": _wants(codes.BAD_DURATION, "a duration", _DURATION_HINT),
    "duration_range": _range("a duration from 1us to ten years"),
    "size": _wants(codes.BAD_SIZE, "a size", _SIZE_HINT),
    "size_range": _range("a size from 1Mi to 8191Pi"),
    "size_small": _small,
    "gpu_memory": _wants(
        codes.BAD_SIZE, "a size or a share", "write an amount such as `4Gi`, or a share such as `25%`"
    ),
    "gpu_memory_small": _small,
    "percentage": _percentage,
    "percentage_range": _share,
    "cores": _wants(codes.BAD_CORES, "CPU cores", _CORES_HINT),
    "cores_range": _range("more than 0 cores"),
}
