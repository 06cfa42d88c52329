"""Objects as nobody would write them, made of others."""

import copy
import random
from collections.abc import Iterator
from typing import Any

__all__ = ["changed"]

_KEPT = ("apiVersion", "kind", "metadata", "namespace")
"""What says where an object is asked for: without it nothing could be."""
_VALUES: tuple[Any, ...] = (
    True, False, 0, 1, 65536, "", "0", "1", "100%", "1Gi", "500m", "1.5", "Always", "default", "comb-high-100000",
    "docker.io/a:b", "registry.example.com/base/a@sha256:" + "ab" * 32, [], {}, ["ALL"], ["NET_ADMIN"],
)  # fmt: skip


def changed(document: Any, dice: random.Random) -> Any:
    """A copy in which one to three places are taken out, doubled or given another value."""
    made = copy.deepcopy(document)
    for _ in range(dice.randint(1, 3)):
        places = [(holder, key) for holder, key in _places(made) if key not in _KEPT]
        holder, key = dice.choice(places)
        action = dice.random()
        if action < 0.45:
            del holder[key]
        elif action < 0.85 or not isinstance(holder, list):
            holder[key] = copy.deepcopy(dice.choice(_VALUES))
        else:
            holder.append(copy.deepcopy(holder[key]))
    return made


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
