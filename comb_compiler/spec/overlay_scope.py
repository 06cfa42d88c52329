"""What an arm and an environment may change: one table for the checks and for the editors' schema."""

__all__ = ["ARM_SCOPE", "ENVIRONMENT_SCOPE", "Scope"]

Scope = dict[str, "Scope | None"]
"""Keys that an overlay may hold; None allows all below, `*` stands for any name that the comb has already."""

ARM_SCOPE: Scope = {"models": None, "operators": None, "graph": None}

ENVIRONMENT_SCOPE: Scope = {
    "metadata": {"labels": None},
    "operators": {
        "*": dict.fromkeys(("resources", "devices", "affinity", "priority", "timeout", "batch", "workers", "scale")),
    },
    "storage": None,
    "recording": None,
    "experiment": {"key": None, "salt": None, "arms": {"*": {"weight": None}}},
    "rollout": None,
    "sla": None,
    "gates": None,
}
