"""Where the two servers are, and how they are spoken to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Credentials", "Settings", "credentials_of", "read_settings", "settings_of"]


class Credentials(NamedTuple):
    """Who one is. What it prints as has no secrets."""

    user: str = ""
    password: str = ""
    api_key: str = ""
    ca: str = ""
    """The file with the certificates that servers are known by; empty for the machine's own."""

    def __repr__(self) -> str:
        known = ", ".join(name for name in self._fields if getattr(self, name))
        return f"Credentials({known or 'none'})"


class Settings(NamedTuple):
    """What a store is opened with. Times are seconds."""

    urls: tuple[str, ...]
    host: str
    port: int = 9090
    indices: str = "comb-samples"
    """What their names begin with."""
    table: str = "comb-samples"
    pool: int = 8
    """Connections to each of the two, at most; so many may call at once."""
    timeout: float = 10.0
    """Of one call to a server."""
    tls: bool = False
    """Whether the Thrift server is spoken to in TLS. Elasticsearch's URLs say it themselves."""
    shards: int = 1
    replicas: int = 1
    keep: float | None = None
    """Seconds after which HBase drops what nobody has marked; None for never."""
    credentials: Credentials = Credentials()


def credentials_of(name: str | None, environment: Mapping[str, str]) -> Credentials:
    """Those under a name: of NAME_USER, NAME_PASSWORD, NAME_API_KEY and NAME_CA.

    Each may be in a file, which NAME_PASSWORD_FILE names, as Secrets are mounted; NAME_CA is a file in any case. A name
    that is an absolute path is a directory, with `username` and `password`, or `api-key`, and perhaps `ca.crt`: a
    mounted Secret. Raises OSError for a file that cannot be read, and ValueError, which says names and no values, for
    half of a pair.
    """
    if not name:
        return Credentials()
    if name.startswith("/"):
        return _mounted(Path(name))
    prefix = name.upper().replace("-", "_").replace(".", "_")

    def said(what: str) -> str:
        file = environment.get(f"{prefix}_{what}_FILE")
        return Path(file).read_text("utf-8").strip() if file else environment.get(f"{prefix}_{what}", "")

    found = Credentials(said("USER"), said("PASSWORD"), said("API_KEY"), environment.get(f"{prefix}_CA", ""))
    if bool(found.user) != bool(found.password):
        raise ValueError(f"{prefix}_USER and {prefix}_PASSWORD go together, and only one is there")
    if not found.user and not found.api_key:
        raise ValueError(
            f"neither {prefix}_USER with {prefix}_PASSWORD nor {prefix}_API_KEY is there: set them in the environment, "
            f"or name files that have them by {prefix}_PASSWORD_FILE and so on"
        )
    return found


def _mounted(directory: Path) -> Credentials:
    def said(what: str) -> str:
        file = directory / what
        return file.read_text("utf-8").strip() if file.exists() else ""

    ca = directory / "ca.crt"
    found = Credentials(said("username"), said("password"), said("api-key"), str(ca) if ca.exists() else "")
    if bool(found.user) != bool(found.password):
        raise ValueError(f"{directory}: `username` and `password` go together, and only one is there")
    if not found.user and not found.api_key:
        raise ValueError(f"{directory}: neither `username` with `password` nor `api-key` is there")
    return found


_FINDING = {"urls": "urls", "index": "indices", "shards": "shards", "replicas": "replicas"}
_KEEPING = ("host", "port", "table", "pool", "timeout", "tls", "keep")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "urls": (list, tuple), "index": (str,), "shards": (int,), "replicas": (int,), "credentials": (str,), "host": (str,),
    "port": (int,), "table": (str,), "pool": (int,), "timeout": (int, float), "tls": (bool,), "keep": (int, float),
}  # fmt: skip


def settings_of(store: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings that `sampleStore` of platform.yaml says, durations as seconds, with credentials.

    Raises ValueError for what is not of that shape, and what `credentials_of` raises.
    """
    finding, keeping = _part(store, "elasticsearch", {*_FINDING, "credentials"}), _part(store, "hbase", {*_KEEPING})
    given = {_FINDING[name]: value for name, value in finding.items() if name in _FINDING}
    given |= keeping
    for needed in ("urls", "host"):
        if not given.get(needed):
            raise ValueError(f"it does not say {needed!r}")
    given["urls"] = tuple(given["urls"])
    return Settings(**given, credentials=credentials_of(finding.get("credentials"), environment))


def _part(store: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
    part = store.get(name)
    if not isinstance(part, Mapping):
        raise ValueError(f"it does not say {name!r}")
    part = {field: value for field, value in part.items() if value is not None}
    for field, value in part.items():
        if field not in known:
            raise ValueError(f"{name} has no {field!r}")
        if not isinstance(value, _TYPES[field]):
            raise ValueError(f"{name}.{field} is {value!r}")
    return part


def read_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """The settings that a file of JSON says. Raises OSError, and ValueError with what is wrong with which file."""
    try:
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is no object")
        return settings_of(content, environment)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
