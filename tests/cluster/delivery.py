"""An environment repository over HTTP, and a cluster where Flux applies what is committed there."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from comb_compiler.compiler.images import needed_images
from comb_compiler.compiler.render import RenderedCluster, platform_files, render_comb, render_platforms
from comb_compiler.plan import Plan
from comb_compiler.release.images import UNBUILT, Images
from comb_compiler.render.flux import NAMESPACE, PLATFORM
from comb_compiler.render.platform import source_objects
from comb_compiler.source import SourceSet
from comb_compiler.spec.platform import Platform
from tests.cluster.api import Api, until
from tests.cluster.nodes import device_classes, nodes
from tests.cluster.objects import Object
from tests.servers.control_plane import ControlPlane
from tests.servers.flux import PROGRAM, kustomize_controller
from tests.servers.flux_source import source
from tests.servers.git_over_http import ALONE, git_server
from tests.servers.processes import Server
from tests.servers.provision import locate
from tests.support.tools import Missing

__all__ = ["CLUSTER", "FLUX", "ROOT", "Delivery", "delivery", "delivery_with_nodes", "images_of", "rendered"]

CLUSTER = "west"
FLUX = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
ROOT = "combs"
"""The Kustomization that a cluster's owner tells Flux of by hand."""

_SOURCE = ("source.toolkit.fluxcd.io/v1", "GitRepository")
_REPOSITORY = "environments.git"
_SECONDS = 240.0


def images_of(digit: str) -> Callable[[Plan, str], Images]:
    """Images for every process of a plan, as a build would name them; another digit is another build."""

    def images(plan: Plan, comb: str) -> Images:
        return Images(
            {
                process: dict.fromkeys(devices, f"{UNBUILT}/{process}@sha256:{digit * 64}")
                for process, devices in needed_images(plan, comb).items()
            },
            unbuilt=True,
        )

    return images


class Delivery:
    """What is committed, and what Flux says of it."""

    def __init__(self, api: Api, repository: Path, url: str, checkout: Path, controller: Server) -> None:
        self.api = api
        self.repository = repository
        self.url = url
        self.controller = controller
        self.files: dict[str, bytes] = {}
        self._checkout = checkout

    def put_platform(self, platform: Platform) -> None:
        """Have the platform's own objects in the next commit."""
        (one,) = (one for one in render_platforms(platform) if one.cluster == CLUSTER)
        files, flux = platform_files(one)
        self.files |= {f"_platform/{name}": content for name, content in files.items()}
        self.files |= {f"_flux/{name}": content for name, content in flux.items()}

    def take_platform(self) -> None:
        """Have none of them there."""
        for name in [name for name in self.files if name.startswith(("_platform/", "_flux/_"))]:
            del self.files[name]

    def put(self, comb: RenderedCluster) -> None:
        """Have a comb in the next commit, as it is rendered and not otherwise."""
        self.take(comb)
        self.files |= {f"{_below(comb.directory)}/{name}": content for name, content in comb.files.items()}
        self.files[_below(comb.flux_file)] = comb.flux_bytes

    def take(self, comb: RenderedCluster) -> None:
        """Have nothing of a comb there."""
        own = f"{_below(comb.directory)}/"
        for name in [name for name in self.files if name.startswith(own)]:
            del self.files[name]
        self.files.pop(_below(comb.flux_file), None)

    def publish(self) -> str:
        """Commit and push, and say the revision, as Flux says it."""
        folder = self._checkout / "clusters"
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in self.files.items():
            path = folder / CLUSTER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _git(self._checkout, "add", "--all")
        _git(self._checkout, "commit", "--quiet", "--allow-empty", "--message=What is rendered")
        _git(self._checkout, "push", "--quiet", "origin", "HEAD:refs/heads/main")
        return self._head()

    def follow(self) -> str:
        """Take over what others committed, and say the revision."""
        _git(self._checkout, "pull", "--quiet", "--ff-only", "origin", "main")
        top = self._checkout / "clusters" / CLUSTER
        self.files = {str(one.relative_to(top)): one.read_bytes() for one in top.rglob("*") if one.is_file()}
        return self._head()

    def _head(self) -> str:
        return f"main@sha1:{_git(self._checkout, 'rev-parse', 'HEAD').strip()}"

    def condition(self, name: str, kind: str = "Ready") -> Object:
        """A condition of a Kustomization; nothing where it has none."""
        found = self.api.read(*FLUX, name, NAMESPACE) or {}
        conditions = found.get("status", {}).get("conditions") or ()
        return next((one for one in conditions if one["type"] == kind), {})

    def inventory(self, name: str) -> int:
        """How many objects Flux says that it has applied for a Kustomization."""
        found = self.api.read(*FLUX, name, NAMESPACE) or {}
        return len(found.get("status", {}).get("inventory", {}).get("entries", ()))

    def has_applied(self, name: str, revision: str) -> bool:
        """Whether Flux has applied all of a revision and found it healthy."""
        found = self.api.read(*FLUX, name, NAMESPACE) or {}
        applied = found.get("status", {}).get("lastAppliedRevision")
        return applied == revision and self.condition(name).get("status") == "True"

    def wait(self, revision: str, *names: str) -> float:
        """Wait until these are applied and healthy; the seconds that it took."""
        started = time.monotonic()
        for name in names:
            try:
                until(lambda name=name: self.has_applied(name, revision), _SECONDS)  # type: ignore[misc]
            except AssertionError as late:
                raise AssertionError(f"{name}: {late}: {self.condition(name)}") from None
        return time.monotonic() - started

    def request(self, name: str) -> None:
        """Ask Flux to look again, as `flux reconcile kustomization` does."""
        asked = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time())}}}
        self.api.patch(*FLUX, name, NAMESPACE, asked)

    def names(self) -> set[str]:
        """The Kustomizations that there are."""
        return {one["metadata"]["name"] for one in self.api.list(*FLUX)}

    def clear(self) -> None:
        """Have nothing but the platform there, whoever put it there, and wait until that is so."""
        self.follow()
        for name in [name for name in self.files if not name.startswith(("_platform/", "_flux/_"))]:
            del self.files[name]
        revision = self.publish()
        self.wait(revision, ROOT, PLATFORM)
        until(lambda: self.names() == {ROOT, PLATFORM}, _SECONDS)


