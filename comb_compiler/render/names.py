"""Names that objects of a comb and objects of the platform agree on."""

from comb_compiler.spec.platform import Platform

__all__ = ["priority_name"]


def priority_name(platform: Platform, priority: str) -> str:
    """The PriorityClass of a priority; no other's name begins so.

    What it says is in its name, since no PriorityClass can be changed; nor can the priority of a pod that is there.
    """
    one = platform.priorities[priority]
    return f"comb-{priority}-{one.value}" + ("" if one.preempts else "-waits")
