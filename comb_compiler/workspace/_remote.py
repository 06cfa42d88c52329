"""Artifacts of other machines: their bytes, and what went wrong, said without a word of theirs.

Drivers put whole addresses into their errors, signatures included, so no text of an exception is ever shown. Nor are
their classes imported: they are known by name.
"""

from contextlib import suppress

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.artifact_uri import RemoteFile, without_secrets
from comb_compiler.workspace._drivers import Opened, driver_for, missing_package, open_with
from comb_compiler.workspace._patience import within
from comb_compiler.workspace._streams import CHUNK, ArtifactStream
from comb_compiler.workspace.errors import OutsideFailure

_AGAIN = "try again; if it stays so, ask who runs the server"
_FAREWELL = 2.0
_NOWHERE = ("DowngradedError", "InvalidURL", "RedirectClientError", "TooManyRedirects")
_ABSENT = ("FileNotFoundError", "IsADirectoryError", "NotADirectoryError")
_DENIED = ("CredentialRetrievalError", "NoCredentialsError", "PartialCredentialsError", "PermissionError")
_UNREACHED = ("ConnectionError", "ClientConnectionError", "EndpointConnectionError", "gaierror")


def open_remote(remote: RemoteFile, patience: float) -> ArtifactStream | Unavailable:
    """A stream of the bytes; Unavailable where the URI is to blame. Raises OutsideFailure for everything else."""
    driver = driver_for(remote)
    if isinstance(driver, Unavailable):
        return driver
    try:
        opened = within(patience, lambda: open_with(driver, remote, patience))
    except Exception as problem:
        reason = _blame(remote, problem)
        if reason is None:
            raise _failure(remote.uri, problem, patience) from None
        return reason
    return _RemoteStream(remote.uri, opened, patience)


class _RemoteStream(ArtifactStream):
    def __init__(self, uri: str, opened: Opened, patience: float) -> None:
        super().__init__(opened.size)
        self._uri = uri
        self._opened = opened
        self._patience = patience
        self._read = 0

    def read(self) -> bytes:
        try:
            piece = within(self._patience, self._next)
        except Exception as problem:
            raise _failure(self._uri, problem, self._patience) from None
        self._read += len(piece)
        if not piece and self.size is not None and self._read != self.size:
            message = f"`{without_secrets(self._uri)}` ended after {self._read:,} of {self.size:,} bytes"
            raise OutsideFailure(message, _AGAIN)
        return piece

    def close(self) -> None:
        with suppress(Exception):  # the bytes are there, or it is said why not
            within(min(self._patience, _FAREWELL), self._opened.file.close)

    def _next(self) -> bytes:
        """A whole piece, so that a server that sends a byte now and then counts as one that does not answer."""
        parts: list[bytes] = []
        missing = CHUNK
        while missing and (part := self._opened.file.read(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def _blame(remote: RemoteFile, problem: Exception) -> Unavailable | None:
    """The reason why the URI itself does not work; None where something outside failed."""
    shown = without_secrets(remote.uri)
    if isinstance(problem, ImportError):
        return missing_package(remote.protocol, problem.name or remote.protocol)
    if _is_a(problem, _ABSENT) or _status(problem) in (404, 410):
        return _unreachable(f"there is no file at `{shown}`", "look for it there; names are case-sensitive")
    if _is_a(problem, _NOWHERE):
        return _unreachable(f"`{shown}` leads on to no address that is opened", "give the address of the file itself")
    if isinstance(problem, ValueError | TypeError | NotImplementedError):
        return _unreachable(
            f"`{shown}` is no address of a file for `{remote.protocol}://`", "compare it with the store"
        )
    return None


def _failure(uri: str, problem: Exception, patience: float) -> OutsideFailure:
    shown, protocol, status = without_secrets(uri), uri.partition("://")[0], _status(problem)
    if _is_a(problem, _DENIED) or status in (401, 403):
        hint = f"see that the credentials which the environment gives `{protocol}://` may read it"
        return OutsideFailure(f"access to `{shown}` was denied", hint)
    if isinstance(problem, TimeoutError):
        return OutsideFailure(f"`{shown}` did not answer within {patience:g} s", _AGAIN)
    if status is not None:
        return OutsideFailure(f"the server of `{shown}` answered with status {status}", _AGAIN)
    if _is_a(problem, _UNREACHED):
        return OutsideFailure(
            f"the server of `{shown}` cannot be reached", "see that the name and the network are right"
        )
    return OutsideFailure(f"reading `{shown}` failed ({type(problem).__name__})", _AGAIN)


def _is_a(problem: Exception, names: tuple[str, ...]) -> bool:
    return any(kind.__name__ in names for kind in type(problem).__mro__)


def _status(problem: Exception) -> int | None:
    """The HTTP status that a driver's error carries, where it does."""
    found = problem.status if hasattr(problem, "status") else getattr(problem, "code", None)
    return found if isinstance(found, int) and 100 <= found < 600 else None


def _unreachable(message: str, hint: str) -> Unavailable:
    return Unavailable(codes.UNREACHABLE_ARTIFACT, message, hint)
