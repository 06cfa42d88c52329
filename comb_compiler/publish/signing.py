"""Who signed what: signatures of commits and of evidence, by the keys that platform.yaml trusts: SSH's or OpenPGP's.

git, ssh-keygen and gpg make and check them. A publisher's key is never kept: git is told the file that holds it, or its
fingerprint in the caller's own keyring.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from comb_compiler.publish.errors import Refused
from comb_compiler.publish.git import Git
from comb_compiler.publish.openpgp import FINGERPRINT, is_openpgp, keyring

__all__ = ["EVIDENCE", "Signature", "Trust", "allowed_signers", "check_signed", "signatures", "signs"]

EVIDENCE = "comb-evidence"
"""What SSH signatures of evidence are made for: one of a commit is none of evidence, nor the other way round."""

_GOOD = "G"
_MOST_NAMED = 3
_STATES = {
    "N": "it is not signed",
    "B": "its signature is bad",
    "E": "its signature cannot be checked",
    "R": "the key that signed it was revoked",
    "X": "its signature has expired",
    "Y": "the key that signed it has expired",
}
_FORMAT = "--format=%H%x00%G?%x00%GS%x00%GF%x00%GP"


class Trust(NamedTuple):
    """The public keys that signatures are asked for, by who holds them; nobody: none are asked for.

    `floor` is a commit whose history somebody has looked at: signatures count from there on. `writers` are those who
    may sign what is committed now, where not everybody may.
    """

    publishers: Mapping[str, str]
    floor: str | None = None
    writers: Mapping[str, str] | None = None


class Signature(NamedTuple):
    """A commit, and who signed it; where that is nobody who is trusted, why."""

    commit: str
    signer: str | None
    why: str = ""


@contextmanager
def allowed_signers(publishers: Mapping[str, str]) -> Iterator[Path]:
    """The file that ssh-keygen reads them from."""
    with TemporaryDirectory(prefix="comb-signers-") as directory:
        file = Path(directory, "allowed_signers")
        keys = ((name, " ".join(key.split(" ")[:2])) for name, key in publishers.items() if not is_openpgp(key))
        file.write_text("".join(f'{name} namespaces="git,{EVIDENCE}" {key}\n' for name, key in keys), "utf-8")
        yield file


def signs(key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What git is told before and after a command that is to sign with a key, of SSH's by its file or of OpenPGP's."""
    openpgp = ("-c", "gpg.format=openpgp", "-c", "gpg.program=gpg")
    return openpgp if FINGERPRINT.fullmatch(key) else (), (f"-S{key}",)


def signatures(git: Git, publishers: Mapping[str, str], *commits: str) -> Iterator[Signature]:
    """Who signed each of the commits that `commits` select as `git log` does, the newest first."""
    with allowed_signers(publishers) as file, keyring(publishers, git.path) as ring:
        settings = ["-c", f"gpg.ssh.allowedSignersFile={file}"]
        settings += ["-c", "gpg.program=gpg"] if ring.holders else []
        out = git(*settings, "log", _FORMAT, *commits, "--", more={"GNUPGHOME": str(ring.home)})
    for line in filter(None, out.decode("utf-8", "replace").split("\n")):
        commit, state, signer, fingerprint, primary = line.split("\0")
        # Whose OpenPGP key it is the fingerprint says: its user's name anybody may have written.
        ssh = signer if signer in publishers and fingerprint.startswith("SHA256:") else None
        holder = ring.holders.get(primary) if primary else ssh
        trusted = state == _GOOD and holder is not None
        why = "" if trusted else _STATES.get(state, "it is signed with another key than those of trusted publishers")
        yield Signature(commit, holder if trusted else None, why)


def check_signed(git: Git, publishers: Mapping[str, str], *commits: str) -> None:
    """Raises Refused where one of the commits is not signed by a trusted publisher."""
    bad = [one for one in signatures(git, publishers, *commits) if one.signer is None]
    if bad:
        lines = [f"  {one.commit[:12]}: {one.why}" for one in bad[:_MOST_NAMED]]
        more = [f"  and {len(bad) - _MOST_NAMED} more"] if len(bad) > _MOST_NAMED else []
        raise Refused(
            "\n".join(["the environment repository has commits that no trusted publisher signed", *lines, *more]),
            "look at them; if they are right, say so with --trusted COMMIT: signatures count from there on",
        )
