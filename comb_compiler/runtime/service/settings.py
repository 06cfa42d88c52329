"""How a service is set: one frozen value, read from flags, then the environment, then defaults."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple, get_type_hints

from comb_compiler.release.weights import RELEASE
from comb_compiler.runtime.telemetry.logs import FORMATS
from comb_compiler.samples.addresses import FORMS, embedded_directory, servers_file

__all__ = ["SETTINGS", "BadSettings", "Setting", "Settings", "read_settings"]


class BadSettings(Exception):
    """Settings that cannot be; `reasons` has a sentence for each."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Settings(NamedTuple):
    """How a service listens, what it takes on, and how it ends. `SETTINGS` says what each field means."""

    host: str = "127.0.0.1"
    grpc_port: int = 50051
    http_port: int = 8080
    requests: int = 256
    message_bytes: int = 4 * 1024 * 1024
    connections: int = 1024
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 75.0
    connection_age: float = 30.0
    settle: float = 5.0
    drain: float = 30.0
    tls_certificate: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    forced_arms: bool = False
    reflection: bool = True
    release: str = ""
    log_format: str = "text"
    trace_share: float = 0.01
    samples: str = ""
    samples_spool: str = ""
    samples_salt: str = ""
    environment: str = ""
    code_digest: str = ""


_PLACEHOLDERS = {"samples": "STORE", "samples_spool": "DIR"}


class Setting(NamedTuple):
    """One field of Settings: what it means, and from which value on it makes sense."""

    name: str
    meaning: str
    least: float = 0.0

    @property
    def flag(self) -> str:
        """Its option on a command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"COMB_{self.name.upper()}"

    @property
    def placeholder(self) -> str:
        """What stands for its value in help."""
        if self.name in _PLACEHOLDERS:
            return _PLACEHOLDERS[self.name]
        kind = type(self.default)
        last = self.name.rpartition("_")[2].upper()
        return last if last == "SHARE" else {bool: "true|false", int: "N", float: "SECONDS"}.get(kind, last)

    @property
    def default(self) -> Any:
        """Its value where nothing is said."""
        return Settings._field_defaults[self.name]


SETTINGS = (
    Setting("host", "the address to listen on"),
    Setting("grpc_port", "the port for gRPC; 0 takes a free one"),
    Setting("http_port", "the port for JSON over HTTP, health and metrics; 0 takes a free one"),
    Setting("requests", "how many requests may be under way at once; further ones are refused", 1),
    Setting("message_bytes", "how large a request may be", 1024),
    Setting("connections", "how many HTTP connections may be open, and gRPC ones likewise", 1),
    Setting("head_seconds", "how long a client may take to connect and to send a request's head", 0.1),
    Setting("body_seconds", "how long a client may take to send a request's body, or to take the answer", 0.1),
    Setting("idle_seconds", "how long a connection may do nothing between requests", 0.1),
    Setting(
        "connection_age", "after how long gRPC clients are asked to connect anew, so that load spreads; 0 for never"
    ),
    Setting(
        "settle", "how long at least it goes on serving after it has said that it is going, for balancers to hear it"
    ),
    Setting("drain", "how long requests that are under way may take to end"),
    Setting("tls_certificate", "a PEM file with the certificate chain; it is read again when it changes"),
    Setting("tls_key", "a PEM file with the certificate's private key"),
    Setting("tls_client_ca", "a PEM file with the authorities whose clients are let in; without it, all are"),
    Setting("forced_arms", "whether callers may choose arm and release, by the headers comb-arm and comb-release"),
    Setting("reflection", "whether clients may ask for the interface"),
    Setting("release", "the name of what is served, given back with answers"),
    Setting("log_format", "how lines of the log are written: text, or json"),
    Setting("trace_share", "the share of requests whose spans are sent, where OTEL_EXPORTER_OTLP_ENDPOINT is set"),
    Setting("samples", "the store that requests are recorded into, embedded:DIR or servers:FILE; without it none are"),
    Setting("samples_spool", "where records wait for the store; beside an embedded store by default"),
    Setting(
        "samples_salt",
        "a secret that goes into the digests which stand for users in records",
    ),
    Setting("environment", "the environment that this is, for records"),
    Setting("code_digest", "the digest of the operators' code, from which records know their subject"),
)
"""All settings, in the order of the fields."""

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LARGEST_PORT = 65535


def read_settings(given: Mapping[str, Any], environment: Mapping[str, str], base: Settings | None = None) -> Settings:
    """The settings: what is `given` (by field; None is not given), else from the environment, else as in `base`.

    Raises BadSettings with all that is wrong.
    """
    kinds = get_type_hints(Settings)
    values: dict[str, Any] = {}
    reasons: list[str] = []
    for setting in SETTINGS:
        said = given.get(setting.name)
        name, text = (setting.flag, said) if said is not None else (setting.variable, environment.get(setting.variable))
        if text is None:
            continue
        value = _value(kinds[setting.name], text)
        if value is None or (not isinstance(value, str) and value < setting.least):
            reasons.append(f"{name} is {text!r}, and must be {_wanted(kinds[setting.name], setting)}")
        else:
            values[setting.name] = value
    settings = (base or Settings())._replace(**values)
    reasons += _disagreements(settings)
    if reasons:
        raise BadSettings(tuple(reasons))
    return settings


def _value(kind: type, said: Any) -> Any:
    """`said` as a `kind`; None where it is none."""
    if kind is bool:
        return said if isinstance(said, bool) else _WORDS.get(str(said).strip().lower())
    if kind is str:
        return str(said)
    try:
        number = kind(said)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _wanted(kind: type, setting: Setting) -> str:
    if kind is bool:
        return "true or false"
    what = "a whole number" if kind is int else "a number"
    return f"{what} of at least {setting.least:g}" + (" seconds" if kind is float else "")


def _disagreements(settings: Settings) -> Iterator[str]:
    for name in ("grpc_port", "http_port"):
        if getattr(settings, name) > _LARGEST_PORT:
            yield f"--{name.replace('_', '-')} is {getattr(settings, name)}, and ports end at {_LARGEST_PORT}"
    if settings.grpc_port and settings.grpc_port == settings.http_port:
        yield f"--grpc-port and --http-port are both {settings.grpc_port}, and must differ"
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        yield "--tls-certificate and --tls-key go together, and only one is given"
    if settings.tls_client_ca and not settings.tls_certificate:
        yield "--tls-client-ca needs --tls-certificate"
    if settings.log_format not in FORMATS:
        yield f"--log-format is {settings.log_format!r}, and must be {' or '.join(FORMATS)}"
    if settings.release and re.fullmatch(RELEASE, settings.release) is None:
        yield f"--release is {settings.release[:40]!r}, and must be letters, digits and any of . _ : @ + -"
    yield from _disagreements_of_samples(settings)
    if settings.trace_share > 1:
        yield f"--trace-share is {settings.trace_share:g}, and a share is at most 1"


def _disagreements_of_samples(settings: Settings) -> Iterator[str]:
    servers = servers_file(settings.samples)
    if settings.samples and embedded_directory(settings.samples) is None and servers is None:
        yield f"--samples is {settings.samples!r}, and must be {FORMS}"
    if servers is not None and not settings.samples_spool:
        yield "--samples on servers needs --samples-spool, the directory where records wait for them"
    if settings.samples_spool and not settings.samples:
        yield "--samples-spool needs --samples"
