"""The process that a comparator runs in: `python -m … FD DIRECTORY package.module:name MEMORY,WRITTEN`.

It says whether the function is there. Then it is told a message type and one of its fields, and gets pairs of messages
that have nothing but that field, as frames: a length of four bytes, and so many bytes. To each it answers in JSON. What
the function prints goes to the log.
"""

import contextlib
import importlib
import json
import os
import resource
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["Frames", "Reply", "packed"]

_LENGTH = struct.Struct(">I")
_MOST = 1 << 28
_LONGEST = 300


class Frames:
    """A socket, by frames. Raises OSError where it is not as they say, TimeoutError by the socket's timeout."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, content: bytes) -> None:
        """Write one."""
        self._connection.sendall(_LENGTH.pack(len(content)) + content)

    def read(self) -> bytes:
        """Read one."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > _MOST:
            raise ConnectionError("a frame is too long")
        return self._exactly(length)

    def may_take(self, seconds: float) -> None:
        """How long to wait for the other side."""
        self._connection.settimeout(seconds)

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()

    def _exactly(self, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            part = self._connection.recv(min(length - len(found), 1 << 20))
            if not part:
                raise ConnectionError("the other side has ended")
            found += part
        return bytes(found)


class Reply(NamedTuple):
    """Whether two values are the same; or why that is not known."""

    is_same: bool
    error: str = ""

    @classmethod
    def read(cls, content: bytes) -> "Reply":
        """A reply as it was written; anything else is an error."""
        try:
            found = json.loads(content)
            said, error = found["same"], found["error"]
        except (ValueError, KeyError, TypeError, RecursionError):
            said, error = None, ""
        if not isinstance(said, bool) or not isinstance(error, str):
            return cls(is_same=False, error="it said something else than a comparator says")
        return cls(said, error[: 4 * _LONGEST])


def packed(field: Any, message: Any) -> bytes:
    """A message that has of another nothing but one field."""
    made = type(message)()
    value = getattr(message, field.name)
    if hasattr(value, "MergeFrom"):
        getattr(made, field.name).MergeFrom(value)
        if not field.is_repeated:
            getattr(made, field.name).SetInParent()
    else:
        setattr(made, field.name, value)
    return bytes(made.SerializeToString())


def main(arguments: list[str]) -> None:
    """Answer until nobody asks any more."""
    descriptor, directory, entry, limits = arguments
    frames = Frames(socket.socket(fileno=int(descriptor)))
    memory, written = map(int, limits.split(","))
    for limit, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_FSIZE, written), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # a lower limit than that is there already
            resource.setrlimit(limit, (most, most))
    function, error = _imported(directory, entry)
    _answer(frames, Reply(is_same=False, error=error))
    kind: Any = None
    name = ""
    while function is not None:
        if frames.read() == b"tell":
            kind, name = _told(frames)
            _answer(frames, Reply(is_same=True))
        else:
            before, after = (getattr(kind.FromString(frames.read()), name) for _ in range(2))
            _answer(frames, _compared(function, before, after))


def _told(frames: Frames) -> tuple[Any, str]:
    """The type of messages that come from now on, and the name of their field."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(frames.read()).file:
        pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(frames.read().decode())), frames.read().decode()


def _answer(frames: Frames, reply: Reply) -> None:
    frames.write(json.dumps({"same": reply.is_same, "error": reply.error}).encode())


def _imported(directory: str, entry: str) -> tuple[Callable[..., Any] | None, str]:
    module, _, name = entry.partition(":")
    sys.path.insert(0, directory)
    sys.pycache_prefix = os.devnull  # where no bytecode is: what is beside code may be of another
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except BaseException as error:  # whatever the code does when it is imported
        return None, f"it cannot be imported: {_said(error)}"
    return (found, "") if callable(found) else (None, "it is no function")


def _compared(function: Callable[..., Any], before: Any, after: Any) -> Reply:
    try:
        found = function(before, after)
        said = found.item() if hasattr(found, "item") else found  # a truth of NumPy's
    except BaseException as error:  # whatever the code does
        return Reply(is_same=False, error=_said(error))
    if not isinstance(said, bool):
        return Reply(is_same=False, error=f"it returned {_short(said)}, and not True or False")
    return Reply(said)


def _said(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {str(error)[:_LONGEST]}{where}"


def _short(value: object) -> str:
    try:
        return repr(value)[:_LONGEST]
    except Exception:  # what a __repr__ does
        return f"a {type(value).__name__}"


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # nobody asks any more
        main(sys.argv[1:])
