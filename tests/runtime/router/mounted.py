"""A ConfigMap as kubelet mounts it."""

import os
import shutil
from pathlib import Path

__all__ = ["Mounted"]


class Mounted:
    """A directory whose files are links through `..data`, which is a link itself, and is what is swapped."""

    def __init__(self, directory: Path, content: bytes) -> None:
        self.directory = directory
        self.file = directory / "weights.json"
        self._number = 0
        self.swap(content)
        self.file.symlink_to("..data/weights.json")

    def swap(self, content: bytes) -> None:
        """Replace the file: a new directory, the link to it renamed over the old one, the old directory removed."""
        self._number += 1
        data, new = self.directory / "..data", self.directory / f"..2026_11_26.{self._number}"
        before = data.resolve() if data.exists() else None
        new.mkdir()
        (new / self.file.name).write_bytes(content)
        link = self.directory / "..data_tmp"
        link.symlink_to(new.name)
        os.replace(link, data)
        if before is not None:
            shutil.rmtree(before)
