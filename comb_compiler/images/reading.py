"""JSON that somebody else wrote, in the forms that images have it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from comb_compiler.images.model import Descriptor

__all__ = ["descriptor", "parsed", "valid_config"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def parsed(content: bytes) -> Any:
    """What JSON says. Raises ValueError, for what is nested without an end too."""
    try:
        return json.loads(content)
    except RecursionError as problem:
        raise ValueError("it is nested too deeply") from problem


def descriptor(told: Any) -> Descriptor:
    """A blob, as a manifest names it. Raises ValueError."""
    if not isinstance(told, dict):
        raise ValueError("a blob is no object")
    media_type, digest, size = told.get("mediaType"), told.get("digest"), told.get("size")
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise ValueError("a blob has no digest of SHA-256")
    if not isinstance(media_type, str) or not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"{digest} has no type, or no size")
    return Descriptor(media_type, digest, size)


def valid_config(config: Any, layers: int) -> Mapping[str, Any]:
    """The configuration of an image of that many layers, with all that others rely on. Raises ValueError."""
    if not isinstance(config, dict):
        raise ValueError("its configuration is no object")
    if not all(isinstance(config.get(name), str) for name in ("architecture", "os")):
        raise ValueError("its configuration says no architecture, or no system")
    root, own = config.get("rootfs"), config.get("config") or {}
    digests = root.get("diff_ids") if isinstance(root, dict) else None
    if not isinstance(digests, list) or not all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in digests):
        raise ValueError("its configuration has no digests of layers")
    if len(digests) != layers:
        raise ValueError("its configuration has other layers than its manifest")
    variables = own.get("Env") or [] if isinstance(own, dict) else None
    if not isinstance(variables, list) or not all(isinstance(one, str) for one in variables):
        raise ValueError("its configuration has variables that are none")
    history = config.get("history") or []
    if not isinstance(history, list) or not all(isinstance(one, dict) for one in history):
        raise ValueError("its configuration has a history that is none")
    return config
