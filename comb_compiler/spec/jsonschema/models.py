"""Models → a JSON Schema of draft 7, from their fields.

pydantic's own writer speaks draft 2020-12, gives every default as a serialised value and tells nothing of what its
custom types say of a bad value; what a model is made of is little, so it is read here directly.
"""

from collections.abc import Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from comb_compiler.spec.jsonschema.docs import add_description, member_docs, paragraph, title
from comb_compiler.spec.jsonschema.scalars import scalar
from comb_compiler.spec.shapes import ShortForm

__all__ = ["Schema", "write_schema"]

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
}
_ANNOTATIONS = ("title", "description", "markdownDescription", "examples")
_SIZES = {"object": "Properties", "array": "Items", "string": "Length"}


def write_schema(model: type[BaseModel]) -> Schema:
    """The schema of `model`; what it is made of stands in its `definitions`."""
    writer = _Writer()
    schema = writer.model(model)
    return {**schema, "definitions": writer.definitions}


class _Writer:
    """Writes schemas, and gathers the definitions that they refer to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._kinds: dict[str, type] = {}

    def model(self, model: type[BaseModel]) -> Schema:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        schema: Schema = {"title": title(model), "type": "object", "additionalProperties": False}
        add_description(schema, paragraph(model.__doc__))
        required = [key for key, field in fields.items() if field.is_required()]
        if required:
            schema["required"] = required
        schema["properties"] = {key: self.field(field) for key, field in fields.items()}
        return schema

    def field(self, field: FieldInfo) -> Schema:
        schema = self.type_of(field.annotation, field.metadata)
        text = field.description or schema.get("description", "")
        default = _written(field.default, field.metadata)
        if default is not None:
            schema.pop("examples", None)
            schema["default"] = default
            text += f" Default: `{_flow(default)}`."
        if text:
            add_description(schema, text, in_markdown=self._has_markdown(schema))
        if field.examples:
            schema["examples"] = field.examples
        extra = field.json_schema_extra
        return _with_named_entries(schema, extra) if isinstance(extra, dict) else schema

    def _has_markdown(self, schema: Schema) -> bool:
        """Whether the Markdown of what `schema` refers to would be shown instead of a description beside `$ref`."""
        name = schema.get("$ref", "").rpartition("/")[2]
        return "markdownDescription" in self.definitions.get(name, {})

    def type_of(self, annotation: Any, metadata: Sequence[Any] = ()) -> Schema:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.type_of(arguments[0], [*arguments[1:], *metadata])
        if origin in (Union, UnionType):
            (only,) = (argument for argument in arguments if argument is not NoneType)
            return self.type_of(only, metadata)
        schema = scalar(metadata) or self.structure(annotation, origin, arguments)
        for item in metadata:
            schema |= _constraint(item, schema)
            if isinstance(item, ShortForm):
                schema = self.with_short_form(schema, annotation, item.key)
        return schema

    def structure(self, annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Schema:
        """The schema of a type that says nothing of its own."""
        if origin is dict:
            return self.map(*arguments)
        if origin is list:
            return {"type": "array", "items": self.type_of(arguments[0])}
        if origin is Literal:
            (value,) = arguments
            return {"type": "string", "const": value}
        if isinstance(annotation, type) and issubclass(annotation, BaseModel | Enum):
            return self.reference(annotation)
        return dict(_PLAIN[annotation])

    def map(self, key: Any, value: Any) -> Schema:
        schema: Schema = {"type": "object", "additionalProperties": self.type_of(value) or True}
        names = self.type_of(key)
        if "pattern" in names:
            names.pop("examples", None)
            schema["propertyNames"] = {**names, "doNotSuggest": True}  # else editors offer a key called "property"
        return schema

    def reference(self, kind: type[BaseModel] | type[Enum]) -> Schema:
        name = kind.__name__
        known = self._kinds.setdefault(name, kind)
        assert known is kind, f"{known} and {kind} have one name"
        if name not in self.definitions:
            self.definitions[name] = _choice(kind) if issubclass(kind, Enum) else self.model(kind)
        return {"$ref": f"#/definitions/{name}"}

    def with_short_form(self, long: Schema, model: type[BaseModel], key: str) -> Schema:
        """Either form. An editor names the offences of the form that was written, where `anyOf` would mix them."""
        field = next(field for name, field in model.model_fields.items() if (field.alias or name) == key)
        short = self.type_of(field.annotation, field.metadata)
        name = short.get("$ref", "").rpartition("/")[2]
        examples = field.examples or short.get("examples", [])
        short = {key: value for key, value in self.definitions.get(name, short).items() if key not in _ANNOTATIONS}
        schema: Schema = {"if": {"type": "object"}, "then": long, "else": short}
        schema |= _offered_words(short) if name else _offered_text(short, examples[0])
        add_description(schema, paragraph(model.__doc__))
        return schema


def _offered_words(short: Schema) -> Schema:
    """Completion does not look behind a condition, so the words are offered before it."""
    words = dict(zip(short["enum"], short["enumDescriptions"], strict=True))
    short["errorMessage"] = f"Write one of {', '.join(f'`{word}`' for word in words)}, or a mapping."
    return {"defaultSnippets": [{"label": word, "description": text, "body": word} for word, text in words.items()]}


def _offered_text(short: Schema, example: Any) -> Schema:
    message = f"Write `{example}`, for example, or a mapping."
    return {"type": [short.pop("type"), "object"], "errorMessage": message, "examples": [example]}


def _with_named_entries(schema: Schema, extra: Schema) -> Schema:
    """A map's schema with what is said of entries whose names are given: they are like all others, besides."""
    entry = {key: value for key, value in schema["additionalProperties"].items() if key not in _ANNOTATIONS}
    named = {key: entry | said for key, said in extra.get("properties", {}).items()}
    return schema | extra | {"properties": named}


def _choice(kind: type[Enum]) -> Schema:
    schema: Schema = {
        "title": title(kind),
        "type": "string",
        "enum": [member.value for member in kind],
        "enumDescriptions": member_docs(kind),
    }
    add_description(schema, paragraph(kind.__doc__))
    return schema


def _constraint(item: Any, schema: Schema) -> Schema:
    """What a constraint of an annotation says in the schema's words."""
    match item:
        case Ge():
            return {"minimum": item.ge}
        case Gt():
            return {"exclusiveMinimum": item.gt}
        case Le():
            return {"maximum": item.le}
        case Lt():
            return {"exclusiveMaximum": item.lt}
        case MinLen():
            return {f"min{_SIZES[schema['type']]}": item.min_length}
        case MaxLen():
            return {f"max{_SIZES[schema['type']]}": item.max_length}
    return {}


def _written(default: Any, metadata: Sequence[Any]) -> Any:
    """A default as one would write it; None where there is none, or where leaving it out says more."""
    short = next((item.key for item in metadata if isinstance(item, ShortForm)), None)
    if isinstance(default, dict) and short in default:
        return default[short]
    if isinstance(default, Enum):
        return default.value
    if isinstance(default, list) and default:
        return [_written(item, ()) for item in default]
    return default if isinstance(default, str | int | float) and default != "" else None


def _flow(value: Any) -> str:
    """A default in YAML's flow style."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_flow, value))}]" if isinstance(value, list) else str(value)
