"""Models on servers of the Open Inference Protocol: where they are, and which fields their tensors are."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Endpoint, FieldPath, TensorName, Text
from comb_compiler.spec.shapes import BY_WORD, ShortForm

__all__ = ["Datatype", "Oip", "TensorField", "Tensors"]


class Datatype(StrEnum):
    """Datatypes of the Open Inference Protocol."""

    BOOL = "BOOL"
    """True or false, a byte each."""
    UINT8 = "UINT8"
    """Whole numbers from 0 to 255."""
    UINT16 = "UINT16"
    """Whole numbers of 16 bits from 0."""
    UINT32 = "UINT32"
    """Whole numbers of 32 bits from 0."""
    UINT64 = "UINT64"
    """Whole numbers of 64 bits from 0."""
    INT8 = "INT8"
    """Whole numbers from -128 to 127."""
    INT16 = "INT16"
    """Whole numbers of 16 bits."""
    INT32 = "INT32"
    """Whole numbers of 32 bits."""
    INT64 = "INT64"
    """Whole numbers of 64 bits."""
    FP16 = "FP16"
    """Floats of 16 bits."""
    BF16 = "BF16"
    """Floats of 16 bits with the exponent of FP32."""
    FP32 = "FP32"
    """Floats of 32 bits."""
    FP64 = "FP64"
    """Floats of 64 bits."""
    BYTES = "BYTES"
    """Bytes or texts, each of its own length."""


class TensorField(Model):
    """The field that a tensor's values are read from, or written to. The short form is the field alone."""

    field: FieldPath = Field(
        description="For an input a port and the fields to follow from it; for an output fields of `out`.",
        examples=["frame.pixels", "scores"],
    )
    type: Annotated[Datatype, BY_WORD] | None = Field(
        default=None, description="The tensor's datatype; that of the field's own type by default.", examples=["FP32"]
    )
    shape: list[int] = Field(
        default=[-1],
        min_length=1,
        description="Its sizes, outermost first; -1 for one that the values decide.",
        examples=[[-1, 224, 224, 3]],
    )


class Tensors(Model):
    """Which fields the model's tensors are, by the tensors' names on the server."""

    inputs: dict[TensorName, Annotated[TensorField, ShortForm("field")]] = Field(
        alias="in", min_length=1, description="All tensors that the model takes.", examples=[{"pixels": "frame.pixels"}]
    )
    outputs: dict[TensorName, Annotated[TensorField, ShortForm("field")]] = Field(
        alias="out", min_length=1, description="The tensors that are asked of it.", examples=[{"scores": "scores"}]
    )


class Oip(Model):
    """A model on a server that speaks the Open Inference Protocol over gRPC (Triton, KServe, MLServer)."""

    endpoint: Endpoint = Field(description="The server's address.", examples=["grpc://triton.models:8001"])
    model: Text = Field(description="The model's name on that server.", examples=["nsfw"])
    version: Text | None = Field(
        default=None, description="Its version there; the server's choice by default.", examples=["3"]
    )
    tensors: Tensors = Field(description="The model's tensors as fields of messages.")
