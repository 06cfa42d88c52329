"""The official parser's tree, in our way of writing expressions. What it says is decoded by CEL's published format."""

from collections.abc import Callable
from typing import Any, TypeGuard

from cel_expr_python import cel
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from comb_compiler.cel.tree import (
    Call,
    Expr,
    ListOf,
    MapOf,
    MessageOf,
    Name,
    Select,
    loop_variable,
    written,
)

# cel/expr/syntax.proto and google.protobuf.Any, as far as is needed: message → field → number, type, repeated.
_FORMAT = {
    "Any": {"type_url": (1, "string", False), "value": (2, "bytes", False)},
    "ParsedExpr": {"expr": (2, "Expr", False)},
    "Expr": {
        "const_expr": (3, "Constant", False),
        "ident_expr": (4, "Ident", False),
        "select_expr": (5, "Select", False),
        "call_expr": (6, "CallExpr", False),
        "list_expr": (7, "CreateList", False),
        "struct_expr": (8, "CreateStruct", False),
        "comprehension_expr": (9, "Comprehension", False),
    },
    "Ident": {"name": (1, "string", False)},
    "Select": {"operand": (1, "Expr", False), "field": (2, "string", False), "test_only": (3, "bool", False)},
    "CallExpr": {"target": (1, "Expr", False), "function": (2, "string", False), "args": (3, "Expr", True)},
    "CreateList": {"elements": (1, "Expr", True)},
    "CreateStruct": {"message_name": (1, "string", False), "entries": (2, "Entry", True)},
    "Entry": {"field_key": (2, "string", False), "map_key": (3, "Expr", False), "value": (4, "Expr", False)},
    "Comprehension": {"iter_range": (2, "Expr", False)},
    "Constant": {
        "null_value": (1, "int64", False),
        "bool_value": (2, "bool", False),
        "int64_value": (3, "int64", False),
        "uint64_value": (4, "uint64", False),
        "double_value": (5, "double", False),
        "string_value": (6, "string", False),
        "bytes_value": (7, "bytes", False),
    },
}
_SIGNS = {
    "_&&_": "&&",
    "_||_": "||",
    "!_": "!",
    "-_": "-",
    "_?_:_": "?:",
    "_[_]": "[]",
    "@in": "in",
    "_==_": "==",
    "_!=_": "!=",
    "_<_": "<",
    "_<=_": "<=",
    "_>_": ">",
    "_>=_": ">=",
    "_+_": "+",
    "_-_": "-",
    "_*_": "*",
    "_/_": "/",
    "_%_": "%",
}
_KINDS = {
    "int64_value": "int",
    "uint64_value": "uint",
    "double_value": "double",
    "string_value": "string",
    "bytes_value": "bytes",
    "bool_value": "bool",
}


def _classes() -> dict[str, Any]:
    file = FileDescriptorProto(name="syntax.proto", package="official", syntax="proto2")
    for name, fields in _FORMAT.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            added = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if kind in _FORMAT:
                added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".official.{kind}"
            else:
                added.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"official.{name}")) for name in _FORMAT}


_CLASSES = _classes()
_ENVIRONMENT = cel.NewEnv()


def official(text: str) -> str | None:
    """How the official parser reads `text`, a macro with what it runs over; None where it refuses it."""
    try:
        parsed = _ENVIRONMENT.compile(text, disable_check=True)
    except RuntimeError:
        return None
    wrapped = _CLASSES["Any"].FromString(parsed.serialize())
    return _written(_CLASSES["ParsedExpr"].FromString(wrapped.value).expr)


def _written(expr: Any) -> str:
    kind = next((descriptor.name for descriptor, _ in expr.ListFields()), "")
    part = getattr(expr, kind)
    writers: dict[str, Callable[[Any], str]] = {
        "const_expr": _constant,
        "ident_expr": lambda part: str(part.name.lstrip(".")),
        "select_expr": _select,
        "call_expr": _call,
        "list_expr": lambda part: f"[{_row(part.elements)}]",
        "struct_expr": _struct,
        "comprehension_expr": lambda part: f"loop over {_written(part.iter_range)}",
    }
    return writers[kind](part)


def _constant(part: Any) -> str:
    kind = part.ListFields()[0][0].name
    return "null None" if kind == "null_value" else f"{_KINDS[kind]} {getattr(part, kind)!r}"


def _select(part: Any) -> str:
    selected = f"{_written(part.operand)}.{part.field}"
    return f"has({selected})" if part.test_only else selected


def _call(part: Any) -> str:
    sign = _SIGNS.get(part.function, part.function)
    args = list(part.args)
    if sign in ("&&", "||"):
        return f"({f' {sign} '.join(_written(one) for one in _flat(part.function, args))})"
    if part.function in _SIGNS and len(args) == 2 and sign != "[]":
        return f"({_written(args[0])} {sign} {_written(args[1])})"
    target = f"{_written(part.target)}." if part.HasField("target") else ""
    if sign == "size" and target and not args:
        return f"size({target[:-1]})"
    return f"{target}{sign}({_row(args)})"


def _flat(function: str, args: list[Any]) -> list[Any]:
    """The official parser makes a balanced tree of a row of `&&`."""
    found = []
    for argument in args:
        nested = argument.HasField("call_expr") and argument.call_expr.function == function
        found += _flat(function, list(argument.call_expr.args)) if nested else [argument]
    return found


def _struct(part: Any) -> str:
    if part.message_name:
        name = part.message_name.lstrip(".")
        return f"{name}{{{', '.join(f'{one.field_key}: {_written(one.value)}' for one in part.entries)}}}"
    return f"{{{', '.join(f'{_written(one.map_key)}: {_written(one.value)}' for one in part.entries)}}}"


def _row(args: Any) -> str:
    return ", ".join(_written(one) for one in args)


def ours(expr: Expr) -> str:
    """Our tree in the same way of writing: rows of `&&` flat, and a macro with what it runs over."""
    return written(_alike(expr))


def _alike(expr: Expr) -> Expr:
    if isinstance(expr, Call) and loop_variable(expr) is not None and expr.target is not None:
        return Name(f"loop over {ours(expr.target)}", 0, 0)
    match expr:
        case Call(function="&&" | "||" as sign, args=args, target=None):
            parts = [_alike(argument) for argument in args]
            flat = [one for part in parts for one in (part.args if _is_row(part, sign) else (part,))]
            return expr._replace(args=tuple(flat))
        case Call(args=args, target=target):
            on = _alike(target) if target is not None else None
            return expr._replace(args=tuple(_alike(argument) for argument in args), target=on)
        case Select(operand=operand):
            return expr._replace(operand=_alike(operand))
        case ListOf(items=items):
            return expr._replace(items=tuple(_alike(item) for item in items))
        case MapOf(entries=entries):
            return expr._replace(entries=tuple((_alike(key), _alike(value)) for key, value in entries))
        case MessageOf(fields=fields):
            return expr._replace(fields=tuple((name, _alike(value)) for name, value in fields))
        case _:
            return expr


def _is_row(expr: Expr, sign: str) -> TypeGuard[Call]:
    return isinstance(expr, Call) and expr.function == sign and expr.target is None
