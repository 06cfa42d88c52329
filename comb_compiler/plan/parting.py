"""An execution plan × the groups of a comb → the same plan over several processes."""

from collections.abc import Sequence

from comb_compiler.plan.model import Group
from comb_compiler.plan.names import object_name
from comb_compiler.release import ExecutionPlan, Process

__all__ = ["parted", "process_name"]


def process_name(comb: str, group: Group) -> str:
    """What the process of a group is called: unique in a comb, and what others reach it by."""
    return object_name(comb, "" if group.is_entry else group.name)


def parted(plan: ExecutionPlan, groups: Sequence[Group]) -> ExecutionPlan:
    """The plan with a process for each group that hosts something, the entry first, which answers requests.

    `groups` as `groups_of` makes them. The bindings of all arms are where their operator is; those of an operator that
    is in no group are in the entry. A group whose operators no graph calls has no process.
    """
    entry = next(group for group in groups if group.is_entry)
    home = {operator: group for group in groups for operator in group.operators}
    bindings: dict[Group, list[int]] = {entry: [], **{group: [] for group in groups}}
    for index, binding in enumerate(plan.bindings):
        bindings[home.get(binding.operator, entry)].append(index)
    return plan._replace(
        processes=tuple(
            Process(process_name(plan.comb, group), tuple(indexes))
            for group, indexes in bindings.items()
            if indexes or group.is_entry
        )
    )