def _below(path: str) -> str:
    return path.removeprefix(f"clusters/{CLUSTER}/")


@contextmanager
def delivery_with_nodes(
    plane: ControlPlane, api: Api, directory: Path, platform: Platform, flags: Sequence[str] = ()
) -> Iterator[Delivery]:
    """The same, with the nodes that the platform says the cluster has. Skips the test where there is no Flux."""
    try:
        program = locate(PROGRAM, print)
    except Missing as missing:
        pytest.skip(f"needs Flux: {missing}")
    api.apply_all(device_classes())
    api.apply_all(nodes(platform, CLUSTER))
    with delivery(plane, api, program, directory, platform, flags) as made:
        yield made


@contextmanager
def delivery(
    plane: ControlPlane, api: Api, program: Path, directory: Path, platform: Platform, flags: Sequence[str] = ()
) -> Iterator[Delivery]:
    """Start Flux on an environment repository that holds the platform; nothing of it is left afterwards."""
    repositories, archives = directory / "repositories", directory / "archives"
    repositories.mkdir(parents=True)
    archives.mkdir()
    repository, checkout = repositories / _REPOSITORY, directory / "checkout"
    _git(directory, "init", "--quiet", "--bare", "--initial-branch=main", str(repository))
    _git(repository, "config", "http.receivepack", "true")
    _git(directory, "init", "--quiet", "--initial-branch=main", str(checkout))
    api.delete_all(*FLUX)  # what other tests applied, which nobody acts upon without Flux
    with (
        git_server(repositories, archives) as url,
        source(plane, archives, f"{url}/files"),
        kustomize_controller(plane, program, directory / "controller", flags) as controller,
    ):
        _git(checkout, "remote", "add", "origin", f"{url}/git/{_REPOSITORY}")
        made = Delivery(api, repository, f"{url}/git/{_REPOSITORY}", checkout, controller)
        made.put_platform(platform)
        revision = made.publish()
        api.apply_all(_told_by_hand(platform, f"{url}/git/{_REPOSITORY}"))
        made.wait(revision, ROOT, PLATFORM)
        try:
            yield made
        finally:
            api.delete(*FLUX, ROOT, NAMESPACE)
            until(lambda: not api.list(*FLUX), _SECONDS)
            api.delete(*_SOURCE, NAMESPACE, NAMESPACE)


def _git(directory: Path, *arguments: str) -> str:
    author = {f"GIT_{who}_{what}": "ci@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(directory), *arguments]
    done = subprocess.run(command, env={**ALONE, **author}, capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _told_by_hand(platform: Platform, url: str) -> Iterator[Object]:
    """What `comb platform flux` writes, of a repository at another address."""
    repository = platform.environment_repository.model_copy(update={"url": url})
    there = platform.model_copy(update={"environment_repository": repository})
    return (dict(one.object) for one in source_objects(there, CLUSTER))


def rendered(comb: SourceSet, platform: SourceSet, environment: str, digit: str = "0") -> RenderedCluster:
    """What the cluster is told of a comb; what is told of errors fails the test."""
    made = render_comb(comb, platform, environment, images_of(digit))
    assert made.clusters, [one.message for one in made.diagnostics]
    (one,) = (one for one in made.clusters if one.cluster == CLUSTER)
    return one
