"""What is rendered → a side of a comparison, in which each part knows the line that caused it."""

from collections.abc import Callable

from comb_compiler.changes.model import Side
from comb_compiler.changes.sides import side_of_manifests
from comb_compiler.compiler.render import Rendered, RenderedCluster
from comb_compiler.diagnostics import Span
from comb_compiler.render.manifest import Manifest, Pointer, Written, cause_of

__all__ = ["side_of_rendered"]


def side_of_rendered(cluster: RenderedCluster, of: Rendered | None) -> Side:
    """What a cluster is to be told. `of` has the files that its causes are in; without it nobody asks for them."""
    flux = cluster.flux._replace(file=cluster.flux_file)
    return side_of_manifests((*cluster.manifests, flux), _origins(of), cluster.release.subject)


def _origins(of: Rendered | None) -> Callable[[Manifest, Pointer], Span | None]:
    def origin(made: Manifest, pointer: Pointer) -> Span | None:
        if of is None:
            return None
        cause = cause_of(made, pointer)
        bound = of.comb if cause.written is Written.COMB else of.platform
        return None if bound is None else bound.place(*cause.path).key_span

    return origin
