"""Evidence is signed by programs that hold the key: openssl here; what it makes ssh-keygen checks as any other."""

import base64
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from comb_compiler.publish import PublishError, Refused
from comb_compiler.publish.evidence import check_evidence, sealed_by
from comb_compiler.publish.external import Signer
from tests.publish.environment import keypair
from tests.publish.test_evidence import ASKED, PATH, statement

P256, RSA, ED25519 = ("EC", "ec_paramgen_curve:P-256"), ("RSA", "rsa_keygen_bits:2048"), ("ED25519",)
ONE_SHOT = 'cat > "$1.given" && openssl pkeyutl -sign -rawin -inkey "$1" -in "$1.given" | base64'


def made(directory: Path, kind: Sequence[str]) -> tuple[Path, str]:
    """A new key of openssl's: its file, and its public half in SSH's form."""
    key = directory / "key.pem"
    options = [word for option in kind[1:] for word in ("-pkeyopt", option)]
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", kind[0], *options, "-out", key], check=True)
    if kind == ED25519:
        out = subprocess.run(
            ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True
        )
        name = b"ssh-ed25519"
        wire = b"".join(len(part).to_bytes(4, "big") + part for part in (name, out.stdout[-32:]))
        return key, f"ssh-ed25519 {base64.b64encode(wire).decode()}"
    public = directory / "key.pub.pem"
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    command = ["ssh-keygen", "-i", "-m", "PKCS8", "-f", str(public)]
    return key, subprocess.run(command, check=True, capture_output=True).stdout.decode().strip()


def signer(public: str, *command: str, directory: Path = Path("/")) -> Signer:
    return Signer(command, public, {"PATH": PATH}, str(directory))


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        pytest.param(P256, ("openssl", "dgst", "-sha256", "-sign", "key.pem"), id="P-256"),
        pytest.param(RSA, ("openssl", "dgst", "-sha512", "-sign", "key.pem"), id="RSA"),
        pytest.param(ED25519, ("sh", "-c", ONE_SHOT, "sh", "key.pem"), id="Ed25519 in base64"),
    ],
)
def test_what_a_program_signs_counts_as_what_a_key_in_a_file_does(
    tmp_path: Path, kind: Sequence[str], command: Sequence[str]
) -> None:
    _, public = made(tmp_path, kind)
    for number in range(8):  # the numbers of an ECDSA signature are of different lengths
        content = sealed_by(
            statement(builder=f"job {number}"), "kms", signer(public, *command, directory=tmp_path), PATH
        )
        assert check_evidence(content, ASKED, {"kms": public}, PATH)
    with pytest.raises(Refused, match="no trusted publisher signed it"):
        check_evidence(content, ASKED, {"kms": keypair(tmp_path, "other")[1]}, PATH)


def says(content: bytes, times: int = 1) -> tuple[str, ...]:
    """A program that says anything."""
    return sys.executable, "-c", f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({content!r} * {times})"


@pytest.mark.parametrize(
    ("kind", "command", "why"),
    [
        (P256, ("openssl", "dgst", "-sha384", "-sign", "KEY"), "no signature by the public key that is given"),
        (P256, ("openssl", "dgst", "-sha256", "-sign", "nowhere.pem"), r"ended with exit code 1\n  \| .*nowhere"),
        (P256, says(b""), "does not say an ECDSA signature in DER"),
        (P256, says(b"\x30\x44\x02\x7f"), "does not say an ECDSA signature in DER"),
        (P256, says(b"\x30\x04\x02\x02\x01\x01"), "does not say an ECDSA signature in DER"),
        (P256, says(b"\x30\x06\x02\x01\x01\x02\x01\x01"), "no signature by the public key that is given"),
        (ED25519, says(b"short"), "5 bytes, and a signature of Ed25519 has 64"),
        (ED25519, says(b"\0", 64), "no signature by the public key that is given"),
        (ED25519, says(b"\0", 5 << 20), "5,242,880 bytes"),
    ],
)
def test_what_is_no_signature_signs_nothing(
    tmp_path: Path, kind: Sequence[str], command: Sequence[str], why: str
) -> None:
    key, public = made(tmp_path, kind)
    words = [str(key) if word == "KEY" else word for word in command]
    with pytest.raises(Refused, match=why):
        sealed_by(statement(), "kms", signer(public, *words), PATH)


@pytest.mark.parametrize("public", ["", "ssh-dss AAAA", "ssh-ed25519 ????", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH"])
def test_a_public_key_that_is_none_is_told_before_anything_is_asked(public: str) -> None:
    with pytest.raises(Refused, match="the signer's public key is none of `ssh-ed25519`, `ecdsa-sha2-nistp256`"):
        sealed_by(statement(), "kms", signer(public, "/nowhere/signer"), PATH)


def test_a_program_that_is_not_there_is_something_outside(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="/nowhere/signer is not here"):
        sealed_by(statement(), "kms", signer(keypair(tmp_path, "kms")[1], "/nowhere/signer"), PATH)


def test_no_shell_looks_at_the_words(tmp_path: Path) -> None:
    _, public = made(tmp_path, P256)
    words = shlex.split("openssl dgst -sha256 -sign key.pem ';' touch owned '$(touch owned)'")
    with pytest.raises(Refused, match="ended with exit code 1"):
        sealed_by(statement(), "kms", signer(public, *words, directory=tmp_path), PATH)
    assert not (tmp_path / "owned").exists()
    assert "owned" not in os.listdir(tmp_path)
