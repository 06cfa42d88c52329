"""Where things are in an environment repository, from its root."""

from typing import NamedTuple

__all__ = ["TOP", "Place", "flux_directory", "platform_directory"]

TOP = "clusters"
"""What all of it is below."""
_FLUX = "_flux"
_PLATFORM = "_platform"


class Place(NamedTuple):
    """Where a comb is in a cluster: its directory, and its file among those that Flux starts from."""

    cluster: str
    namespace: str
    comb: str

    @property
    def directory(self) -> str:
        """The directory that is the comb's alone."""
        return f"{TOP}/{self.cluster}/{self.namespace}/{self.comb}"

    @property
    def flux_file(self) -> str:
        """What Flux finds the directory by."""
        return f"{flux_directory(self.cluster)}/{self.namespace}.{self.comb}.yaml"


def flux_directory(cluster: str) -> str:
    """What Flux is told of once, by hand, and finds all else from. No namespace has such a name."""
    return f"{TOP}/{cluster}/{_FLUX}"


def platform_directory(cluster: str) -> str:
    """The objects that all combs share. No namespace has such a name."""
    return f"{TOP}/{cluster}/{_PLATFORM}"
