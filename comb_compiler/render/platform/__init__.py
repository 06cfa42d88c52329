"""Platform → what a cluster is told once for all combs: a module for each kind of object."""

from comb_compiler.render.platform.objects import PLATFORM_KINDS, RenderedPlatform, render_platform
from comb_compiler.render.platform.source import source_objects

__all__ = ["PLATFORM_KINDS", "RenderedPlatform", "render_platform", "source_objects"]
