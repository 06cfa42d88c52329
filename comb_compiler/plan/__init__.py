"""OperatorGraph × Platform × environment → `Plan`: what runs where, free of Kubernetes."""

from comb_compiler.plan.model import ClusterPlan, Fit, Group, Plan, Replicas, Workload
from comb_compiler.plan.names import LONGEST, object_name
from comb_compiler.plan.parting import parted, process_name

__all__ = [
    "LONGEST",
    "ClusterPlan",
    "Fit",
    "Group",
    "Plan",
    "Replicas",
    "Workload",
    "object_name",
    "parted",
    "process_name",
]
