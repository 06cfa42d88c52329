"""OpenPGP keys that platform.yaml trusts, in a keyring of their own: nobody's own keyring decides whom to trust."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from comb_compiler.publish.errors import Refused
from comb_compiler.publish.git import run_program

__all__ = ["FINGERPRINT", "Keyring", "is_openpgp", "keyring"]

FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40}")
"""How a key of one's own keyring is named."""
_ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PATIENCE = 30.0
_SETTINGS = "batch\nno-autostart\nno-auto-key-retrieve\nno-auto-key-locate\ntrust-model always\n"
"""Every key that is in it is trusted, and none is fetched."""


class Keyring(NamedTuple):
    """`home` is gpg's directory, `holders` are names by the fingerprint of their primary key."""

    home: Path
    holders: Mapping[str, str]


def is_openpgp(key: str) -> bool:
    """Whether a public key is OpenPGP's, in its armour, and not SSH's."""
    return key.lstrip().startswith(_ARMOUR)


@contextmanager
def keyring(publishers: Mapping[str, str], path: str) -> Iterator[Keyring]:
    """A keyring with those keys of `publishers` that are OpenPGP's; `path` is where gpg is searched.

    Raises Refused for what is no such key, PublishError where gpg is not here.
    """
    with TemporaryDirectory(prefix="comb-gpg-") as directory:
        home = Path(directory)
        holders: dict[str, str] = {}
        (home / "gpg.conf").write_text(_SETTINGS, "ascii")
        for name, key in publishers.items():
            if is_openpgp(key):
                holders |= dict.fromkeys(_imported(home, name, key, path), name)
        yield Keyring(home, holders)


def _imported(home: Path, name: str, key: str, path: str) -> list[str]:
    """The fingerprints of the primary keys of a block, which is in the keyring now."""
    environment, given = {"PATH": path, "GNUPGHOME": str(home), "LC_ALL": "C"}, key.encode()
    shown = run_program(["gpg", "--with-colons", "--show-keys"], environment, _PATIENCE, given, ())
    kept = run_program(["gpg", "--quiet", "--import"], environment, _PATIENCE, given, ())
    fields = [line.split(":") for line in shown.out.decode("utf-8", "replace").split("\n")]
    found = [after[9] for before, after in pairwise(fields) if before[0] == "pub" and after[0] == "fpr"]
    if shown.code or kept.code or not found:
        raise Refused(
            f"the key of the publisher `{name}` in platform.yaml is no OpenPGP key that gpg takes",
            "write what `gpg --armor --export FINGERPRINT` prints",
        )
    return found
