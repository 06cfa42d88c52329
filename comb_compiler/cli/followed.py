"""What is published next, as it follows what the environment repository holds of the comb."""

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from comb_compiler.cli.proofs import must_not_be_new
from comb_compiler.compiler.handover import handed_over, may_hand_over
from comb_compiler.compiler.rollout import BadStable, Stable
from comb_compiler.release.release import FILE

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Held, Mirror, Wanted
    from comb_compiler.publish.publishing import Follow

__all__ = ["follower"]

_SETTLED = 600
"""So many seconds after a commit Flux has applied it, and autoscalers have acted."""


def follower(mirror: "Mirror", rendered: "Sequence[Rendered]", new: Collection[str] = ()) -> "Follow":
    """Has each comb take over numbers of replicas that were published. Refuses one that has a candidate on its way, an
    emergency that would extend another, and a change to one of `new`, whose gates held it against nothing: it was asked
    by its own rules, and by none of what is published.
    """
    from comb_compiler.publish import Refused
    from comb_compiler.publish.records import published_at

    made = {one.place: one for rendering in rendered for one in rendering.clusters}

    def follow(wanted: "Wanted", there: "Held") -> "Wanted":
        release, one = there.release, made[wanted.place]
        if release is None:
            return wanted
        if release.rollout is not None:
            raise Refused(
                f"`{release.comb}` has a candidate on its way in `{release.cluster}`: step {release.rollout.step + 1}",
                "end the rollout first, with `comb rollout`; `comb rollback` takes back the stable release as it was",
            )
        must_not_be_new(one.release, release, new)
        if one.release.emergency and release.emergency and one.release.subject == release.subject:
            raise Refused(
                f"`{release.comb}` is in `{release.cluster}` in an emergency already, until {release.emergency.until}",
                "nothing extends that: publish it with evidence",
            )
        if not may_hand_over(one, release):
            return wanted
        is_settled = not release.replicas or time.time() - published_at(mirror, there) > _SETTLED
        files = there.contents()
        try:
            after = handed_over(one, Stable(release, files[FILE], files, None), is_settled)
        except BadStable as problem:  # somebody's change by hand
            raise Refused(f"`{wanted.place.directory}` holds what no release has: {problem}") from problem
        return wanted._replace(files=after.files, flux=after.flux_bytes)

    return follow
