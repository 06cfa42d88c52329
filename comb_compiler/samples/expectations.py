"""Whether an answer is what a sample expects."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["missed"]


def missed(expected: Any, answer: Any) -> tuple[str, ...]:
    """The places, as `reasons[0].code`, at which an answer is not what is expected; both in Protobuf's JSON form.

    Of a message only the fields that are expected count. A list has to have exactly the expected items. A field that is
    not there has its default, as Protobuf's JSON form leaves such fields out.
    """
    return tuple(_missed(expected, answer, ""))


def _missed(expected: Any, answer: Any, place: str) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(answer, Mapping):
        for name, value in expected.items():
            inner = f"{place}.{name}" if place else name
            if name in answer:
                yield from _missed(value, answer[name], inner)
            elif not _is_default(value):
                yield inner
    elif isinstance(expected, list) and isinstance(answer, list) and len(expected) == len(answer):
        for index, (one, other) in enumerate(zip(expected, answer, strict=True)):
            yield from _missed(one, other, f"{place}[{index}]")
    elif isinstance(expected, bool) != isinstance(answer, bool) or expected != answer:
        yield place or "the answer"


def _is_default(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.endswith("_UNSPECIFIED")
    return value is None or value in (False, 0, [], {})
