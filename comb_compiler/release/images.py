"""Which image each process runs, by digest: `images.json`, as a build writes it and a rendering takes it.

`schemas/images.v1.schema.json` says the form to other tools.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["BadImages", "Images", "parse_images"]


class Images(NamedTuple):
    """Images by process and class of device (`cpu` is one), each `registry/name@sha256:…`.

    `unbuilt` says that they were written by hand, and that nothing vouches for what is in them: such a release is never
    published to where evidence is asked for.
    """

    by_process: Mapping[str, Mapping[str, str]]
    unbuilt: bool = False

    def of(self, process: str, device: str) -> str | None:
        """The image for a process on a class of device."""
        return self.by_process.get(process, {}).get(device)


class BadImages(Exception):
    """The bytes are no images.json; the message is one sentence that says why."""


def parse_images(content: bytes) -> Images:
    """Images from their file. Raises BadImages."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadImages("it is no JSON, or was cut off") from error
    return Images(found["images"], bool(found.get("unbuilt")))
