"""Services: one for each process, by which callers and other processes find its pods."""

from collections.abc import Iterator

from comb_compiler.render import layout
from comb_compiler.render.manifest import Manifest, manifest
from comb_compiler.render.monitoring.scraping import scrape_annotations
from comb_compiler.render.rendering import Rendering

__all__ = ["services"]


def services(rendering: Rendering) -> Iterator[Manifest]:
    """Headless, so that gRPC sees every pod and balances by itself: through one address a caller sticks to one pod."""
    for group in rendering.groups:
        yield manifest(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": rendering.metadata(rendering.service(group), annotations=scrape_annotations(rendering)),
                "spec": {
                    "clusterIP": "None",
                    "selector": rendering.selects_process(group),
                    "ports": [
                        {"name": "grpc", "port": layout.GRPC_PORT, "targetPort": "grpc", "appProtocol": "grpc"},
                        {"name": "http", "port": layout.HTTP_PORT, "targetPort": "http", "appProtocol": "http"},
                    ],
                },
            },
            rendering.cause_of_group(group),
        )
