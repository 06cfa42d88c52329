"""One repository of a registry, as the OCI distribution specification 1.1 has it.

(https://github.com/opencontainers/distribution-spec/blob/main/spec.md)
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from urllib3.exceptions import HTTPError

from comb_compiler.images.begun import Begun
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST, Descriptor
from comb_compiler.images.reading import parsed
from comb_compiler.images.requests import Requests, Retry
from comb_compiler.images.uploading import Refused, Upload

__all__ = ["Repository"]

_T = TypeVar("_T")
_MOST_OF_A_MANIFEST = 4 << 20
_PIECE = 1 << 20
_MANIFESTS = f"{MANIFEST}, {INDEX}, {DOCKER_MANIFEST}, {DOCKER_INDEX}"
_REASONS = {
    404: ("has no such repository, or no such image", ""),
    405: ("takes no images", ""),
    413: ("takes nothing that large", ""),
}


class Repository:
    """Blobs and manifests of one name, by their digests. Everything raises RegistryFailed."""

    def __init__(self, requests: Requests, name: str) -> None:
        self.requests = requests
        self.name = name

    def has(self, digest: str, kind: str = "blobs") -> bool:
        """Whether a blob, or one of `manifests`, is there."""
        return self._trying(lambda: self._has(digest, kind))

    def send(self, blob: Descriptor, path: Path, other: str = "", begun: Begun | None = None) -> bool:
        """Have a blob there that was not; True where its bytes were sent.

        They are not where the registry takes them over from another of its repositories, which is known to have them.
        With `begun`, what an earlier process sent of a large one is not sent again.
        """
        upload = Upload(self.requests, self._at("blobs", "uploads/"), blob, path, other, begun)
        return self._trying(lambda: self._sent(upload))

    def put_manifest(self, manifest: Descriptor, content: bytes, tag: str = "") -> None:
        """Send a manifest, whose blobs are there: by its digest, or by a tag."""
        self._trying(lambda: self._put(manifest, content, tag))

    def manifest(self, digest: str) -> bytes:
        """The bytes of a manifest, which are those that the digest names."""
        return self._trying(lambda: self._manifest(digest))

    def digest(self, tag: str) -> str:
        """The digest of the image that a tag names now: of the bytes themselves, whatever the registry says of them."""
        content = self._trying(lambda: self._manifest(tag))
        try:
            told = parsed(content)
        except ValueError:
            told = None
        if not isinstance(told, dict) or not {"manifests", "layers"} & told.keys():
            raise RegistryFailed(f"{self._shown} gives no image for `{tag}`")
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def fetch(self, blob: Descriptor, layout: ImageLayout) -> None:
        """Put a blob into a layout, unless it is there."""
        if not layout.holds(blob):
            self._trying(lambda: self._fetch(blob, layout))

    def _trying(self, attempt: Callable[[], _T]) -> _T:
        return self.requests.trying(f"{self.requests.host}/{self.name}", attempt)

    def _has(self, digest: str, kind: str) -> bool:
        status, _, _ = self.requests.once("HEAD", self._at(kind, digest), {"Accept": _MANIFESTS})
        if status not in (200, 404):
            raise self._refused(status, b"")
        return status == 200

    def _sent(self, upload: Upload) -> bool:
        try:
            return upload.attempt()
        except Refused as refused:
            raise self._refused(refused.status, refused.content) from refused

    def _put(self, manifest: Descriptor, content: bytes, tag: str) -> None:
        where = self._at("manifests", tag or manifest.digest)
        status, headers, told = self.requests.once("PUT", where, {"Content-Type": manifest.media_type}, content)
        if status != 201:
            raise self._refused(status, told)
        if headers.get("Docker-Content-Digest", manifest.digest) != manifest.digest:
            raise RegistryFailed(f"{self._shown} keeps something else than was sent as {manifest.digest}")

    def _manifest(self, name: str) -> bytes:
        """By its digest, or by a tag."""
        with self.requests.opened("GET", self._at("manifests", name), {"Accept": _MANIFESTS}) as response:
            try:
                content = response.read(_MOST_OF_A_MANIFEST)
            except HTTPError as problem:
                raise self._dropped() from problem
            if response.status != 200:
                raise self._refused(response.status, content)
            if ":" in name and f"sha256:{hashlib.sha256(content).hexdigest()}" != name:
                raise RegistryFailed(f"{self._shown} gives something else for {name}")
            return content

    def _fetch(self, blob: Descriptor, layout: ImageLayout) -> None:
        with self.requests.opened("GET", self._at("blobs", blob.digest)) as response:
            if response.status != 200:
                raise self._refused(response.status, b"")
            with layout.writing() as file:
                try:
                    while (piece := response.read(_PIECE)) and file.size + len(piece) <= blob.size:
                        file.write(piece)
                except HTTPError as problem:
                    raise self._dropped() from problem
                if piece or file.digest != blob.digest:
                    raise RegistryFailed(f"{self._shown} gives something else for {blob.digest}")

    def _at(self, kind: str, name: str) -> str:
        return f"/v2/{self.name}/{kind}/{name}"

    @property
    def _shown(self) -> str:
        return f"{self.requests.host}/{self.name}"

    def _dropped(self) -> Retry:
        return Retry(f"{self.requests.host} dropped the connection")

    def _refused(self, status: int, content: bytes) -> RegistryFailed:
        codes = _codes(content)
        host = self.requests.host
        if status == 401:
            said = "does not know who we are" if not self.requests.signed_in else "does not take the credential"
            return RegistryFailed(f"{self._shown}: the registry {said}", f"try `docker login {host}`")
        if status == 403 or "DENIED" in codes:
            return RegistryFailed(f"{self._shown}: the registry does not let us", f"who may, by `docker login {host}`?")
        if "DIGEST_INVALID" in codes:
            return RegistryFailed(
                f"{self._shown}: what was sent is not what its digest says",
                "the layout was changed: remove it, and build it again",
            )
        why, hint = _REASONS.get(status, (f"answers {status}{f' ({codes})' if codes else ''}", ""))
        return RegistryFailed(f"{self._shown}: the registry {why}", hint)


def _codes(content: bytes) -> str:
    """The codes of an answer's errors, as the specification has them; nothing else that a server says is shown."""
    try:
        found = [str(one["code"]) for one in parsed(content)["errors"]]
    except (ValueError, KeyError, TypeError):
        return ""
    return ", ".join(code for code in found if re.fullmatch(r"[A-Z_]{1,40}", code))
