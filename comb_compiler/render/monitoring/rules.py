"""PrometheusRules: an alert when a promise is being broken, fast enough to matter, and still.

Multi-window, multi-burn-rate alerts (Google, The Site Reliability Workbook, chapter 5): a budget of bad requests for 30
days burns by the long window and is still burning by the short one.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.monitoring.objectives import Objective, entry_labels, objectives
from comb_compiler.render.monitoring.scraping import has_operator, monitored_metadata
from comb_compiler.render.monitoring.uid import dashboard_uid
from comb_compiler.render.promql import select
from comb_compiler.render.rendering import Rendering

__all__ = ["BURNS", "Burn", "prometheus_rules"]


class Burn(NamedTuple):
    """A speed at which a budget burns: so many times as fast as it may, over a long window and still over a short."""

    severity: str
    times: Decimal
    long: str
    short: str
    gone: str
    """When a budget of 30 days is gone at that speed."""


BURNS = (
    Burn("page", Decimal("14.4"), "1h", "5m", "2 days"),
    Burn("page", Decimal(6), "6h", "30m", "5 days"),
    Burn("ticket", Decimal(3), "1d", "2h", "10 days"),
    Burn("ticket", Decimal(1), "3d", "6h", "30 days"),
)
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_LONG = ("1d", "3d")
"""These move slowly: they are worked out every two minutes."""


def prometheus_rules(rendering: Rendering) -> Iterator[Manifest]:
    """The rules of the comb's promises, where the operator of Prometheus is and something is promised."""
    promised = list(objectives(rendering))
    if not promised or not has_operator(rendering):
        return
    name = rendering.object_name("sla")
    groups = [
        _group(name, None, _recorded(rendering, promised, [one for one in _WINDOWS if one not in _LONG])),
        _group(f"{name}-long", "2m", _recorded(rendering, promised, _LONG)),
        _group(f"{name}-alerts", None, [_gone(rendering), *(a for one in promised for a in _alerts(rendering, one))]),
    ]
    yield manifest(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": monitored_metadata(rendering, name),
            "spec": {"groups": [group for group in groups if group["rules"]]},
        },
        Cause.comb("sla"),
    )


def _group(name: str, interval: str | None, rules: list[Any]) -> dict[str, Any]:
    return {"name": name, "interval": interval, "rules": rules}


def _burns(objective: Objective) -> list[Burn]:
    """The speeds that there can be: where more than all requests would have to be bad, none could ever be seen."""
    return [burn for burn in BURNS if burn.times * objective.budget < 1]


def _recorded(rendering: Rendering, promised: Sequence[Objective], windows: Sequence[str]) -> list[Any]:
    return [
        caused(
            {"record": _record(window), "expr": objective.bad(window), "labels": _labels(rendering, objective)},
            Cause.comb("sla", objective.name),
        )
        for objective in promised
        for window in windows
        if any(window in (burn.long, burn.short) for burn in _burns(objective))
    ]


def _record(window: str) -> str:
    return f"comb:sla_bad:ratio_rate{window}"


def _labels(rendering: Rendering, objective: Objective) -> dict[str, str]:
    return {"namespace": rendering.namespace, "comb": rendering.name, "objective": objective.name}


def _gone(rendering: Rendering) -> Any:
    """Nobody is there to count what fails: no rate says so."""
    made = {
        "alert": "CombIsGone",
        "expr": f"(sum({select('comb_ready', entry_labels(rendering))}) or vector(0)) < 1",
        "for": "5m",
        "labels": {
            "namespace": rendering.namespace,
            "comb": rendering.name,
            "severity": "page",
            "team": _team(rendering),
        },
        "annotations": {
            "summary": f"no pod of {rendering.name} in {rendering.namespace} takes requests",
            "description": "`/readyz` of a pod says why, and `kubectl describe pod` what became of it.",
            "dashboard": f"/d/{dashboard_uid(rendering)}",
        },
    }
    return caused(made, Cause.comb("sla"))


def _alerts(rendering: Rendering, objective: Objective) -> Iterator[Any]:
    labels = _labels(rendering, objective)
    for burn in _burns(objective):
        limit = f"{burn.times} * {objective.budget.normalize():f}"
        long, short = (select(_record(window), labels) for window in (burn.long, burn.short))
        made = {
            "alert": "CombBreaksPromise",
            "expr": f"{long} > {limit} and {short} > {limit}",
            "labels": {**labels, "severity": burn.severity, "window": burn.long, "team": _team(rendering)},
            "annotations": _annotations(rendering, objective, burn),
        }
        yield caused(made, Cause.comb("sla", objective.name))


def _team(rendering: Rendering) -> Any:
    return caused(rendering.comb.metadata.team, Cause.comb("metadata", "team"))


def _annotations(rendering: Rendering, objective: Objective, burn: Burn) -> dict[str, str]:
    share = f"{(objective.budget * 100).normalize():f}%"
    told = [
        f"Of the requests of the last {burn.long} {{{{ $value | humanizePercentage }}}} {objective.what}; {share} may.",
        f"If it goes on, what may go wrong in 30 days has gone wrong within {burn.gone}.",
        objective.note,
        objective.advice,
    ]
    return {
        "summary": f"{rendering.name} in {rendering.namespace} breaks its promise of {objective.name}",
        "description": " ".join(one for one in told if one),
        "dashboard": f"/d/{dashboard_uid(rendering)}",
    }
