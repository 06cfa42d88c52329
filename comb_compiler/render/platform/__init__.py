"""Platform → what a cluster is told once for all combs: a module for each kind of object."""

from comb_compiler.render.platform.objects import PLATFORM_KINDS, RenderedPlatform, render_platform

__all__ = ["PLATFORM_KINDS", "RenderedPlatform", "render_platform"]
