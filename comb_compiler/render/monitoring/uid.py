"""What a comb's dashboard is known by, for links to it: the same through all its releases."""

from hashlib import sha256

from comb_compiler.render.rendering import Rendering

__all__ = ["dashboard_uid"]


def dashboard_uid(rendering: Rendering) -> str:
    """At most 40 characters, which is what Grafana takes."""
    return f"comb-{sha256(f'{rendering.namespace}/{rendering.name}'.encode()).hexdigest()[:24]}"
