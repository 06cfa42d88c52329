"""What a pod says to get its slice of a device, whatever the back end."""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Ask"]


class Ask(NamedTuple):
    """Parts of a pod: extended resources (requested and limited alike), and what else the back end wants to see.

    `claims` are ResourceClaimTemplates' specs by the name of the claim: the pod claims them, and its container uses
    them.
    """

    resources: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    scheduler: str | None = None
    claims: Mapping[str, Mapping[str, Any]] = {}
