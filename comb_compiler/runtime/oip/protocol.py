"""The protocol's messages and methods.

The messages are in a pool of their own: an operator in the same process may use a client library of the same protocol,
and Protobuf takes each name once.
"""

from functools import cache
from importlib.resources import files

from comb_compiler.runtime.messages import Message, Messages, open_messages

__all__ = ["message", "method"]


@cache
def _messages() -> Messages:
    return open_messages(files(__package__).joinpath("open_inference.binpb").read_bytes())


def message(name: str) -> type[Message]:
    """A message of the protocol, by its name there."""
    return _messages()[f"inference.{name}"]


def method(name: str) -> str:
    """The path of a method."""
    return f"/inference.GRPCInferenceService/{name}"
