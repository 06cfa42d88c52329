"""What is served, as a value: `/v1/status`."""

from typing import Any

from comb_compiler.runtime.service.stage import Stage

__all__ = ["status"]


def status(stage: Stage) -> dict[str, Any]:
    """The comb, its method, arms with weights and models; whether it is ready, and what its parts say of themselves."""
    reasons = list(stage.reasons)
    said: dict[str, Any] = {"ready": not reasons, "reasons": reasons, "release": stage.settings.release}
    if stage.face is None:
        return said
    plan = stage.face.served.plan
    said["comb"] = plan.comb
    said["method"] = stage.face.path[1:]
    parts = stage.face.served.status()
    now = parts.get("router", {}).get("arms", {})
    arms = plan.experiment.arms if plan.experiment else ()
    said["arms"] = {arm.name: {"weight": now.get(arm.name, arm.weight)} for arm in arms}
    said["models"] = [
        {"operator": one.operator, "model": one.model.name, "version": one.model.version}
        for one in plan.bindings
        if one.model is not None
    ]
    return {**said, **parts}
