"""A checkout with changes that are not written yet."""

from comb_compiler.diagnostics.patch import unified_diff
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.writing import replace_file

__all__ = ["Drafts"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Drafts(Checkout):
    """Reads as the checkout does, but for the files that have a new text."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._changed: dict[str, bytes] = {}

    def read(self, relative: str) -> bytes | Unavailable:
        """The new content of a file, or the checkout's."""
        return self._changed[relative] if relative in self._changed else super().read(relative)

    def change(self, relative: str, text: str) -> None:
        """Give a file a new text; a byte order mark that it has stays."""
        mark = _BYTE_ORDER_MARK if self._written(relative).startswith(_BYTE_ORDER_MARK) else b""
        self._changed[relative] = mark + text.encode("utf-8")

    def replace(self, relative: str, content: bytes) -> None:
        """Give a file new bytes."""
        self._changed[relative] = content

    @property
    def changed(self) -> tuple[str, ...]:
        """The files whose new content differs from what is written."""
        return tuple(name for name, content in self._changed.items() if content != self._written(name))

    def diff(self) -> str:
        """What writing would change, as `git apply` takes it."""
        return "".join(
            unified_diff(name, _text(self._written(name)), _text(self._changed[name])) for name in sorted(self.changed)
        )

    def write(self) -> None:
        """Write every changed file, each as a whole or not at all."""
        for name in self.changed:
            refused = replace_file(self, name, self._changed[name])
            if refused is not None:
                raise OutsideFailure(f"`{name}` is not written: {refused.message}", refused.hint)

    def _written(self, relative: str) -> bytes:
        content = super().read(relative)
        return b"" if isinstance(content, Unavailable) else content


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
