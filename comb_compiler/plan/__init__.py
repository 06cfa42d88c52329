"""OperatorGraph → `Plan`: what runs where, free of Kubernetes.

Thin as yet: one workload holds every operator of the comb, on CPUs. Pod groups, device classes, packing and scaling
are here, and not yet wired.
"""

from comb_compiler.plan.one_workload import OneWorkload, ThinPlan, plan_one_workload

__all__ = ["OneWorkload", "ThinPlan", "plan_one_workload"]
