"""What is neither the files' fault nor ours."""

__all__ = ["OutsideFailure"]


class OutsideFailure(Exception):
    """A network, a server or a disk failed; trying again may help, and nothing was half done.

    `str(failure)` is one sentence that may be shown to anyone: addresses in it are without user, password and query,
    and no text of a server or of a driver is in it. `hint` is advice, or empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
