"""What a router does now, as plain JSON data."""

from collections.abc import Mapping
from typing import Any

from comb_compiler.runtime.router.mismatch import mismatch
from comb_compiler.runtime.router.router import Router

__all__ = ["mismatches", "status_of"]


def status_of(router: Router) -> dict[str, Any]:
    """Releases, arms with their weights, requests by release, arm and how, users since the weights last changed.

    `users` are estimates where `sampled` is below 1. `mismatch` has p-values: of the arms among the stable release's
    users, and of the releases; null where too few users are there to say.
    """
    weights, exposure = router.weights, router.exposure
    users = exposure.users()
    tried = weights.candidate
    return {
        "release": router.release,
        "candidate": None if tried is None else {name: value for name, value in tried._asdict().items() if value != ""},
        "arms": dict(weights.arms or {}),
        "weights": _origin(router),
        "requests": [
            {"release": release, "arm": arm, "how": how, "requests": count}
            for (release, arm, how), count in sorted(exposure.requests.items())
        ],
        "failovers": router.failovers,
        "refused": dict(sorted(router.refused.items())),
        "users": [
            {"release": release, "arm": arm, "users": round(count / exposure.sampled)}
            for (release, arm), count in sorted(users.items())
        ],
        "sampled": exposure.sampled,
        "mismatch": mismatches(router),
    }


def mismatches(router: Router) -> dict[str, float | None]:
    """The p-values of sample ratio mismatch, see `mismatch`."""
    users = router.exposure.users()
    return {"arms": _of_arms(router, users), "releases": _of_releases(router, users)}


def _origin(router: Router) -> dict[str, Any]:
    file = router.file
    if file is None:
        return {"file": None, "refused": "", "loads": 0, "refusals": 0}
    return {"file": str(file.path), "refused": file.refused, "loads": file.loads, "refusals": file.refusals}


def _of_arms(router: Router, users: Mapping[tuple[str, str], int]) -> float | None:
    arms = router.weights.arms or {}
    return mismatch([users.get((router.release, arm), 0) for arm in arms], list(arms.values())) if arms else None


def _of_releases(router: Router, users: Mapping[tuple[str, str], int]) -> float | None:
    share = router.share
    stable = sum(count for (release, _), count in users.items() if release == router.release)
    return mismatch([sum(users.values()) - stable, stable], [share, 1 - share]) if 0 < share < 1 else None
