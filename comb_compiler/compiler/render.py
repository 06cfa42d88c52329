"""SourceSets × environment × images → the files of a release: everything that a cluster is told of a comb."""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from comb_compiler.compiler.check import Checked, check
from comb_compiler.compiler.compile import lower_comb
from comb_compiler.diagnostics import Diagnostic, has_errors
from comb_compiler.plan import ClusterPlan, Plan, parted, process_name
from comb_compiler.release import ExecutionPlan, plan_bytes
from comb_compiler.release.images import Images
from comb_compiler.render import Manifest, Rendering, emit, render_cluster
from comb_compiler.source import SourceSet
from comb_compiler.source.memo import NOTHING_KEPT, Memo

__all__ = ["Rendered", "RenderedCluster", "render_comb", "unbuilt_images"]

_RUN = 16


class RenderedCluster(NamedTuple):
    """What one cluster is told of a comb: `directory` is where it belongs in the environment repository."""

    cluster: str
    directory: str
    manifests: tuple[Manifest, ...]

    @property
    def files(self) -> dict[str, bytes]:
        """The files by their names below `directory`."""
        return {one.file: emit(one.object).encode() for one in self.manifests}


class Rendered(NamedTuple):
    """A comb rendered for an environment; without clusters where something is wrong."""

    checked: Checked
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None = None
    clusters: tuple[RenderedCluster, ...] = ()


def unbuilt_images(plan: Plan, comb: str) -> Images:
    """Images that stand for those that are not built: nobody can pull them (RFC 6761)."""
    digest = "0" * 64
    by_process: dict[str, dict[str, str]] = {}
    for cluster in plan.clusters:
        for workload in cluster.workloads:
            process = process_name(comb, workload.group)
            by_process.setdefault(process, {})[workload.device] = f"unbuilt.invalid/{process}@sha256:{digest}"
    return Images(by_process, unbuilt=True)


def render_comb(
    sources: SourceSet,
    platform: SourceSet,
    environment: str,
    images: Images | Callable[[Plan, str], Images],
    memo: Memo = NOTHING_KEPT,
) -> Rendered:
    """Check the comb against the platform, plan it and render it for one of the platform's environments.

    Never raises for what a user wrote. The environment must be one of the platform's, where that can be read.
    """
    checked = check(sources, platform, memo)
    of_platform = check(platform, memo=memo)
    found = (*of_platform.diagnostics, *checked.diagnostics)
    plan = next((one for one in checked.plans if one.environment == environment), None)
    if has_errors(found) or plan is None:
        return Rendered(checked, found, plan)
    assert checked.comb is not None
    assert of_platform.platform is not None
    execution = _as_run(parted(lower_comb(checked, sources, environment), plan.groups))
    bound = checked.comb.environments.get(environment, checked.comb.base)
    assert bound.value is not None
    images = images if isinstance(images, Images) else images(plan, bound.value.metadata.name)
    run = sha256(plan_bytes(execution) + repr(sorted(images.by_process.items())).encode()).hexdigest()[:_RUN]
    clusters = tuple(
        _rendered(Rendering(bound.value, of_platform.platform, plan, cluster, execution, images, run))
        for cluster in plan.clusters
    )
    return Rendered(checked, found, plan, clusters)


def _as_run(plan: ExecutionPlan) -> ExecutionPlan:
    """The plan as pods have it: weights are in a file beside it, so that other weights do not start pods anew.

    As long as there is no such file, everybody gets the first arm.
    """
    if plan.experiment is None:
        return plan
    arms = tuple(arm._replace(weight=int(index == 0)) for index, arm in enumerate(plan.experiment.arms))
    return plan._replace(experiment=plan.experiment._replace(arms=arms))


def _rendered(rendering: Rendering) -> RenderedCluster:
    here: ClusterPlan = rendering.here
    directory = f"clusters/{here.cluster}/{here.namespace}/{rendering.name}"
    return RenderedCluster(here.cluster, directory, render_cluster(rendering))
