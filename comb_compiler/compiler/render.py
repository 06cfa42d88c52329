"""SourceSets × environment × images → the files of a release: everything that a cluster is told of a comb."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.compiler.check import Checked, check
from comb_compiler.compiler.compile import lower_comb
from comb_compiler.compiler.images import image_findings, needed_images, unbuilt_images, with_own
from comb_compiler.compiler.release import release_of
from comb_compiler.compiler.sizes import size_findings
from comb_compiler.diagnostics import Diagnostic, has_errors
from comb_compiler.plan import ClusterPlan, Plan, parted
from comb_compiler.release import ExecutionPlan, plan_bytes
from comb_compiler.release.images import Images
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE, Release, release_bytes
from comb_compiler.render import Manifest, Rendering, emit, render_cluster
from comb_compiler.render.flux import flux_kustomization
from comb_compiler.render.patches import Whereabouts, matching, patched
from comb_compiler.render.platform import RenderedPlatform, render_platform, source_objects
from comb_compiler.source import SourceSet
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.platform import Platform

if TYPE_CHECKING:
    from comb_compiler.policy.model import PolicySet

__all__ = [
    "Rendered",
    "RenderedCluster",
    "owned_by",
    "platform_files",
    "render_comb",
    "render_platforms",
    "render_release",
    "source_files",
    "unbuilt_images",
]

_RUN = 16


class RenderedCluster(NamedTuple):
    """What one cluster is told of a comb: `place` is where it belongs in the environment repository.

    `files` are the bytes of all files by their names below its directory, release.json the last. `flux` is what has
    Flux apply them. `rendering` is what all of it was made from, with the digest of the operators' `code`.
    """

    place: Place
    manifests: tuple[Manifest, ...]
    flux: Manifest
    files: dict[str, bytes]
    release: Release
    rendering: Rendering
    code: str

    @property
    def cluster(self) -> str:
        """Its name."""
        return self.place.cluster

    @property
    def directory(self) -> str:
        """The comb's directory, from the repository's root."""
        return self.place.directory

    @property
    def flux_file(self) -> str:
        """The path of the file that Flux finds the directory by."""
        return self.place.flux_file

    @property
    def flux_bytes(self) -> bytes:
        """Its content."""
        return emit(self.flux.object).encode()


class Rendered(NamedTuple):
    """A comb rendered for an environment; without clusters where something is wrong.

    `comb` and `platform` are where the objects' causes are found.
    """

    checked: Checked
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None = None
    clusters: tuple[RenderedCluster, ...] = ()
    comb: Bound[Comb] | None = None
    platform: Bound[Platform] | None = None
    policies: "PolicySet | None" = None


def render_comb(
    sources: SourceSet,
    platform: SourceSet,
    environment: str,
    images: Images | Callable[[Plan, str], Images],
    memo: Memo = NOTHING_KEPT,
    code: str = "",
) -> Rendered:
    """Check the comb against the platform, plan it and render it for one of the platform's environments.

    `images` may be a function of the plan and the comb's name, as `unbuilt_images` is. `code` is the digest of the
    operators' code, which is a part of the subject. Never raises for what a user wrote. The environment must be one of
    the platform's, where that can be read.
    """
    checked = check(sources, platform, memo, environment=environment)
    of_platform = check(platform, memo=memo)
    found = (*of_platform.diagnostics, *checked.diagnostics)
    plan = next((one for one in checked.plans if one.environment == environment), None)
    if has_errors(found) or plan is None:
        return Rendered(checked, found, plan)
    assert checked.comb is not None
    on = of_platform.platform
    assert on is not None
    assert on.value is not None
    bound = checked.comb.environments.get(environment, checked.comb.base)
    assert bound.value is not None
    images = images if isinstance(images, Images) else images(plan, bound.value.metadata.name)
    images = with_own(images, plan, bound.value)
    found = (*found, *image_findings(images, plan, bound, on))
    if has_errors(found):
        return Rendered(checked, found, plan, (), bound, on)
    execution = _as_run(parted(lower_comb(checked, sources, environment), plan.groups))
    plan_file = plan_bytes(execution)
    run = _run(plan_file, plan, images)
    clusters = tuple(
        render_release(
            Rendering(bound.value, on.value, plan, cluster, execution, plan_file, images, run, code=code), code
        )
        for cluster in plan.clusters
    )
    found = (*found, *(finding for one in clusters for finding in size_findings(one.manifests, one.files, bound, on)))
    policies = of_platform.policies
    if policies is not None:
        from comb_compiler.compiler.policies import check_manifests

        said = (check_manifests(policies, one, bound, on, plan) for one in clusters)
        found = (*found, *(finding for one in said for finding in one))
    return Rendered(checked, found, plan, () if has_errors(found) else clusters, bound, on, policies)


def _run(plan_file: bytes, plan: Plan, images: Images) -> str:
    """What names what the pods run: the execution plan and their images."""
    used = {
        process: {device: images.of(process, device) for device in devices}
        for process, devices in needed_images(plan, plan.comb).items()
    }
    return sha256(plan_file + repr(sorted(used.items())).encode()).hexdigest()[:_RUN]


def _as_run(plan: ExecutionPlan) -> ExecutionPlan:
    """The plan as pods have it: weights are in a file beside it, so that other weights do not start pods anew.

    As long as there is no such file, everybody gets the first arm.
    """
    if plan.experiment is None:
        return plan
    arms = tuple(arm._replace(weight=int(index == 0)) for index, arm in enumerate(plan.experiment.arms))
    return plan._replace(experiment=plan.experiment._replace(arms=arms))


def render_release(rendering: Rendering, code: str) -> RenderedCluster:
    """The files of one cluster. `code` is the digest of the operators' code."""
    here: ClusterPlan = rendering.here
    where = Whereabouts(here.cluster, rendering.name, rendering.plan.environment)
    patches = matching(rendering.platform.patches, where)
    manifests = patched(render_cluster(rendering), patches)
    (flux,) = patched((flux_kustomization(rendering),), patches)
    files = _files(manifests)
    release = release_of(rendering, files, emit(flux.object).encode(), code)
    files[FILE] = release_bytes(release)
    place = Place(here.cluster, here.namespace, rendering.name)
    return RenderedCluster(place, manifests, flux, files, release, rendering, code)


