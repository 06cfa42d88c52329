"""The example's platform with each of the ways to share a device."""

from pathlib import Path
from typing import Any

from comb_compiler.source import SourceSet
from tests.cluster.rendering import example_platform, written

__all__ = ["SHARING", "platform_sharing_by"]

SHARING: dict[str, Any] = {
    "dra": "dra",
    "exclusive": "exclusive",
    "hami": "hami",
    "mig": "mig",
    "mps": {"backEnd": "mps", "replicas": 4},
    "time-slicing": {"backEnd": "time-slicing", "replicas": 4},
}
_PROFILES = {
    "1g.5gb": {"memory": "5Gi", "compute": "14%", "perDevice": 4},
    "3g.10gb": {"memory": "10Gi", "compute": "42%", "perDevice": 2},
}


def platform_sharing_by(back_end: str, directory: Path) -> SourceSet:
    """All its devices are shared by one back end. There are enough of them, with the profiles of an invented one."""
    platform = example_platform()
    for device in platform["devices"].values():
        device["mig"] = _PROFILES
    for namespace in platform["namespaces"].values():
        namespace["quota"] = {"cpu": 96, "memory": "192Gi", "devices": dict.fromkeys(platform["devices"], 40)}
    for cluster in platform["clusters"].values():
        for pool in cluster["nodePools"].values():
            if "device" in pool:
                pool |= {"sharing": SHARING[back_end], "devices": 8}
    return written(platform, directory)
