"""Shapes that several fields share: a short form beside the long one, and the overlay."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from pydantic import GetCoreSchemaHandler, Strict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["BY_WORD", "OVERLAY_SCHEMA", "JsonSchema", "Overlay", "Reader", "ShortForm"]


BY_WORD = Strict(False)
"""Annotation of an enumeration whose member is written as its value."""


class Reader(NamedTuple):
    """Annotation of a value that `read` makes of what is written, or refuses with a `PydanticCustomError`.

    Pydantic's own `PlainValidator` looks at the function's signature, and at how the type is written back: half of what
    it takes to build the models.
    """

    read: Callable[[Any], Any]
    takes_text: bool = False
    """Whether it reads nothing but text: then pydantic refuses all else."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.takes_text:
            return core_schema.no_info_after_validator_function(self.read, core_schema.str_schema(strict=True))
        return core_schema.no_info_plain_validator_function(self.read)


class JsonSchema:
    """Annotation of a value that a `Reader` reads: what an editor is told of it.

    Pydantic's own `WithJsonSchema` would load its writer of schemas whenever a file is checked.
    """

    def __init__(self, json_schema: dict[str, Any]) -> None:
        self.json_schema = json_schema


class ShortForm(NamedTuple):
    """Annotation of a model that may also be written as the value of one of its fields, `key`."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def lengthen(value: Any) -> Any:
            return value if isinstance(value, dict) else {self.key: value}

        return core_schema.no_info_before_validator_function(lengthen, handler(source))


OVERLAY_SCHEMA = {"type": "object", "x-comb-overlay": True}
"""Stands for an overlay until the schema writer puts the overlay's own shape there."""


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "not a mapping", {"value": value})
    return value


Overlay = Annotated[dict[str, Any], Reader(_mapping), JsonSchema(OVERLAY_SCHEMA)]
"""Part of a comb that is laid over the whole: checked where it is merged, not here."""
