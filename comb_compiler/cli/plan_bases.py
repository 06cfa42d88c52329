"""What `comb plan --against` compares with: what was rendered to places, or what a revision's files say."""

from collections.abc import Callable, Container, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple, Protocol

from comb_compiler.changes.model import Side
from comb_compiler.changes.sides import side_of_files
from comb_compiler.cli.against import name_of
from comb_compiler.cli.beside import Elsewhere
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_claims import Known, elsewhere_of, published_release
from comb_compiler.cli.plan_origins import side_of_rendered
from comb_compiler.cli.plan_stores import Homes
from comb_compiler.compiler.images import unbuilt_images
from comb_compiler.compiler.render import Rendered, RenderedCluster, render_comb
from comb_compiler.compiler.rollout import BadStable, Stable, read_stable
from comb_compiler.plan import Plan
from comb_compiler.release.images import Images
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE, Devices, Release, devices_of
from comb_compiler.render.kustomization import FILE as LIST
from comb_compiler.source import SourceSet
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.discovery import COMB_FILE
from comb_compiler.workspace.operators import code_digest
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.sources import load_sources

__all__ = ["Base", "Before", "Given", "Published", "Store", "Then", "Unrendered", "content_key", "with_stand_ins"]

Given = Images | Callable[[Plan, str], Images]
"""Images, or what makes some up for a plan and a comb's name."""

_CANDIDATE = "a candidate is on its way: until it has arrived or is taken back, nothing else is published of the comb"


class Before(NamedTuple):
    """What a cluster is told of a comb until now. `stable` is what a new release follows."""

    side: Side
    stable: Stable | None = None
    notes: tuple[str, ...] = ()


class Unrendered(Exception):
    """What a comb is compared with cannot be rendered; the message says why."""


class Base(Protocol):
    """What is compared with."""

    title: str

    def images(self, environment: str, name: str) -> Given:
        """The images that a comb has there, for which nobody gave others."""
        ...

    def identity(self, environment: str, name: str) -> str:
        """What names these images: other ones have another."""
        ...

    def keys(self, main: str, environment: str, name: str) -> dict[str, str]:
        """What names the objects that a comb has there, by directory."""
        ...

    def before(self, main: str, environment: str, after: RenderedCluster) -> Before | None:
        """What is told there in the place of `after`; None where the comb is new there. Raises Unrendered."""
        ...

    def left(self, main: str, environment: str, name: str, clusters: Iterable[str]) -> list[str]:
        """Other clusters than these in which a comb is there. Raises Unrendered."""
        ...

    def gone(self, environment: str, names: Iterable[str], unread: Iterable[str]) -> list[str]:
        """The combs that are there, and that nobody has any more: `unread` are files that do not say whose they are."""
        ...

    def elsewhere(self, environments: Iterable[str], known: Known) -> Elsewhere | None:
        """What combs claim that are there, some of it `known`; None where only a checkout is looked at."""
        ...


class Store(Protocol):
    """Rendered files by place: a directory, or a commit of an environment repository."""

    def combs(self, cluster: str, namespace: str) -> list[str]:
        """The names of the directories of a namespace."""
        ...

    def release(self, place: Place) -> bytes | None:
        """The place's release.json."""
        ...

    def releases(self, cluster: str, namespace: str, without: Container[str]) -> Mapping[str, bytes]:
        """The release.json of every other comb of a namespace."""
        ...

    def files(self, place: Place) -> Mapping[str, bytes]:
        """The place's files by name; none where it is not there."""
        ...

    def flux(self, place: Place) -> bytes | None:
        """What Flux is told of it."""
        ...


class Published:
    """What was rendered. `homes` are the clusters of the platform and the namespace of each environment."""

    def __init__(self, title: str, store: Store, homes: Homes) -> None:
        self.title = title
        self.store = store
        self.read: dict[Place, Devices] = {}
        """What the releases say of devices that were read."""
        self._homes = homes

    def images(self, environment: str, name: str) -> Given:
        """Those that run now; what is new has none yet."""
        return with_stand_ins(one for one in map(self._release, self._places(environment, name)) if one is not None)

    def identity(self, environment: str, name: str) -> str:
        """Their names, and whether they were built."""
        found = filter(None, map(self._release, self._places(environment, name)))
        return sha256(repr([(sorted(one.images.items()), one.unbuilt) for one in found]).encode()).hexdigest()

    def keys(self, main: str, environment: str, name: str) -> dict[str, str]:
        """As the releases there say, whose files nobody reads for it."""
        found = {place.directory: self._release(place) for place in self._places(environment, name)}
        return {directory: content_key(one) for directory, one in found.items() if one is not None}

    def before(self, main: str, environment: str, after: RenderedCluster) -> Before | None:
        """What was rendered to the same place."""
        files = self.store.files(after.place)
        if not files:
            return None
        stable = self._stable(after.place, files)
        whole = files if stable is None else {**stable.files, FILE: stable.content}
        flux = self.store.flux(after.place)
        known = {after.files[made.file]: made.object for made in after.manifests}
        side = side_of_files({**whole, **({after.flux_file: flux} if flux is not None else {})}, known)
        notes = (_CANDIDATE,) if stable is not None and stable.rollout is not None else ()
        return Before(side, stable, (*notes, *(f"`{name}` holds no object" for name in side.unread)))

    def left(self, main: str, environment: str, name: str, clusters: Iterable[str]) -> list[str]:
        """Clusters that the environment had before."""
        there = [one for one in self._places(environment, name) if one.cluster not in set(clusters)]
        return [one.cluster for one in there if self._release(one) is not None]

    def gone(self, environment: str, names: Iterable[str], unread: Iterable[str]) -> list[str]:
        """Those that were rendered for the environment."""
        clusters, namespace = self._homes[environment]
        known = set(names)
        there = {Place(one, namespace, comb) for one in clusters for comb in self.store.combs(one, namespace)}
        left = ((place.comb, self._release(place)) for place in there if place.comb not in known)
        return sorted({comb for comb, one in left if one is not None and one.environment == environment})

    def elsewhere(self, environments: Iterable[str], known: Known) -> Elsewhere | None:
        """As releases say it."""
        return elsewhere_of(self.title, self.store, {one: self._homes[one] for one in environments}, known)

    def _places(self, environment: str, name: str) -> list[Place]:
        clusters, namespace = self._homes[environment]
        return [Place(cluster, namespace, name) for cluster in clusters]

    def _release(self, place: Place) -> Release | None:
        content = self.store.release(place)
        if content is None:
            return None
        release = published_release(self.title, place, content)
        self.read[place] = devices_of(release)
        return release

    def _stable(self, place: Place, files: Mapping[str, bytes]) -> Stable | None:
        if FILE not in files:
            return None
        try:
            return read_stable(files)
        except BadStable as problem:
            why = f"{problem}; take back what a hand changed there, or have it rendered or published anew"
            raise UsageError(f"--against {self.title}: `{place.directory}`: {why}") from problem


