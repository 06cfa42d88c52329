"""How eagerly the number of replicas follows the load, in HPA's words."""

from collections.abc import Mapping
from typing import Any

from comb_compiler.spec.comb.scaling import ScalingPace

__all__ = ["behavior"]


def behavior(pace: ScalingPace) -> dict[str, Any]:
    """The `behavior` of an HPA, which KEDA takes too."""
    up, down = _PACES[pace]
    return {"scaleUp": dict(up), "scaleDown": dict(down)}


def _rule(wait: int, percent: int, pods: int, seconds: int) -> Mapping[str, Any]:
    """Look at so many seconds for the number that is nearest to the present one; then change by the larger step."""
    return {
        "stabilizationWindowSeconds": wait,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Percent", "value": percent, "periodSeconds": seconds},
            {"type": "Pods", "value": pods, "periodSeconds": seconds},
        ],
    }


_PACES = {
    ScalingPace.CAUTIOUS: (_rule(120, 50, 1, 60), _rule(900, 10, 1, 120)),
    ScalingPace.STEADY: (_rule(15, 100, 2, 60), _rule(300, 25, 1, 60)),
    ScalingPace.FAST: (_rule(0, 200, 4, 15), _rule(60, 50, 2, 30)),
}
"""Up, then down."""
