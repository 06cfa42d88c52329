"""Signatures by keys that never leave where they are kept, as in a KMS, in the form that SSH gives its own.

A program is given what is to be signed, and says the bare signature, as KMSs, cosign and openssl have it. What it is
given is short however long the message is, since SSH's form signs a digest
(https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig).
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha512
from typing import NamedTuple

from comb_compiler.publish.errors import Refused, quoted
from comb_compiler.publish.git import run_program

__all__ = ["Signer", "signed_by"]

_PATIENCE = 120.0
"""Seconds: somebody may have to touch a device, or to answer on a phone."""
_MAGIC = b"SSHSIG"
_DIGEST = b"sha512"
_WIDTH = 70
_INTEGER, _SEQUENCE, _ED25519 = 0x02, 0x30, 64


class Signer(NamedTuple):
    """A program, as its words, in this environment and directory; and the public key that its signatures are of.

    Of an Ed25519 key it is to say the 64 bytes; of an ECDSA key (P-256) the signature over SHA-256 in DER; of an RSA
    key that of PKCS #1 v1.5 over SHA-512: either as bytes or as base64.
    """

    command: Sequence[str]
    key: str
    environment: Mapping[str, str]
    directory: str


def signed_by(signer: Signer, namespace: str, message: bytes) -> bytes:
    """SSH's signature of a message. It is not checked. Raises Refused, PublishError where the program cannot be run."""
    kind, _, rest = signer.key.strip().partition(" ")
    try:
        public = base64.b64decode(rest.split(" ")[0], validate=True)
    except binascii.Error:
        public = b""
    if kind not in _FORMS or not public.startswith(_string(kind.encode())):
        known = ", ".join(f"`{one}`" for one in _FORMS)
        raise Refused(f"the signer's public key is none of {known}, as in authorized_keys")
    name, form = _FORMS[kind]
    parts = (namespace.encode(), b"", _DIGEST)
    asked = _MAGIC + b"".join(map(_string, (*parts, sha512(message).digest())))
    signature = _string(_string(name) + _string(form(_said(signer, asked))))
    blob = _MAGIC + (1).to_bytes(4, "big") + _string(public) + b"".join(map(_string, parts)) + signature
    text = base64.b64encode(blob).decode("ascii")
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join(("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", "")).encode()


def _said(signer: Signer, asked: bytes) -> bytes:
    ran = run_program([*signer.command], signer.environment, _PATIENCE, asked, (), signer.directory)
    if ran.code:
        said = quoted(ran.said)
        raise Refused(f"the signer `{signer.command[0]}` ended with exit code {ran.code}", said)
    try:
        return base64.b64decode(b"".join(ran.out.split()), validate=True)
    except binascii.Error:
        return ran.out


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _ed25519(signature: bytes) -> bytes:
    if len(signature) != _ED25519:
        raise Refused(f"the signer says {len(signature):,} bytes, and a signature of Ed25519 has {_ED25519}")
    return signature


def _ecdsa(signature: bytes) -> bytes:
    """The two numbers of a signature in DER, as SSH has them."""
    body = _part(signature, _SEQUENCE)
    first = _part(body, _INTEGER)
    second = _part(body[2 + len(first) :], _INTEGER)
    return _string(first) + _string(second)


def _part(content: bytes, tag: int) -> bytes:
    """What is in the first part of DER, which is short in signatures by P-256."""
    if len(content) < 2 or content[0] != tag or not 0 < content[1] <= min(len(content) - 2, 0x7F):
        raise Refused("the signer does not say an ECDSA signature in DER")
    return content[2 : 2 + content[1]]


def _as_said(signature: bytes) -> bytes:
    return signature


_FORMS: Mapping[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "ssh-ed25519": (b"ssh-ed25519", _ed25519),
    "ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256", _ecdsa),
    "ssh-rsa": (b"rsa-sha2-512", _as_said),
}
"""By the kind of key: what its signatures are called, and how they are written."""
