"""A cluster that does not answer."""

__all__ = ["Unreachable"]


class Unreachable(Exception):
    """A cluster cannot be asked; the message is one sentence that says why, without credentials."""
