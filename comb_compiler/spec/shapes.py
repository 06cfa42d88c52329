"""Shapes that several fields share: a short form beside the long one, and the overlay."""

from typing import Annotated, Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, Strict, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["BY_WORD", "OVERLAY_SCHEMA", "Overlay", "ShortForm"]


BY_WORD = Strict(False)
"""Annotation of an enumeration whose member is written as its value."""


class ShortForm(NamedTuple):
    """Annotation of a model that may also be written as the value of one of its fields, `key`."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def lengthen(value: Any) -> Any:
            return value if isinstance(value, dict) else {self.key: value}

        return core_schema.no_info_before_validator_function(lengthen, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        long = handler(schema)
        short = dict(handler.resolve_ref_schema(long)["properties"][self.key])
        options = [option for option in short.get("anyOf", [short]) if option.get("type") != "null"]
        return {"anyOf": [*options, long]}


OVERLAY_SCHEMA = {"type": "object", "x-comb-overlay": True}
"""Stands for an overlay until the schema writer puts the overlay's own shape there."""


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "not a mapping", {"value": value})
    return value


Overlay = Annotated[dict[str, Any], PlainValidator(_mapping), WithJsonSchema(OVERLAY_SCHEMA)]
"""Part of a comb that is laid over the whole: checked where it is merged, not here."""
