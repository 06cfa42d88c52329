"""Everything that one compilation may look at: the border between the file system and the pure stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.diagnostics import Code

if TYPE_CHECKING:
    from comb_compiler.protos.compiled import Protos

__all__ = ["MOST_SAMPLES", "YAML_ENDINGS", "SourceSet", "Unavailable"]

YAML_ENDINGS = (".yaml", ".yml")
"""How files end that are looked for in a folder and read as YAML."""
MOST_SAMPLES = 10_000
"""So many samples of a directory are counted; of more is not known how many they are."""


class Unavailable(NamedTuple):
    """Why a file that was asked for is not there: the finding's code, one sentence, and advice."""

    code: Code
    message: str
    hint: str = ""


class SourceSet(NamedTuple):
    """A comb.yaml (or platform.yaml) and the files it names, by POSIX path from the root of the checkout.

    A file that was asked for and could not be had is there as `Unavailable`; what was not asked for is not there.
    `present` are files that must only be there: they are, and their content is not looked at. `protos` is what protoc
    made of the .proto files among them, None where it was not asked: no type is then proven. `samples` are how many
    there are, of each directory of samples that was looked into.
    """

    main: str
    files: Mapping[str, bytes | Unavailable]
    present: frozenset[str] = frozenset()
    protos: Protos | None = None
    samples: Mapping[str, int | Unavailable] = {}  # never changed
