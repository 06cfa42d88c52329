"""An artifact's URI → its bytes, and the digest of its bytes."""

import contextlib
import hashlib
import os
from collections.abc import Callable

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.artifact_uri import LocalFile, PackageFile, parse_artifact_uri
from comb_compiler.spec.files import beside
from comb_compiler.spec.pins import Digest
from comb_compiler.workspace._local import open_file
from comb_compiler.workspace._packages import open_package_file
from comb_compiler.workspace._streams import ArtifactStream
from comb_compiler.workspace.checkout import Checkout

__all__ = ["PATIENCE", "ArtifactStream", "Progress", "digest_artifact", "fetch_artifact", "open_artifact"]

PATIENCE = 60.0
"""Seconds within which a server must send the next MiB."""

Progress = Callable[[str, int, int | None], None]
"""Called with the URI, the bytes read so far, and the bytes that there are, where that is known."""


def open_artifact(
    checkout: Checkout, main: str, uri: str, *, patience: float = PATIENCE
) -> ArtifactStream | Unavailable:
    """The bytes that the comb.yaml `main` names by `uri`: a file of the checkout, of a package, or of a store.

    Unavailable says what is wrong with the URI, or with what is there. Raises OutsideFailure where a server or the
    network fails, which may be over when one tries again.
    """
    parsed = parse_artifact_uri(uri)
    if isinstance(parsed, Unavailable):
        return parsed
    if isinstance(parsed, LocalFile):
        return open_file(checkout, beside(main, parsed.path))
    if isinstance(parsed, PackageFile):
        return open_package_file(parsed)
    from comb_compiler.workspace._remote import open_remote

    return open_remote(parsed, patience)


def fetch_artifact(checkout: Checkout, main: str, uri: str, sha256: str, directory: str) -> str | Unavailable:
    """The path of a copy of an artifact in `directory`, by its digest; one that is there, and whole, is taken.

    Bytes of another digest are no copy: Unavailable, DIGEST_MISMATCH. Otherwise fails as `open_artifact` does, and
    raises OSError where the copy cannot be written.
    """
    path = os.path.join(directory, sha256)
    if _has_digest(path, sha256):
        return path
    stream = open_artifact(checkout, main, uri)
    if isinstance(stream, Unavailable):
        return stream
    os.makedirs(directory, exist_ok=True)
    found, aside = hashlib.sha256(), f"{path}.{os.getpid()}"
    try:
        with stream, open(aside, "wb") as copy:
            for piece in stream:
                found.update(piece)
                copy.write(piece)
        if found.hexdigest() != sha256:
            message = f"the bytes of `{uri}` have the SHA-256 {found.hexdigest()}, and {sha256} is wanted"
            return Unavailable(codes.DIGEST_MISMATCH, message, "run `comb lock --check`")
        os.replace(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
    return path


def _has_digest(path: str, sha256: str) -> bool:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def digest_artifact(
    checkout: Checkout, main: str, uri: str, *, patience: float = PATIENCE, progress: Progress | None = None
) -> Digest | Unavailable:
    """The SHA-256 and the size of an artifact, read once from beginning to end; a few MiB are in memory at a time.

    Fails as `open_artifact` does.
    """
    stream = open_artifact(checkout, main, uri, patience=patience)
    if isinstance(stream, Unavailable):
        return stream
    sha256 = hashlib.sha256()
    size = 0
    with stream:
        for piece in stream:
            sha256.update(piece)
            size += len(piece)
            if progress is not None:
                progress(uri, size, stream.size)
    return Digest(sha256.hexdigest(), size)
