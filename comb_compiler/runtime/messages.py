"""Message classes of one plan, and messages between classes of the same name that come from different pools."""

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, EncodeError, Message
from google.protobuf.message_factory import GetMessageClass

from comb_compiler.runtime.codes import Code, OperatorError

__all__ = ["BadDescriptors", "Message", "Messages", "as_json", "open_messages", "read_message", "reread", "serialised"]


class BadDescriptors(Exception):
    """The bytes are no FileDescriptorSet, or its files do not hang together; the message says which."""


class Messages:
    """Message classes by full name, all of one pool."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._classes: dict[str, type[Message]] = {}

    def __getitem__(self, full_name: str) -> type[Message]:
        kind = self._classes.get(full_name)
        if kind is None:
            kind = self._classes[full_name] = GetMessageClass(self.pool.FindMessageTypeByName(full_name))
        return kind

    def __contains__(self, full_name: object) -> bool:
        try:
            self.pool.FindMessageTypeByName(str(full_name))
        except KeyError:
            return False
        return True


def open_messages(descriptor_set: bytes, used: Iterable[type[Message]] = ()) -> Messages:
    """The classes of a descriptor set, in a pool of its own.

    Where `used`, the classes that operators name, come from a pool that has exactly the set's files, that pool serves,
    and no message is ever converted. Raises BadDescriptors.
    """
    try:
        files = [_bare(file) for file in FileDescriptorSet.FromString(descriptor_set).file]
    except DecodeError as error:
        raise BadDescriptors("it is no Protobuf FileDescriptorSet") from error
    for kind in used:
        if _has_all(kind.DESCRIPTOR, files):
            return Messages(kind.DESCRIPTOR.file.pool)
    pool = DescriptorPool()
    for file in _in_order(files):
        try:
            pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise BadDescriptors(f"`{file.name}` does not hang together") from error
    return Messages(pool)


def reread(kind: type[Message]) -> Callable[[Any], Message]:
    """A function that reads a message again as `kind`: of another pool, or of a compatible type.

    Raises OperatorError (INTERNAL) for one that cannot be read.
    """
    parse = kind.FromString

    def read(message: Any) -> Message:
        try:
            return parse(message.SerializeToString())
        except DecodeError as error:
            raise OperatorError(
                Code.INTERNAL, f"what is there cannot be read as {kind.DESCRIPTOR.full_name}"
            ) from error

    return read


def read_message(kind: type[Message], content: bytes) -> Message | None:
    """A message from its bytes; None where they are none of that kind."""
    try:
        return kind.FromString(content)
    except DecodeError:
        return None


def serialised(answer: Message) -> bytes:
    """An answer's bytes. Raises OperatorError (INTERNAL) for one that has none."""
    try:
        return answer.SerializeToString()
    except (EncodeError, ValueError) as error:
        name = answer.DESCRIPTOR.full_name
        raise OperatorError(Code.INTERNAL, f"the answer, a {name}, cannot be serialised") from error


def as_json(message: Any) -> dict[str, Any]:
    """A message in Protobuf's JSON form, as values of Python."""
    from google.protobuf.json_format import MessageToDict

    found: dict[str, Any] = MessageToDict(message)
    return found


def _bare(file: FileDescriptorProto) -> FileDescriptorProto:
    """A copy without comments and positions, which no class needs."""
    bare = FileDescriptorProto()
    bare.CopyFrom(file)
    bare.ClearField("source_code_info")
    return bare


def _has_all(descriptor: Any, files: list[FileDescriptorProto]) -> bool:
    pool = descriptor.file.pool
    return all(_has(pool, file) for file in files)


def _has(pool: Any, file: FileDescriptorProto) -> bool:
    try:
        known = FileDescriptorProto.FromString(pool.FindFileByName(file.name).serialized_pb)
    except KeyError:
        return False
    return _canonical(known) == _canonical(file)


def _canonical(file: FileDescriptorProto) -> bytes:
    """protoc writes `json_name` into descriptor sets, and leaves it out of generated code."""
    bare = _bare(file)
    todo = list(bare.message_type)
    while todo:
        message = todo.pop()
        todo += message.nested_type
        for field in message.field:
            field.ClearField("json_name")
    return bare.SerializeToString(deterministic=True)


def _in_order(files: list[FileDescriptorProto]) -> Iterable[FileDescriptorProto]:
    """Files after what they import. A file whose imports are missing comes last, and the pool refuses it."""
    waiting = {file.name: file for file in files}
    while waiting:
        free = [name for name, file in waiting.items() if not any(one in waiting for one in file.dependency)]
        for name in free or list(waiting):
            yield waiting.pop(name)