class Then:
    """A revision of the checkout, rendered by this Comb for a platform."""

    def __init__(self, title: str, past: Past, platform: SourceSet, given: Given | None, memo: Memo) -> None:
        self.title = title
        self._past = past
        self._memo = memo
        self._given: Given = given if given is not None else unbuilt_images
        self._platform = platform
        self._rendered: dict[tuple[str, str], Rendered] = {}

    def images(self, environment: str, name: str) -> Given:
        """The same on both sides."""
        return self._given

    def identity(self, environment: str, name: str) -> str:
        """Nothing: they are no others."""
        return ""

    def keys(self, main: str, environment: str, name: str) -> dict[str, str]:
        """Of what it is rendered to."""
        try:
            return {one.directory: content_key(one.release) for one in self.clusters(main, environment, name)}
        except Unrendered:
            return {}

    def before(self, main: str, environment: str, after: RenderedCluster) -> Before | None:
        """What the revision's files say in the same cluster."""
        found = self.clusters(main, environment, after.place.comb)
        there = next((one for one in found if one.cluster == after.cluster), None)
        return Before(side_of_rendered(there, None)) if there is not None else None

    def left(self, main: str, environment: str, name: str, clusters: Iterable[str]) -> list[str]:
        """Clusters that the environment had then."""
        return [one.cluster for one in self.clusters(main, environment, name) if one.cluster not in set(clusters)]

    def gone(self, environment: str, names: Iterable[str], unread: Iterable[str]) -> list[str]:
        """Those whose names no file has any more."""
        wait, known = set(unread), set(names)
        found = {name_of(path, self._past.read(path)) for path in self._past.named(COMB_FILE) if path not in wait}
        return sorted(name for name in found if name and name not in known)

    def elsewhere(self, environments: Iterable[str], known: Known) -> Elsewhere | None:
        """Nothing: what else is published a revision does not say."""
        return None

    def clusters(self, main: str, environment: str, name: str) -> tuple[RenderedCluster, ...]:
        """The comb as it was, wherever it was; nothing where it was not there. Raises Unrendered."""
        home = self._home(main, name)
        if home is None:
            return ()
        if (home, environment) not in self._rendered:
            sources, code = load_sources(self._past, home, self._memo), code_digest(self._past, home)
            self._rendered[home, environment] = render_comb(
                sources, self._platform, environment, self.images(environment, name), self._memo, code
            )
        made = self._rendered[home, environment]
        if not made.clusters:
            raise Unrendered(_why(made, home, self.title))
        return made.clusters

    def _home(self, main: str, name: str) -> str | None:
        """The file of a comb then. One of another name was another comb, which goes on whatever this one does."""
        called = name_of(main, self._past.read(main))
        if called == name:
            return main
        moved = [path for path in self._past.named(COMB_FILE) if name_of(path, self._past.read(path)) == name]
        if len(moved) == 1:
            return moved[0]
        return None if called or isinstance(self._past.read(main), Unavailable) else main


def _why(made: Rendered, home: str, title: str) -> str:
    errors = [one.message for one in made.diagnostics if one.severity.value == "error"]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    said = f": {errors[0]}{more}" if errors else ""
    return f"at {title} `{home}` cannot be rendered{said}"


def content_key(release: Release) -> str:
    """What names the objects of a release, whoever published it, and whatever it carries for pods of earlier ones."""
    files = {name: one for name, one in release.files.items() if name not in release.carried and name != LIST}
    parts = (release.subject, release.environment, sorted(release.images.items()), sorted(files.items()), release.flux)
    return sha256(repr((*parts, release.unbuilt, release.rollout)).encode()).hexdigest()


def with_stand_ins(releases: Iterable[Release]) -> Given:
    """The images of releases, and for what they lack some that nobody can pull."""
    have: dict[str, dict[str, str]] = {}
    unbuilt = False
    for release in releases:
        unbuilt = unbuilt or release.unbuilt
        for process, devices in release.images.items():
            have.setdefault(process, {}).update(devices)

    def given(plan: Plan, comb: str) -> Images:
        wanted = unbuilt_images(plan, comb).by_process
        lacks = any(device not in have.get(process, {}) for process, devices in wanted.items() for device in devices)
        images = {
            process: {device: have.get(process, {}).get(device, image) for device, image in devices.items()}
            for process, devices in wanted.items()
        }
        return Images(images, unbuilt=unbuilt or lacks)

    return given
