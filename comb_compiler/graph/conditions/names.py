"""Names in a condition that stand for nothing, and what was probably meant."""

from comb_compiler.cel import Mend, Mistake
from comb_compiler.cel.tokens import KEYWORDS
from comb_compiler.cel.tree import Name, Select, dotted
from comb_compiler.graph.conditions.reading import is_qualified
from comb_compiler.graph.conditions.types import Scope, Type, shown
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["is_value", "unknown_field", "unknown_name", "unknown_qualified"]

_OTHER_LITERALS = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "None": "null", "nil": "null",
                   "NULL": "null", "undefined": "null", "nullptr": "null"}  # fmt: skip
_MOST_VALUES = 2


def unknown_name(name: Name, scope: Scope) -> Mistake:
    """A variable that there is not."""
    bare = name.name.lstrip(".")
    start = name.end - len(bare)
    if bare in _OTHER_LITERALS:
        meant = _OTHER_LITERALS[bare]
        return _renamed(f"CEL writes `{meant}`, not `{bare}`", start, name.end, meant)
    if bare == "not":
        return Mistake("`not` is no operator of CEL: write `!`", start, name.end, "write `!` before what must not hold")
    values = [
        f"{enum.name}.{bare}" for enum in scope.schema.enums.values() if any(one.name == bare for one in enum.values)
    ]
    if 0 < len(values) <= _MOST_VALUES:
        message = f"`{bare}` is written with its enum's full name"
        mend = _write(start, name.end, values[0]) if len(values) == 1 else None
        return Mistake(message, start, name.end, f"write `{'` or `'.join(values)}`", mend)
    message = f"a condition names the request and steps, and `{bare}` is none of them"
    hint = did_you_mean(bare, scope.variables, "step")[0]
    match = closest(bare, scope.variables)
    return Mistake(message, start, name.end, hint, _write(start, name.end, match) if match else None)


def unknown_qualified(expr: Select, scope: Scope) -> Mistake | None:
    """A qualified name in a package of the schema that names nothing; None where its first part is no package's."""
    path = dotted(expr)
    if path is None or is_value(path, scope) or scope.variable(path.split(".")[0]) is not None:
        return None
    first = path.split(".")[0]
    names = [*scope.schema.enums, *scope.schema.messages]
    if is_qualified(path, scope.schema):
        owner = path.rpartition(".")[0]
        enum = scope.schema.enums.get(owner)
        if enum is None:
            return None
        values = tuple(value.name for value in enum.values)
        message = f"the enum `{owner}` has no value `{expr.field}`"
        match = closest(expr.field, values)
        mend = _write(*expr.at, match) if match else None
        return Mistake(message, *expr.at, did_you_mean(expr.field, values, "value")[0], mend)
    if not any(name.startswith(first + ".") for name in names):
        return None
    full = [f"{enum.name}.{value.name}" for enum in scope.schema.enums.values() for value in enum.values]
    matches = [name for name in full if name.endswith("." + expr.field)]
    match = matches[0] if len(matches) == 1 else closest(path, full)
    hint = f"did you mean `{match}`?" if match else "write the full name of an enum's value: `package.Enum.VALUE`"
    mend = _write(expr.start, expr.end, match) if match else None
    return Mistake(f"nothing has the name `{path}`", expr.start, expr.end, hint, mend)


def is_value(path: str, scope: Scope) -> bool:
    """Whether it is the full name of an enum's value or of a message."""
    owner, _, name = path.rpartition(".")
    enum = scope.schema.enums.get(owner)
    return path in scope.schema.messages or (enum is not None and any(value.name == name for value in enum.values))


def unknown_field(expr: Select, owner: Type, scope: Scope, text: str) -> Mistake | None:
    """A field that its owner does not have; None where nothing is known of the owner's fields."""
    if owner.kind in ("any", "map", "null", "type", "error"):
        return None
    if owner.kind != "message":
        return _no_fields(expr, owner, text)
    if scope.field(owner, expr.field) is not None:
        return None
    fields = scope.schema.messages[owner.name].fields
    names = tuple(field.name for field in fields)
    match = next((field.name for field in fields if field.json_name == expr.field), None) or closest(expr.field, names)
    message = f"the message `{owner.name}` has no field `{expr.field}`"
    meant = expr.field.removeprefix("has").lstrip("_")
    asked = next((name for name in names if meant and meant.lower() == name.replace("_", "").lower()), "")
    if asked and expr.field.startswith("has"):
        whole = f"has({text[expr.operand.start : expr.operand.end]}.{asked})"
        return Mistake(message, *expr.at, f"write `{whole}`", Mend(f"write `{whole}`", expr.start, expr.end, whole))
    mend = _write(*expr.at, f"`{match}`" if match in KEYWORDS else match) if match else None
    return Mistake(message, *expr.at, did_you_mean(expr.field, (match,) if match else names, "field")[0], mend)


def _no_fields(expr: Select, owner: Type, text: str) -> Mistake:
    message = f"{shown(owner)} has no fields, such as `{expr.field}`"
    if expr.field in ("length", "size", "count", "len") and owner.kind in ("list", "string", "bytes"):
        operand = text[expr.operand.start : expr.operand.end]
        sized = f"size({operand})"
        return Mistake(message, *expr.at, f"write `{sized}`", Mend(f"write `{sized}`", expr.start, expr.end, sized))
    hint = "take an item of it, or ask `.exists(item, …)`" if owner.kind == "list" else "compare it as a whole"
    return Mistake(message, *expr.at, hint)


def _renamed(message: str, start: int, end: int, text: str) -> Mistake:
    return Mistake(message, start, end, f"write `{text}`", _write(start, end, text))


def _write(start: int, end: int, text: str) -> Mend:
    return Mend(f"write `{text}`", start, end, text)
