"""What a router counts, as measures for a metrics page."""

from collections.abc import Iterator

from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.router.router import Router
from comb_compiler.runtime.router.status import mismatches

__all__ = ["measures"]


def measures(router: Router) -> Iterator[Measure]:
    """All measures of a router, those of one name together."""
    exposure = router.exposure
    for (release, arm, how), count in sorted(exposure.requests.items()):
        yield Measure("comb_exposures_total", {"release": release, "arm": arm, "how": how}, count)
    for (release, arm), count in sorted(exposure.users().items()):
        yield Measure("comb_exposed_users", {"release": release, "arm": arm}, count / exposure.sampled)
    for what, chance in mismatches(router).items():
        if chance is not None:
            yield Measure("comb_sample_ratio_mismatch_p_value", {"of": what}, chance)
    for release, count in sorted(router.refused.items()):
        yield Measure("comb_release_refusals_total", {"release": release}, count)
    yield Measure("comb_failovers_total", {}, router.failovers)
    yield Measure("comb_candidate_share", {}, router.share)
    for arm, weight in (router.weights.arms or {}).items():
        yield Measure("comb_arm_weight", {"arm": arm}, weight)
    if router.file is not None:
        yield Measure("comb_weights_loads_total", {}, router.file.loads)
        yield Measure("comb_weights_refusals_total", {}, router.file.refusals)
        yield Measure("comb_weights_refused", {}, float(bool(router.file.refused)))
