"""Which image each process runs, by digest: `images.json`, as a build writes it and a rendering takes it.

`schemas/images.v1.schema.json` says the form to other tools.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.release.reading import repeated, shown

__all__ = [
    "IMAGE",
    "MOST_BYTES",
    "UNBUILT",
    "BadImages",
    "Images",
    "images_schema",
    "images_schema_text",
    "parse_images",
]

MOST_BYTES = 8 << 20
"""How large the file may be."""
IMAGE = r"[a-z0-9][-._a-z0-9]*(:[0-9]{1,5})?(/[a-z0-9][-._a-z0-9]*)+@sha256:[0-9a-f]{64}"
UNBUILT = "unbuilt.invalid"
"""The registry of images that stand for those that are not built: nobody can pull them (RFC 6761)."""

_VERSION = 1
_NAME = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_KEYS = ("version", "unbuilt", "images")


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
    """Images from their file. Raises BadImages: a file is taken whole, or not."""
    found = _json(content)
    _must_be_object(found, "")
    for key in found:
        if key not in _KEYS:
            raise BadImages(f"it has {_shown(key)}, which is none of `version`, `unbuilt` and `images`")
    version, unbuilt = found.get("version", _VERSION), found.get("unbuilt", False)
    if version != _VERSION or isinstance(version, bool):
        raise BadImages(f"its version is {_shown(version)}, and this Comb reads version {_VERSION}")
    if not isinstance(unbuilt, bool):
        raise BadImages(f"`unbuilt` must be true or false, not {_shown(unbuilt)}")
    if "images" not in found:
        raise BadImages("it has no `images`")
    _must_be_object(found["images"], "images")
    return Images({name: _of_process(name, devices) for name, devices in found["images"].items()}, unbuilt)


def _of_process(process: str, devices: Any) -> dict[str, str]:
    if len(process) > 63 or not re.fullmatch(_NAME, process):
        raise BadImages(f"`images` has {_shown(process)}, which is no name of a process")
    path = f"images.{process}"
    _must_be_object(devices, path)
    for device, image in devices.items():
        if len(device) > 63 or not re.fullmatch(_NAME, device):
            raise BadImages(f"`{path}` has {_shown(device)}, which is no name of a class of device")
        if not isinstance(image, str) or len(image) > 512 or not re.fullmatch(IMAGE, image):
            wanted = "an image by its digest, `registry/name@sha256:…` with 64 hexadecimal digits"
            raise BadImages(f"`{path}.{device}` must be {wanted}, not {_shown(image)}")
    return dict(devices)


def _json(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise BadImages(f"it is larger than {MOST_BYTES:,} bytes")
    if not content.strip():
        raise BadImages("it is empty")
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise BadImages(f"it is no JSON from {place}: {problem.msg[:1].lower()}{problem.msg[1:]}") from problem
    except UnicodeDecodeError as problem:
        raise BadImages(f"it is no UTF-8 from byte {problem.start + 1}") from problem
    except (ValueError, RecursionError) as problem:
        raise BadImages("it is no JSON that can be read: it is nested too deeply, or a number is too long") from problem


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = repeated(pairs)
    if twice is not None:
        raise BadImages(f"it has {_shown(twice)} twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise BadImages(f"{name} is no JSON")


def _must_be_object(found: Any, path: str) -> None:
    if not isinstance(found, dict):
        raise BadImages(f"{f'`{path}`' if path else 'it'} must be an object, not {_shown(found)}")


def _shown(value: Any) -> str:
    return shown(value, most=100, kept=99)


def images_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of the file."""
    image = {"type": "string", "pattern": f"^{IMAGE}$", "maxLength": 512}
    name = {"pattern": f"^{_NAME}$", "maxLength": 63}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://comb.dev/schemas/images.v1.schema.json",
        "title": "Images",
        "$comment": "Generated from comb_compiler/release/images.py.",
        "description": "Which image each process of a comb runs, by digest, as `comb render` takes it.",
        "type": "object",
        "required": ["images"],
        "additionalProperties": False,
        "properties": {
            "version": {"description": "The version of this form.", "const": _VERSION},
            "unbuilt": {
                "description": "Whether it was written by hand, so that nothing vouches for what is in the images.",
                "type": "boolean",
                "default": False,
            },
            "images": {
                "description": "Images by process: the comb's name, or `COMB-GROUP` for the other processes.",
                "type": "object",
                "propertyNames": name,
                "additionalProperties": {
                    "description": "Images by class of device; `cpu` for nodes without devices.",
                    "type": "object",
                    "propertyNames": name,
                    "additionalProperties": image,
                },
            },
        },
    }


def images_schema_text() -> str:
    """The schema's file."""
    return json.dumps(images_schema(), indent=2, ensure_ascii=False) + "\n"
