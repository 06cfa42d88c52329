"""How stores are named on command lines."""

from pathlib import Path

__all__ = ["FORMS", "embedded_directory", "servers_file"]

_EMBEDDED = "embedded:"
_SERVERS = "servers:"
FORMS = "embedded:DIR or servers:FILE"


def embedded_directory(store: str) -> Path | None:
    """The directory that `embedded:DIR` names; None for what is not of that form."""
    return _path(store, _EMBEDDED)


def servers_file(store: str) -> Path | None:
    """The file of JSON that `servers:FILE` names, which says what `sampleStore` of platform.yaml does; else None."""
    return _path(store, _SERVERS)


def _path(store: str, form: str) -> Path | None:
    path = store.removeprefix(form)
    return Path(path) if store.startswith(form) and path and "\0" not in path else None
