"""Plan → manifests: Kubernetes objects as data, one small module per kind.

Thin as yet: Deployments only, without GPU shares, volumes or autoscaling.
"""

from comb_compiler.render.deployment import UNBUILT, deployment
from comb_compiler.render.emit import emit

__all__ = ["UNBUILT", "deployment", "emit"]
