"""What `comb platform` is made of: what clusters are told once for all combs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comb_compiler.policy.model import PolicySet
    from comb_compiler.publish import Shared
    from comb_compiler.spec.platform import Platform

__all__ = ["shared_of"]


def shared_of(platform: "Platform", policies: "PolicySet | None" = None) -> "list[Shared]":
    """What the environment repository is to hold of a platform."""
    from comb_compiler.compiler.render import platform_files, render_platforms
    from comb_compiler.publish import Shared

    return [Shared(one.cluster, *platform_files(one)) for one in render_platforms(platform, policies)]
