"""URI → an open file of the fsspec driver for its protocol. fsspec is imported here alone, and only when needed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.artifact_uri import RemoteFile

_BLOCK = 8 << 20
# Where the package on PyPI is not called like the module that fsspec names.
_PACKAGES = {
    "arrow_hdfs": "pyarrow",
    "dbfs": "requests",
    "gist": "requests",
    "github": "requests",
    "hdfs": "pyarrow",
    "http": "aiohttp",
    "https": "aiohttp",
    "root": "fsspec-xrootd",
    "sftp": "paramiko",
    "smb": "smbprotocol",
    "ssh": "paramiko",
    "webhdfs": "requests",
}


class Opened(NamedTuple):
    """A file-like object (`read(count)`, `close()`), and how many bytes it has if that is known."""

    file: Any
    size: int | None


def driver_for(remote: RemoteFile) -> Any | Unavailable:
    """The driver's class, or why there is none."""
    try:
        import fsspec  # type: ignore[import-untyped]
        from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
        from fsspec.registry import known_implementations  # type: ignore[import-untyped]
    except ImportError:
        return missing_package(remote.protocol, "comb-compiler[artifacts]")
    try:
        driver = fsspec.get_filesystem_class(remote.protocol)
    except ImportError:
        return missing_package(remote.protocol, _package_of(remote.protocol, known_implementations))
    except ValueError:
        message = f"nothing here opens `{remote.protocol}://`"
        return Unavailable(
            codes.UNREACHABLE_ARTIFACT, message, "use a protocol that fsspec, or a package for it, knows"
        )
    if issubclass(driver, LocalFileSystem):
        message = f"`{remote.protocol}://` names what is on one machine only"
        return Unavailable(codes.REFUSED_ARTIFACT, message, "write a path from this file's own directory")
    return driver


def open_with(driver: Any, remote: RemoteFile, patience: float) -> Opened:
    """Open the file; raises whatever the driver raises."""
    if remote.protocol in ("http", "https"):
        from comb_compiler.workspace._web import open_web

        return open_web(driver, remote.uri, patience)
    return _open_store(remote.uri)


def missing_package(protocol: str, package: str) -> Unavailable:
    """What to install."""
    message = f"`{protocol}://` needs the Python package `{package.partition('[')[0]}`, which is not installed"
    return Unavailable(codes.UNREACHABLE_ARTIFACT, message, f"pip install '{package}'")


def _package_of(protocol: str, known_implementations: Mapping[str, Mapping[str, str]]) -> str:
    module = known_implementations[protocol]["class"].partition(".")[0]
    return _PACKAGES.get(protocol, module.replace("_", "-"))


def _open_store(uri: str) -> Opened:
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]

    # Drivers keep listings of what they saw; a lock must be of what is there now.
    system, path = url_to_fs(uri, skip_instance_cache=True)
    file = system.open(path, "rb", block_size=_BLOCK)
    size = getattr(file, "size", None)
    return Opened(file, size if isinstance(size, int) else None)
