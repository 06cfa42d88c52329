"""Results of one test run that are slow to work out again: protoc's, and those of the checker of conditions."""

__all__ = ["REMEMBERED"]


class _Memory:
    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def find(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def keep(self, key: str, content: bytes) -> None:
        self._kept[key] = content


REMEMBERED = _Memory()
"""A `Memo` for all tests that are not about protoc itself."""
