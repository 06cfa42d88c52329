"""What stands for Flux's source-controller, of which one module cannot be fetched by everybody.

It reads the GitRepository objects of an API server, fetches over HTTP what they name, and writes where the archive is,
its digest and the Ready condition, which is what kustomize-controller, a real one, reads. Of a GitRepository it heeds
`url`, the branch, `sparseCheckout` and `suspend`. It asks again several times a second, whatever `interval` says. It
verifies no signatures and knows no credentials, tags, submodules, `ignore` and `include`.
"""

import gzip
import hashlib
import json
import os
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.control_plane import ControlPlane
from tests.servers.git_over_http import ALONE

__all__ = ["Source", "source"]

_PERIOD = 0.2
_SECONDS = 30
_API = "/apis/source.toolkit.fluxcd.io/v1"
_MOST_TOLD = 500


@contextmanager
def source(plane: ControlPlane, directory: Path, files: str) -> Iterator["Source"]:
    """Serve GitRepository objects until the block is left. Archives are written to `directory`, which is at `files`."""
    made = Source(plane, directory, files)
    thread = threading.Thread(target=made.go_on, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        thread.join()


class Source:
    """Fetches what changed; what it could not do it says in `said`."""

    def __init__(self, plane: ControlPlane, directory: Path, files: str) -> None:
        self._plane = plane
        self._directory = directory
        self._files = files
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(plane.ca))),
        )
        self.ended = threading.Event()
        self.said: list[str] = []

    def go_on(self) -> None:
        """Look again and again."""
        while not self.ended.wait(_PERIOD):
            try:
                for one in self._ask("GET", f"{_API}/gitrepositories")["items"]:
                    self._reconcile(one)
            except Exception as problem:  # an API server that is busy; it is asked again
                self.said.append(f"{_now()} {problem!r}")

    def _reconcile(self, document: dict[str, Any]) -> None:
        metadata, spec, status = document["metadata"], document["spec"], document.get("status", {})
        if spec.get("suspend") or metadata.get("deletionTimestamp"):
            return
        branch = spec["ref"]["branch"]
        try:
            commit = _git("ls-remote", spec["url"], f"refs/heads/{branch}").decode().partition("\t")[0]
            if not commit:
                raise LookupError(f"{spec['url']} has no branch {branch}")
            revision = f"{branch}@sha1:{commit}"
            known = status.get("artifact", {}).get("revision")
            if (known, status.get("observedGeneration")) == (revision, metadata["generation"]):
                return
            told = self._fetched(spec, commit, revision)
            conditions = _ready(metadata, True, "Succeeded", f"stored artifact for revision '{revision}'")
        except (subprocess.SubprocessError, LookupError) as problem:
            words = (getattr(problem, "stderr", None) or str(problem).encode()).decode(errors="replace")[:_MOST_TOLD]
            self.said.append(f"{_now()} {metadata['name']}: {words}")
            if any(one["message"] == words for one in status.get("conditions", ())):
                return
            told, conditions = {}, _ready(metadata, False, "GitOperationFailed", words)
        path = f"{_API}/namespaces/{metadata['namespace']}/gitrepositories/{metadata['name']}/status"
        told |= {"observedGeneration": metadata["generation"], "conditions": conditions}
        self._ask("PATCH", path, {"status": told})

    def _fetched(self, spec: dict[str, Any], commit: str, revision: str) -> dict[str, Any]:
        """The archive of a commit, as a status says it."""
        url, parts = spec["url"], spec.get("sparseCheckout", [])
        clone = self._directory / f"{hashlib.sha256(url.encode()).hexdigest()[:12]}.git"
        if not clone.is_dir():
            _git("init", "--quiet", "--bare", str(clone))
        _git("-C", str(clone), "fetch", "--quiet", "--depth=1", url, commit)
        archive = gzip.compress(_git("-C", str(clone), "archive", "--format=tar", commit, *parts), 1, mtime=0)
        digest = hashlib.sha256(archive).hexdigest()
        name = f"{digest}.tar.gz"
        new = self._directory / f"{name}.new"
        new.write_bytes(archive)
        os.replace(new, self._directory / name)
        artifact = {
            "digest": f"sha256:{digest}",
            "lastUpdateTime": _now(),
            "path": name,
            "revision": revision,
            "size": len(archive),
            "url": f"{self._files}/{name}",
        }
        return {"artifact": artifact}

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._plane.token}", "Content-Type": "application/merge-patch+json"}
        request = urllib.request.Request(self._plane.url + path, content, headers, method=method)
        with self._opener.open(request, timeout=_SECONDS) as answer:
            return json.load(answer)


def _ready(metadata: dict[str, Any], is_so: bool, reason: str, message: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "Ready",
            "status": str(is_so),
            "reason": reason,
            "message": message,
            "lastTransitionTime": _now(),
            "observedGeneration": metadata["generation"],
        }
    ]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], env=ALONE, check=True, capture_output=True, timeout=_SECONDS).stdout


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
