"""A release rendered again as it was published: with what its release.json says that it followed."""

from collections.abc import Mapping

from comb_compiler.compiler.carrying import carry
from comb_compiler.compiler.render import RenderedCluster, render_release
from comb_compiler.compiler.rollout import BadStable, read_stable, render_step
from comb_compiler.compiler.withdrawal import withdrawn
from comb_compiler.release.release import FILE, parse_release

__all__ = ["repeated"]


def repeated(rendered: RenderedCluster, published: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that the directory should have whose content is `published`, for a comb as it is rendered alone.

    Numbers of replicas that were kept, an emergency, whose it is, the step of a rollout and what was carried are taken
    from its release.json; all else is rendered. Raises BadRelease, and BadStable where the two do not go together.
    """
    release = parse_release(published[FILE])
    rendering = rendered.rendering._replace(kept=release.replicas, emergency=release.emergency, source=release.source)
    rendered = render_release(rendering, rendered.code)
    if release.rollout is not None:
        rollout = rendered.rendering.plan.traffic.rollout
        if rollout is None or not 0 <= release.rollout.step < len(rollout.steps):
            raise BadStable("it is a step of a rollout that the comb does not have")
        made = render_step(rendered, read_stable(published), rollout.steps[release.rollout.step]).files
        return withdrawn(made) if release.rollout.aborted else made
    return carry(rendered.files, [(name, published[name]) for name in release.carried if name in published])