def owned_by(rendered: RenderedCluster, source: str) -> RenderedCluster:
    """The same files, whose release.json says from what directory of what repository they are published."""
    release = rendered.release._replace(source=source)
    rendering = rendered.rendering._replace(source=source)
    return rendered._replace(
        files={**rendered.files, FILE: release_bytes(release)}, release=release, rendering=rendering
    )


def _files(manifests: Iterable[Manifest]) -> dict[str, bytes]:
    return {one.file: emit(one.object).encode() for one in manifests}


def render_platforms(platform: Platform, policies: "PolicySet | None" = None) -> tuple[RenderedPlatform, ...]:
    """What each cluster is told once for all combs, policies included; nothing of a cluster without environments."""
    shipped: tuple[Manifest, ...] = ()
    if policies is not None:
        from comb_compiler.policy.platform import shipped_manifests

        shipped = tuple(shipped_manifests(policies, platform))
    return tuple(render_platform(platform, name, shipped) for name in _used(platform))


def source_files(platform: Platform, secret: str = "", verify: str = "") -> dict[str, bytes]:
    """What Flux is told by hand in each cluster, by the name of a file; see `source_objects`."""
    made = {name: source_objects(platform, name, secret, verify) for name in _used(platform)}
    return {
        f"{name}.yaml": "---\n".join(emit(one.object) for one in objects).encode() for name, objects in made.items()
    }


def _used(platform: Platform) -> list[str]:
    used = {cluster for environment in platform.environments.values() for cluster in environment.clusters}
    return [name for name in platform.clusters if name in used]


def platform_files(rendered: RenderedPlatform) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The bytes of its files by their names below its directory, and of those in the cluster's `_flux`."""
    return _files(rendered.manifests), _files(rendered.flux)
