"""Names that objects of a comb and objects of the platform agree on."""

__all__ = ["priority_name"]


def priority_name(priority: str) -> str:
    """The PriorityClass of a priority; no other's name begins so."""
    return f"comb-{priority}"
