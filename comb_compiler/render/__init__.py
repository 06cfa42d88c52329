"""Plan → manifests: Kubernetes objects as data, one small module per kind."""

from comb_compiler.render.cluster import render_cluster
from comb_compiler.render.emit import emit
from comb_compiler.render.manifest import Cause, Manifest, Written, cause_of
from comb_compiler.render.rendering import Rendering

__all__ = ["Cause", "Manifest", "Rendering", "Written", "cause_of", "emit", "render_cluster"]
