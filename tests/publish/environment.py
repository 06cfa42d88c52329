"""Environment repositories of tests, and releases to publish into them."""

import os
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from comb_compiler.compiler.carrying import carry
from comb_compiler.publish import (
    Identity,
    Publication,
    Reach,
    Terms,
    Trust,
    Wanted,
    open_mirror,
    publish,
)
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE, Promise, Release, release_bytes
from comb_compiler.render import emit

__all__ = ["ME", "Remote", "Writer", "git", "keypair", "remote_at", "wanted"]

ME = Identity("Ann", "ann@example.com")
_ZERO = "0" * 64


def git(directory: Path, *arguments: str, given: bytes = b"") -> str:
    """git as anybody runs it, in a repository."""
    names = {f"GIT_{role}_{field}": "eve" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}
    environment = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(directory), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, check=True, env=environment)
    return done.stdout.decode().strip()


class Remote(NamedTuple):
    """A bare repository, as a server has it."""

    directory: Path

    @property
    def url(self) -> str:
        """Its address."""
        return self.directory.as_uri()

    def files(self, revision: str = "main") -> dict[str, str]:
        """All files by path, as mode and object."""
        lines = git(self.directory, "ls-tree", "-r", revision).splitlines()
        return {line.split("\t")[1]: line.split("\t")[0] for line in lines}

    def content(self, path: str, revision: str = "main") -> str:
        """What a file holds."""
        return git(self.directory, "show", f"{revision}:{path}")

    def commits(self, revision: str = "main") -> list[str]:
        """Of the branch, the newest first."""
        return git(self.directory, "rev-list", revision).split()

    def commit(self, entries: Mapping[str, tuple[str, str]], *, branch: str = "main", onto: str | None = "main") -> str:
        """Somebody's commit that adds entries by path: mode, and content or (of a submodule) a commit."""
        index = self.directory / "eves-index"
        environment = {**os.environ, "GIT_INDEX_FILE": str(index), "GIT_DIR": str(self.directory)}

        def run(*arguments: str, given: str = "") -> str:
            command = ["git", "-c", "user.name=eve", "-c", "user.email=eve@example.com", *arguments]
            done = subprocess.run(command, input=given.encode(), capture_output=True, check=True, env=environment)
            return done.stdout.decode().strip()

        index.unlink(missing_ok=True)
        if onto is not None:
            run("read-tree", onto)
        for path, (mode, content) in entries.items():
            oid = content if mode == "160000" else run("hash-object", "-w", "--stdin", given=content)
            run("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{oid},{path}")
        parents = ("-p", run("rev-parse", onto)) if onto is not None else ()
        commit = run("commit-tree", run("write-tree"), *parents, "-m", "by hand")
        run("update-ref", f"refs/heads/{branch}", commit)
        return commit


def remote_at(directory: Path, *, partial: bool = True) -> Remote:
    """A new repository; one that is not `partial` cannot be fetched in part."""
    git(directory.parent, "init", "-q", "--bare", "-b", "main", str(directory))
    if partial:
        git(directory, "config", "uploadpack.allowFilter", "true")
    return Remote(directory)


def wanted(
    comb: str = "ocr", text: str = "one", more: Mapping[str, bytes] | None = None, plan: str = "", source: str = ""
) -> Wanted:
    """A release of a comb, whose deployment holds `text`, with a plan's ConfigMap and more files."""
    place = Place("east", "apps", comb)
    plan_hash = sha256(plan.encode()).hexdigest()[:10]
    files = {
        f"configmap-{comb}-plan-{plan_hash}.yaml": emit({"immutable": True, "plan": plan}).encode(),
        f"deployment-{comb}.yaml": emit({"text": text}).encode(),
        **(more or {}),
    }
    listing = {"kind": "Kustomization", "resources": sorted(files)}
    files["kustomization.yaml"] = emit(listing).encode()
    flux = emit({"path": f"./{place.directory}"}).encode()
    digests = {name: sha256(content).hexdigest() for name, content in files.items()}
    subject = sha256(text.encode()).hexdigest()
    release = Release(
        comb, "production", "east", "apps", subject, {}, _ZERO, _ZERO, {}, digests, sha256(flux).hexdigest(), (), None,
        Promise("a.B/C", (), b""), source=source,
    )  # fmt: skip
    return Wanted(place, {**files, FILE: release_bytes(release)}, flux)


class Writer(NamedTuple):
    """Somebody who publishes, with a cache of their own."""

    remote: Remote
    cache: Path
    trust: Trust = Trust({})
    identity: Identity = ME
    patience: float = 30.0

    def reach(self, url: str | None = None) -> Reach:
        """How they reach the repository."""
        return Reach(url or self.remote.url, "main", self.cache, dict(os.environ), {}, self.patience)

    def terms(self, budget: int = 0) -> Terms:
        """How they commit."""
        return Terms(self.trust, self.identity, budget, "Publish to production", (("Comb-Compiler", "1"),))

    def publish(self, *combs: Wanted, budget: int = 0, url: str | None = None) -> Publication:
        """Publish combs in one commit."""
        with open_mirror(self.reach(url)) as mirror:
            return publish(mirror, combs, self.terms(budget), carry)


def keypair(directory: Path, name: str) -> tuple[Path, str]:
    """A new SSH key: its file, and its public half."""
    file = directory / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return file, file.with_suffix(".pub").read_text().strip()
