"""What is the fault of a registry or an engine, or of the way there."""

__all__ = ["RegistryFailed"]


class RegistryFailed(Exception):
    """A registry refused, or could not be reached. The message is a sentence, without any text of a server.

    What was sent before stays there, so that another try goes on where this one ended. `hint` is advice, or empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
