"""Model versions: an artifact, its digest, and the parameters that go with it."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Digest, Text, Uri, Version
from comb_compiler.spec.shapes import BY_WORD

__all__ = ["Fetch", "ModelFormat", "ModelSpec", "ModelVersion"]


class ModelFormat(StrEnum):
    """What kind of file the artifact is."""

    ONNX = "onnx"
    """ONNX."""
    TORCHSCRIPT = "torchscript"
    """TorchScript, a compiled PyTorch module."""
    SAFETENSORS = "safetensors"
    """Weights alone, as safetensors; the operator's code builds the network."""
    TENSORRT = "tensorrt"
    """A TensorRT engine: it runs on the kind of GPU that it was built for."""
    SAVED_MODEL = "saved-model"
    """A SavedModel of TensorFlow."""
    TFLITE = "tflite"
    """TensorFlow Lite."""
    OPENVINO = "openvino"
    """OpenVINO's intermediate representation."""
    GGUF = "gguf"
    """GGUF, for llama.cpp and its kin."""
    CUSTOM = "custom"
    """Anything else: the operator knows how to read it."""


class Fetch(StrEnum):
    """When a model's files are fetched."""

    BUILD = "build"
    """When images are built: they are in them."""
    START = "start"
    """When a pod starts, from the image registry: for files that are too large for an image."""


class ModelVersion(Model):
    """One version of a model: the same bytes with other parameters are another version."""

    artifact: Uri = Field(description="Where the model's bytes are.")
    sha256: Digest | None = Field(
        default=None, description="The digest of the artifact. May be left to comb.lock, which `comb lock` writes."
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters handed to the operator with the model.",
        examples=[{"threshold": 0.9}],
    )


class ModelSpec(Model):
    """A model and its versions."""

    format: Annotated[ModelFormat, BY_WORD] = Field(
        default=ModelFormat.CUSTOM, description="What kind of file the artifacts are."
    )
    fetch: Annotated[Fetch, BY_WORD] = Field(
        default=Fetch.BUILD, description="Whether images have the files, or pods fetch them from the registry."
    )
    description: Text | None = Field(default=None, description="What the model does, for people.")
    versions: dict[Version, ModelVersion] = Field(
        min_length=1, description="The versions by name. Quote them: unquoted `1.10` is the number 1.1."
    )
