"""Evidence: what gates found about a subject, as an in-toto statement in a signed envelope, and whether it counts.

The envelope is DSSE (https://github.com/secure-systems-lab/dsse), the statement in-toto's
(https://in-toto.io/Statement/v1), as `schemas/evidence.v1.schema.json` has them. Signatures are SSH's, in the namespace
`comb-evidence`; `keyid` is the name of the trusted publisher who signed, and one that counts is enough.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.publish.errors import Refused
from comb_compiler.publish.external import Signer, signed_by
from comb_compiler.publish.git import run_program
from comb_compiler.publish.signing import EVIDENCE, allowed_signers
from comb_compiler.release.evidence import ISOLATIONS, PREDICATE, STATEMENT

__all__ = [
    "MOST_BYTES",
    "PAYLOAD",
    "PREDICATE",
    "STATEMENT",
    "Asked",
    "check_evidence",
    "sealed",
    "sealed_by",
    "statement_of",
]

MOST_BYTES = 4 << 20
PAYLOAD = "application/vnd.in-toto+json"
_PATIENCE = 30.0
_MOST_SIGNATURES = 16


class Asked(NamedTuple):
    """What evidence has to be about.

    `subjects` are the digests of what is published by its name: a comb, or `COMB/ARM` for an arm of its experiment.
    `repository` is where the sources are, by `repository_name`; `isolation` the least that kept operators apart.
    `images` are the digests, `sha256:…`, of the images that each process ships as, of which the gates ran one: asked
    where containers are, and for no process that is not named.
    """

    subjects: Mapping[str, str]
    repository: str
    isolation: str
    now: datetime
    images: Mapping[str, Collection[str]] = {}


def check_evidence(content: bytes, asked: Asked, publishers: Mapping[str, str], path: str) -> str:
    """The digest of evidence that counts. Raises Refused, with the reason, for any other bytes.

    `path` is where programs are searched. Raises PublishError where ssh-keygen cannot be run.
    """
    payload, signatures = _opened(content)
    named = [(str(name), text) for name, text in signatures if name in publishers]
    if not any(_is_signed(payload, name, text, publishers, path) for name, text in named):
        raise _bad("no trusted publisher signed it")
    _check_statement(_json(payload), asked)
    return sha256(content).hexdigest()


def statement_of(content: bytes) -> tuple[dict[str, Any], list[str]]:
    """What an envelope says, and who is said to have signed it: neither is checked. Raises Refused for other bytes."""
    payload, signatures = _opened(content)
    return _json(payload), [str(name) for name, _ in signatures]


def sealed(statement: Mapping[str, Any], name: str, key: Path, path: str) -> bytes:
    """A statement in an envelope that `name` signs with the SSH key in a file. Raises Refused where that cannot be."""
    payload = json.dumps(statement, sort_keys=True).encode()
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", EVIDENCE, "-f", str(key)]
    ran = run_program(command, {"PATH": path}, _PATIENCE, _authenticated(payload), ())
    if ran.code:
        raise Refused("evidence cannot be signed with the key that is given")
    return _envelope(payload, name, ran.out)


def sealed_by(statement: Mapping[str, Any], name: str, signer: Signer, path: str) -> bytes:
    """A statement in an envelope that a program signs, whose signature is checked. Raises Refused, PublishError."""
    payload = json.dumps(statement, sort_keys=True).encode()
    signature = signed_by(signer, EVIDENCE, _authenticated(payload))
    if not _is_signed(payload, name, signature, {name: signer.key}, path):
        raise Refused("what the signer says is no signature by the public key that is given")
    return _envelope(payload, name, signature)


def _envelope(payload: bytes, name: str, signature: bytes) -> bytes:
    envelope = {
        "payloadType": PAYLOAD,
        "payload": base64.b64encode(payload).decode("ascii"),
        "signatures": [{"keyid": name, "sig": base64.b64encode(signature).decode("ascii")}],
    }
    return json.dumps(envelope, indent=2).encode() + b"\n"


def _authenticated(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _opened(content: bytes) -> tuple[bytes, list[tuple[object, bytes]]]:
    """The payload, and who is said to have signed it how."""
    if len(content) > MOST_BYTES:
        raise _bad(f"it is larger than {MOST_BYTES:,} bytes")
    envelope = _json(content)
    signatures = envelope.get("signatures")
    if isinstance(signatures, list) and len(signatures) > _MOST_SIGNATURES:
        raise _bad(f"it has more than {_MOST_SIGNATURES} signatures")
    if envelope.get("payloadType") != PAYLOAD or not isinstance(signatures, list):
        raise _bad(f"it is no DSSE envelope of {PAYLOAD}")
    try:
        payload = base64.b64decode(envelope["payload"], validate=True)
        signed = [(one["keyid"], base64.b64decode(one["sig"], validate=True)) for one in signatures]
    except (KeyError, TypeError, ValueError, binascii.Error) as problem:
        raise _bad("its envelope is damaged") from problem
    return payload, signed


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise _bad("it is no JSON") from problem
    if not isinstance(found, dict):
        raise _bad("it is no JSON object")
    return found


def _is_signed(payload: bytes, name: str, text: bytes, publishers: Mapping[str, str], path: str) -> bool:
    with allowed_signers(publishers) as signers, TemporaryDirectory(prefix="comb-evidence-") as directory:
        file = Path(directory, "signature")
        file.write_bytes(text)
        command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", name, "-n", EVIDENCE, "-s", str(file)]
        return run_program(command, {"PATH": path}, _PATIENCE, _authenticated(payload), ()).code == 0


def _check_statement(statement: Mapping[str, Any], asked: Asked) -> None:
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != PREDICATE:
        raise _bad(f"it is no statement of {PREDICATE}")
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        raise _bad("its statement has no predicate")
    proven = _proven(statement.get("subject"))
    if predicate.get("repository") != asked.repository:
        shown = printable(str(predicate.get("repository"))[:80])
        raise _bad(f"it is about the repository `{shown}`, and this is `{asked.repository}`")
    _check_time(predicate.get("expires"), asked.now)
    isolation = predicate.get("isolation")
    if isolation not in ISOLATIONS or ISOLATIONS.index(isolation) < ISOLATIONS.index(asked.isolation):
        raise _bad(f"its gates ran without the isolation that is asked for: `{asked.isolation}`")
    if predicate.get("verdict") != "passed":
        raise _bad("its gates did not pass")
    if not isinstance(predicate.get("builder"), str) or not predicate["builder"]:
        raise _bad("it does not say what ran its gates: `builder`")
    for name, digest in asked.subjects.items():
        if (name, digest) not in proven:
            about = "another subject" if any(one == name for one, _ in proven) else "other combs"
            raise _bad(f"it is about {about}, and `{name}` is {digest[:12]}…")
    if asked.isolation != ISOLATIONS[0]:
        _check_images(predicate.get("images"), asked.images)


def _check_images(ran: object, ships: Mapping[str, Collection[str]]) -> None:
    for process, digests in ships.items():
        image = ran.get(process) if isinstance(ran, dict) else None
        if not isinstance(image, str) or image not in digests:
            what = f"its gates ran {printable(str(image)[:19])}…" if image else "its gates ran none of it"
            wanted = " or ".join(f"{one[:19]}…" for one in sorted(digests))
            raise _bad(f"`{process}` ships as the image {wanted}, and {what}")


def _proven(subjects: object) -> set[tuple[str, str]]:
    if not isinstance(subjects, Sequence) or not all(isinstance(one, dict) for one in subjects):
        raise _bad("its statement has no list of subjects")
    pairs = ((one.get("name"), one.get("digest")) for one in subjects)
    return {(str(name), str(digest.get("sha256"))) for name, digest in pairs if isinstance(digest, dict)}


def _check_time(expires: object, now: datetime) -> None:
    try:
        end = datetime.fromisoformat(str(expires))
    except ValueError as problem:
        raise _bad("it does not say until when it counts") from problem
    if end.tzinfo is None or end <= now:
        raise _bad("it has expired" if end.tzinfo else "the time that it expires at has no zone")


def _bad(why: str) -> Refused:
    return Refused(f"the evidence does not count: {why}")
