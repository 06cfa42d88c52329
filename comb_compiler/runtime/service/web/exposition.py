"""The metrics page of a service."""

from collections.abc import Iterator

from comb_compiler import __version__
from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.telemetry.logs import lines_dropped
from comb_compiler.runtime.telemetry.metrics import Page, page

__all__ = ["exposition"]


def exposition(stage: Stage, accept: str = "") -> Page:
    """All metrics of what is served now, in the form that is asked for."""
    served = None if stage.face is None else stage.face.served
    measures = list(_of_service(stage))
    if served is None:
        return page(measures, accept=accept)
    about = {"comb": served.plan.comb, "release": stage.settings.release, "version": __version__}
    measures += [Measure("comb_build_info", about, 1), *served.measures()]
    return page(measures, served.plan, served.meters, accept)


def _of_service(stage: Stage) -> Iterator[Measure]:
    yield Measure("comb_ready", {}, int(not stage.reasons))
    yield Measure("comb_requests_under_way", {}, stage.gate.inside)
    yield Measure("comb_requests_refused_total", {"by": "service"}, stage.gate.refused + stage.arrivals.displaced)
    yield Measure("comb_log_lines_dropped_total", {}, lines_dropped())
