"""A blob → a registry: small ones at once, large ones in a way that can go on after a drop (OCI distribution 1.1)."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from comb_compiler.images.begun import Begun
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.model import Descriptor
from comb_compiler.images.requests import Requests, Retry

__all__ = ["Refused", "Upload"]

_AT_ONCE = 8 << 20
"""Up to that many bytes are sent with two requests, and again from the beginning after a drop."""
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")
_STREAM = {"Content-Type": "application/octet-stream"}


class Refused(Exception):
    """The status and the body of an answer that no upload has."""

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.content = content


class Upload:
    """A blob on its way to `uploads`, the path where a repository takes them; `other` is one that is known to have it.

    What an attempt sent the next one leaves out, as far as the registry has kept it; with `begun`, also that of an
    earlier process.
    """

    def __init__(
        self,
        requests: Requests,
        uploads: str,
        blob: Descriptor,
        path: Path,
        other: str = "",
        begun: Begun | None = None,
    ) -> None:
        self._requests = requests
        self._uploads = uploads
        self._blob = blob
        self._path = path
        self._other = other
        self._begun = begun if blob.size > _AT_ONCE else None
        self._name = requests.address, uploads, blob.digest
        self._where = ""
        self._kept = 0

    def attempt(self) -> bool:
        """Have it there; False where the registry took it over from another repository. Raises Retry and Refused."""
        if not (self._goes_on() if self._where else self._went_on()) and not self._begins():
            return False
        if self._blob.size <= _AT_ONCE:
            self._ends(self._path.read_bytes())
            return True
        if self._kept < self._blob.size:
            self._adds()
        self._ends(b"")
        self._note("")
        return True

    def _note(self, where: str) -> None:
        if self._begun is not None:
            self._begun.note(where, *self._name)

    def _went_on(self) -> bool:
        """Whether the registry still has what an earlier process sent it, whatever becomes of asking."""
        self._where = self._begun.find(*self._name) if self._begun is not None else ""
        with suppress(Retry, RegistryFailed):
            if self._where and self._goes_on():
                return True
        self._where = ""
        return False

    def _begins(self) -> bool:
        """Whether the registry wants the bytes."""
        query = f"?{urlencode({'mount': self._blob.digest, 'from': self._other})}" if self._other else ""
        status, headers, content = self._requests.once("POST", self._uploads + query, body=b"")
        if status == 201:
            return False
        self._kept, self._where = 0, ""
        self._follow(status, headers, content)
        return True

    def _goes_on(self) -> bool:
        """Whether the registry still has what it was sent, and how much that is."""
        if self._blob.size <= _AT_ONCE:
            return False
        status, headers, _ = self._requests.once("GET", self._where)
        there = _RANGE.fullmatch(headers.get("Range", ""))
        if status != 204 or there is None:
            return False
        before, self._kept = self._kept, int(there[1]) + 1 if there[1] != "0" else 0
        self._where = headers.get("Location", self._where)
        if self._kept > before:
            self._requests.gained()
        return self._kept <= self._blob.size

    def _adds(self) -> None:
        rest = self._blob.size - self._kept
        said = {**_STREAM, "Content-Length": str(rest)}
        if self._kept:
            said["Content-Range"] = f"{self._kept}-{self._blob.size - 1}"
        with self._path.open("rb") as file:
            file.seek(self._kept)
            answer = self._requests.once("PATCH", self._where, said, file)
        self._must_know(answer[0])
        self._follow(*answer)
        self._kept = self._blob.size

    def _ends(self, content: bytes) -> None:
        where = self._where + ("&" if "?" in self._where else "?") + urlencode({"digest": self._blob.digest})
        status, _, told = self._requests.once("PUT", where, _STREAM, content)
        self._must_know(status)
        if status != 201:
            raise Refused(status, told)

    def _must_know(self, status: int) -> None:
        """Another of the registry's servers had begun the upload, or what there is of it is not what we think."""
        if status in (404, 416):
            self._where = ""
            raise Retry(f"{self._requests.host} forgot what it was sent")

    def _follow(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        where = headers.get("Location", "")
        if status != 202 or not where:
            raise Refused(status, content)
        self._where = where
        self._note(self._requests.led_to(where))
