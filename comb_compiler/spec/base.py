"""What every model of a file shares."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["Model", "no_items"]


class Model(BaseModel):
    """A strict, frozen part of a file: unknown keys and values of another type are refused, keys are camelCase."""

    model_config = ConfigDict(
        strict=True,
        allow_inf_nan=False,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        defer_build=True,
    )


def no_items() -> list[Any]:
    """A list that is not given: for it pydantic would read `list`'s own signature, out of a text and with a parser."""
    return []
