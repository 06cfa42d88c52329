"""The two ways in which a publication does not come about."""

from comb_compiler.diagnostics.render.printable import printable

__all__ = ["PublishError", "Refused", "quoted"]

_MOST_LINES = 12
_MOST = 300


class PublishError(Exception):
    """Something outside failed: git, a disk, a server. Nothing was half done, and trying again may help."""


class Refused(Exception):
    """What is in the environment repository, or what is to go there, may not be published so. Nothing was changed.

    `advice` says what to do about it, on lines of its own.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(f"{message}\n{advice}" if advice else message)


def quoted(said: str) -> str:
    """What a server said, fit to be shown: so much of it, and nothing that a terminal would obey."""
    lines = [line.strip() for line in said.split("\n") if line.strip()]
    shown = [printable(line[:_MOST]) for line in lines[:_MOST_LINES]]
    return "\n".join(f"  | {line}" for line in shown)
