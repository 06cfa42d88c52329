"""Who gets what: the arms of an experiment, and the steps in which a new release takes over."""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from comb_compiler.plan.model import GreyRelease, Replicas, Traffic, Workload
from comb_compiler.plan.names import object_name
from comb_compiler.spec import Comb
from comb_compiler.spec.checks.reserved import CANDIDATE

__all__ = ["CANDIDATE", "beside", "traffic_of"]


def traffic_of(comb: Comb) -> Traffic:
    """What comb.yaml says of its traffic."""
    arms = {} if comb.experiment is None else {name: one.weight for name, one in comb.experiment.arms.items()}
    if comb.rollout is None:
        return Traffic(arms)
    abort, sla = comb.rollout.abort, comb.sla
    limits = {
        name: getattr(sla, name) if getattr(abort, name) is None else getattr(abort, name)
        for name in ("error_rate", "timeout_rate", "p99")
    }
    return Traffic(arms, GreyRelease(tuple(comb.rollout.steps), comb.rollout.hold, **limits))


def beside(workloads: Sequence[Workload], share: Decimal) -> tuple[Workload, ...]:
    """The candidate's workloads, for at most a share of the users: names and bounds of their own.

    They are as many from the first step on as the last one needs: between steps only weights change, so that no step
    begins before what it needs is there.
    """
    return tuple(
        one._replace(
            name=object_name(one.name, CANDIDATE),
            replicas=Replicas(ceil(one.replicas.least * share), ceil(one.replicas.most * share)),
        )
        for one in workloads
    )
