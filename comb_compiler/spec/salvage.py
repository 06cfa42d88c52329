"""What is left of a file when its wrong parts are taken out, so that the rest can still be checked."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from comb_compiler.source import Path

__all__ = ["salvage"]

M = TypeVar("M", bound=BaseModel)
_ROUNDS = 8


def salvage(model: type[M], data: Any, wrong: list[Path]) -> M | None:
    """A model of `data` without the values at `wrong`; where those are required, without what requires them."""
    for _ in range(_ROUNDS):
        data = _without(data, [_present(data, path) for path in wrong])
        try:
            return model.model_validate(data)
        except ValidationError as failure:
            wrong = [error["loc"] for error in failure.errors(include_url=False)]
    return None


def _present(data: Any, path: Path) -> Path:
    """The longest part of `path` that is in the data, and for a missing key what misses it."""
    present: Path = ()
    for step in path:
        inside = isinstance(data, dict) and step in data
        if not inside and not (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            break
        data = data[step]
        present = (*present, step)
    return present


def _without(data: Any, paths: list[Path]) -> Any:
    """A copy without the values at `paths`; what is not touched is shared."""
    if () in paths:
        return {}
    below: dict[str | int, list[Path]] = {}
    for path in paths:
        below.setdefault(path[0], []).append(path[1:])
    if isinstance(data, list):
        kept = [(i, item) for i, item in enumerate(data) if () not in below.get(i, ())]
        return [_without(item, below[i]) if i in below else item for i, item in kept]
    kept_entries = [(key, value) for key, value in data.items() if () not in below.get(key, ())]
    return {key: _without(value, below[key]) if key in below else value for key, value in kept_entries}
