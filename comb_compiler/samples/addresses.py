"""How stores are named on command lines."""

from pathlib import Path

__all__ = ["embedded_directory"]

_EMBEDDED = "embedded:"


def embedded_directory(store: str) -> Path | None:
    """The directory that `embedded:DIR` names; None for what is not of that form."""
    directory = store.removeprefix(_EMBEDDED)
    return Path(directory) if store.startswith(_EMBEDDED) and directory and "\0" not in directory else None
