"""OperatorGraph → `Plan`: what runs where, free of Kubernetes.

Thin as yet: one workload holds every operator of the comb, on CPUs. Pod groups, device classes, packing and scaling
come with the plan's own issue.
"""

from comb_compiler.plan.model import Plan, Workload
from comb_compiler.plan.one_workload import plan_one_workload

__all__ = ["Plan", "Workload", "plan_one_workload"]
