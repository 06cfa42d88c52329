"""ConfigMaps: the execution plan under a name that its content makes, and the weights under one that stays."""

from collections.abc import Iterator
from hashlib import sha256

from comb_compiler.release import Weights, weights_bytes
from comb_compiler.render import layout
from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["cause_of_weights", "config_maps", "plan_name", "weights_name"]

_HASH = 10


def plan_name(rendering: Rendering) -> str:
    """The name of the plan's ConfigMap. Another plan has another: pods that still run keep theirs."""
    return rendering.object_name(f"plan-{sha256(rendering.plan_file).hexdigest()[:_HASH]}")


def weights_name(rendering: Rendering) -> str | None:
    """The name of the ConfigMap with the weights of arms and of a candidate; None where there can be neither.

    With a `rollout` it is there from the start, and mounted: a candidate that comes starts no pods anew.
    """
    comb = rendering.comb
    return None if comb.experiment is None and comb.rollout is None else rendering.object_name("weights")


def cause_of_weights(rendering: Rendering) -> Cause:
    """What caused the weights to be there."""
    return Cause.comb("rollout" if rendering.comb.experiment is None else "experiment")


def config_maps(rendering: Rendering) -> Iterator[Manifest]:
    """What processes read when they start, and what they watch."""
    yield manifest(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": rendering.metadata(plan_name(rendering)),
            "immutable": True,
            "data": {layout.PLAN_FILE: rendering.plan_file.decode()},
        },
        Cause.comb("graph"),
    )
    name, experiment = weights_name(rendering), rendering.comb.experiment
    if name is not None:
        arms = None if experiment is None else {arm: one.weight for arm, one in experiment.arms.items()}
        yield manifest(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": rendering.metadata(name),
                "data": {layout.WEIGHTS_FILE: weights_bytes(Weights(arms)).decode()},
            },
            Cause.comb("rollout") if experiment is None else Cause.comb("experiment", "arms"),
        )
