"""Kubernetes' own types of values in CEL, as messages: what is no text, and cannot be compared with one."""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["PACKAGE", "TYPES", "Lacking", "made", "message_pool", "text_of"]

PACKAGE = "kubernetes"
TYPES = ("CIDR", "IP", "Quantity", "Semver", "URL")
_FIELD = "exact_"
_FILE = "comb/kubernetes.proto"
_TEXT = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_ONE = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL


class Lacking(Exception):
    """A function cannot say what Kubernetes would say of these values: the reason, in words."""


@cache
def message_pool() -> descriptor_pool.DescriptorPool:
    """A pool with a message for each of `TYPES`; equal values are equal messages."""
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package=PACKAGE, syntax="proto3")
    for name in TYPES:
        file.message_type.add(name=name).field.add(name=_FIELD, number=1, type=_TEXT, label=_ONE)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


@cache
def _class(name: str) -> Any:
    return message_factory.GetMessageClass(message_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


def made(name: str, text: str) -> Any:
    """A value of one of `TYPES`, by the text that is equal for equal values."""
    return _class(name)(exact_=text)


def text_of(value: Any) -> str:
    """The text that `made` was given."""
    return str(value.exact_)
