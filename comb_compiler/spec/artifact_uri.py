"""Where a model's bytes are: what an artifact's URI says, and which ones Comb does not open."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable

__all__ = ["ArtifactUri", "LocalFile", "PackageFile", "RemoteFile", "parse_artifact_uri", "without_secrets"]


class LocalFile(NamedTuple):
    """A file of the checkout, by its path from the directory of the comb.yaml."""

    path: str


class PackageFile(NamedTuple):
    """A file inside an installed Python package, by its path from the package's directory."""

    package: str
    path: str


class RemoteFile(NamedTuple):
    """A file that fsspec opens."""

    protocol: str
    uri: str


ArtifactUri = LocalFile | PackageFile | RemoteFile

_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_AUTHORITY = re.compile(r"[^/?#]*")
_ONE_MACHINE = frozenset({"asynclocal", "dir", "file", "git", "jlab", "jupyter", "local"})
_WRAPPERS = frozenset(
    {
        *("async_wrapper", "asyncwrapper", "blockcache", "cached", "dask", "filecache", "generic", "libarchive"),
        *("pyscript", "reference", "simplecache", "tar", "zip"),
    }
)
# What stands before `@` is no secret there: a container, or a login name.
_NAMES_BEFORE_HOST = frozenset({"abfs", "abfss", "sftp", "ssh"})
_SECRETS = frozenset(
    {
        *("access_token", "accesskeyid", "api_key", "apikey", "auth", "authorization", "awsaccesskeyid"),
        *("client_secret", "ossaccesskeyid", "passwd", "password", "private_token", "secret", "security-token"),
        *("sig", "signature", "token", "x-amz-credential", "x-amz-security-token", "x-amz-signature"),
        *("x-goog-credential", "x-goog-signature", "x-oss-credential", "x-oss-signature"),
    }
)


@lru_cache(maxsize=256)
def parse_artifact_uri(uri: str) -> ArtifactUri | Unavailable:
    """What `uri` names, or why Comb does not open it (REFUSED_ARTIFACT). Decided by the text alone.

    Who loads a comb's files asks, and who checks them, and who looks at the lock: what was read lately is kept.
    """
    protocol, separator, rest = uri.partition("://")
    if "::" in uri:
        return _refused(
            f"`{protocol.partition('::')[0]}::` chains several addresses", "give the one that has the bytes"
        )
    if not separator:
        return LocalFile(uri)
    if protocol == "python":
        return _package_file(rest)
    if protocol in _ONE_MACHINE:
        hint = "write a path from this file's own directory: what a comb is made of lies in its repository"
        return _refused(f"`{protocol}://` names what is on one machine only", hint)
    if protocol in _WRAPPERS:
        hint = "name the file with the bytes itself, unpacked"
        return _refused(f"`{protocol}://` is a way to open another address, which is missing", hint)
    secret = _secret_in(protocol, rest)
    if secret:
        hint = f"whoever opens `{protocol}://` has credentials from the environment; withdraw the one that was written"
        return _refused(f"the address holds {secret}, and comb.yaml is no place for secrets", hint)
    return RemoteFile(protocol, uri)


def without_secrets(uri: str) -> str:
    """The address as it may be shown to anyone: without user, password, query and fragment."""
    protocol, separator, rest = uri.partition("://")
    if not separator or protocol == "python":
        return uri
    authority = _authority(rest)
    path = rest[len(authority) :]
    query = "?…" if "?" in path else ""
    return f"{protocol}://{authority.rpartition('@')[2]}{re.split('[?#]', path)[0]}{query}"


def _package_file(rest: str) -> PackageFile | Unavailable:
    package, _, path = rest.partition("/")
    hint = "write `python://package/path/in/the/package`, such as `python://rapidocr_onnxruntime/models/cls.onnx`"
    if "." in package and all(_PACKAGE.fullmatch(part) for part in package.split(".")):
        top, _, inner = package.partition(".")
        return _refused(
            f"`{package}` is not a top-level package", f"write `python://{top}/{inner.replace('.', '/')}/…`"
        )
    if not _PACKAGE.fullmatch(package):
        return _refused(f"`{package}` is no name of a Python package", hint)
    if not path or not all(path.split("/")) or ".." in path.split("/"):
        return _refused(f"`{path}` names no file inside the package `{package}`", hint)
    return PackageFile(package, path)


def _secret_in(protocol: str, rest: str) -> str:
    user, at, _ = _authority(rest).rpartition("@")
    if at and (":" in user or protocol not in _NAMES_BEFORE_HOST):
        return "a user name or a password"
    query = rest.partition("?")[2].partition("#")[0]
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True) if name.lower() in _SECRETS)
    name = next(names, "")
    return f"a credential, `{name}`" if name else ""


def _authority(rest: str) -> str:
    found = _AUTHORITY.match(rest)
    return found.group() if found else ""


def _refused(message: str, hint: str) -> Unavailable:
    return Unavailable(codes.REFUSED_ARTIFACT, message, hint)
