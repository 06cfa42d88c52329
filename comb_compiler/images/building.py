"""A base and layers → an image."""

from collections.abc import Mapping, Sequence
from typing import Any

from comb_compiler.images.bases import environment_of
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import CONFIG, MANIFEST, Base, Built, Layer

__all__ = ["HEALTH", "PACKAGES", "USER", "build_image"]

PACKAGES = "/comb/packages"
"""What operators and the runtime import, in the image."""
USER = "65532:65532"
"""Nobody in particular, and not root."""
_CREATED = "1970-01-01T00:00:00Z"
HEALTH = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"
"""Whether the process answers, in Python."""


def build_image(layout: ImageLayout, base: Base, layers: Sequence[Layer], labels: Mapping[str, str]) -> Built:
    """Put an image into a layout that has the blobs of its layers, those of its base included or not.

    `labels` are on its configuration and, as annotations, on its manifest. No time and no revision is in it: the same
    base, layers and labels make the same digest.
    """
    config = layout.write_json(CONFIG, _config(base, layers, labels))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.json(),
        "layers": [*(one.json() for one in base.layers), *(_titled(one) for one in layers)],
        "annotations": dict(labels),
    }
    return Built(layout.write_json(MANIFEST, manifest), config, base, tuple(layers))


def _titled(layer: Layer) -> dict[str, Any]:
    return layer.blob.json(annotations={"org.opencontainers.image.title": layer.title})


def _config(base: Base, layers: Sequence[Layer], labels: Mapping[str, str]) -> dict[str, Any]:
    own = {"PYTHONPATH": PACKAGES, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    kept = [one for one in environment_of(base.config) if one.partition("=")[0] not in own]
    history = base.config.get("history") or [{"created": _CREATED} for _ in base.layers]
    return {
        "architecture": base.config["architecture"],
        "os": base.config["os"],
        **({"variant": base.config["variant"]} if "variant" in base.config else {}),
        "created": _CREATED,
        "config": {
            "User": USER,
            "Env": [*kept, *(f"{name}={value}" for name, value in own.items())],
            "Entrypoint": ["python", "-m", "comb_compiler.runtime.service"],
            "WorkingDir": "/",
            "StopSignal": "SIGTERM",
            "Labels": dict(labels),
            "Healthcheck": {
                "Test": ["CMD", "python", "-c", HEALTH],
                "Interval": 10_000_000_000,
                "Timeout": 3_000_000_000,
                "StartPeriod": 60_000_000_000,
                "Retries": 3,
            },
            "ExposedPorts": {"50051/tcp": {}, "8080/tcp": {}},
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base.config["rootfs"]["diff_ids"], *(one.diff_id for one in layers)],
        },
        "history": [*history, *({"created": _CREATED, "created_by": "comb", "comment": one.title} for one in layers)],
    }
