from collections.abc import Iterable

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message

DESCRIPTOR: FileDescriptor
DESCRIPTORS: bytes

class Letter(Message):
    text: str
    number: int
    picture: bytes
    lines: list[str]
    flag: bool
    weight: float
    small: int
    maybe: str
    kind: int
    @property
    def inner(self) -> Letter: ...
    def __init__(
        self,
        *,
        text: str = ...,
        number: int = ...,
        picture: bytes = ...,
        inner: Letter | None = ...,
        lines: Iterable[str] = ...,
        flag: bool = ...,
        weight: float = ...,
        small: int = ...,
        maybe: str | None = ...,
        kind: int = ...,
    ) -> None: ...

class Request(Message):
    flag: bool
    name: str
    @property
    def letter(self) -> Letter: ...
    @property
    def other(self) -> Letter: ...
    def __init__(
        self, *, letter: Letter | None = ..., flag: bool = ..., other: Letter | None = ..., name: str = ...
    ) -> None: ...

class Reply(Message):
    text: str
    number: int
    picture: bytes
    def __init__(self, *, text: str = ..., number: int = ..., picture: bytes = ...) -> None: ...

class Note(Message):
    """Has the first two fields of a Letter, under the same numbers."""

    text: str
    number: int
    def __init__(self, *, text: str = ..., number: int = ...) -> None: ...
