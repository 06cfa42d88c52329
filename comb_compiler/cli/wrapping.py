"""Text → lines for a terminal, none of which breaks a word."""

import textwrap

__all__ = ["filled"]


def filled(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """Lines of at most `width` columns that begin with `first` and then with `others`; no lines for no text.

    A word that is wider is a line of its own.
    """
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
