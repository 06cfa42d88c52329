"""Evidence counts only for what it is about, and by the signature of who is trusted."""

import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from comb_compiler.publish import Refused
from comb_compiler.publish.evidence import (
    PREDICATE,
    STATEMENT,
    Asked,
    check_evidence,
    sealed,
    statement_of,
)
from tests.publish.environment import keypair

PATH = os.environ["PATH"]
NOW = datetime(2026, 11, 26, tzinfo=UTC)
ASKED = Asked({"ocr": "a" * 64, "ocr/rotate": "b" * 64}, "git.example.com/team/combs", "container", NOW)
SCHEMAS = Path(__file__).parents[2] / "schemas"
SCHEMA: dict[str, Any] = json.loads((SCHEMAS / "evidence.v1.schema.json").read_text("utf-8"))


def statement(**changes: Any) -> dict[str, Any]:
    """A statement that counts, with changes of its predicate."""
    subjects = [{"name": name, "digest": {"sha256": digest}} for name, digest in ASKED.subjects.items()]
    predicate = {"repository": ASKED.repository, "expires": "2026-12-01T00:00:00Z", "isolation": "container"}
    predicate = {**predicate, "builder": "https://ci.example.com/17", "verdict": "passed", **changes}
    return {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": predicate}


def test_evidence_that_counts_has_a_digest(tmp_path: Path) -> None:
    file, public = keypair(tmp_path, "gates")
    content = sealed(statement(), "gates", file, PATH)
    assert len(check_evidence(content, ASKED, {"other": keypair(tmp_path, "o")[1], "gates": public}, PATH)) == 64


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (statement(repository="git.example.com/eve/combs"), "about the repository `git.example.com/eve/combs`"),
        (statement(expires="2026-11-25T00:00:00Z"), "it has expired"),
        (statement(expires="2026-12-01T00:00:00"), "has no zone"),
        (statement(expires=None), "until when"),
        (statement(isolation="local"), "without the isolation"),
        (statement(verdict="undecided"), "did not pass"),
        (statement(builder=None), "what ran its gates"),
        ({**statement(), "predicateType": "https://slsa.dev/provenance/v1"}, "it is no statement"),
        ({**statement(), "subject": [{"name": "ocr", "digest": {"sha256": "c" * 64}}]}, "about another subject"),
        ({**statement(), "subject": [{"name": "ocr", "digest": {"sha256": "a" * 64}}]}, "about other combs"),
        ({**statement(), "subject": [1]}, "no list of subjects"),
        ({**statement(), "predicate": []}, "no predicate"),
        ({**statement(), "_type": "x"}, "it is no statement"),
    ],
)
def test_evidence_about_something_else_does_not_count(tmp_path: Path, changed: dict[str, Any], why: str) -> None:
    file, public = keypair(tmp_path, "gates")
    with pytest.raises(Refused, match=why):
        check_evidence(sealed(changed, "gates", file, PATH), ASKED, {"gates": public}, PATH)


SHIPS = {"ocr": {"sha256:" + "1" * 64, "sha256:" + "2" * 64}, "ocr-gpu": {"sha256:" + "3" * 64}}


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        ({"ocr": "sha256:" + "2" * 64, "ocr-gpu": "sha256:" + "3" * 64}, ""),
        ({"ocr": "sha256:" + "3" * 64, "ocr-gpu": "sha256:" + "3" * 64}, "and its gates ran sha256:333333333333…"),
        ({"ocr": "sha256:" + "2" * 64}, "`ocr-gpu` ships as the image sha256:333333333333…, and its gates ran none"),
        (None, "ran none of it"),
        (["ocr"], "ran none of it"),
        ({"ocr": ["sha256:" + "2" * 64]}, "its gates ran"),
    ],
)
def test_where_containers_are_asked_for_gates_have_to_have_run_what_ships(tmp_path: Path, ran: Any, why: str) -> None:
    file, public = keypair(tmp_path, "gates")
    content, asked = sealed(statement(images=ran), "gates", file, PATH), ASKED._replace(images=SHIPS)
    if why:
        with pytest.raises(Refused, match=why):
            check_evidence(content, asked, {"gates": public}, PATH)
    assert check_evidence(content, asked if not why else asked._replace(isolation="local"), {"gates": public}, PATH)


def test_evidence_that_was_changed_or_that_a_stranger_signed_does_not_count(tmp_path: Path) -> None:
    file, public = keypair(tmp_path, "gates")
    content = sealed(statement(expires="2026-11-01T00:00:00Z"), "gates", file, PATH)
    forged = json.loads(content) | {"payload": base64.b64encode(json.dumps(statement()).encode()).decode()}
    stranger = sealed(statement(), "gates", keypair(tmp_path, "stranger")[0], PATH)
    for one in (json.dumps(forged).encode(), stranger, sealed(statement(), "nobody", file, PATH)):
        with pytest.raises(Refused, match="no trusted publisher signed it"):
            check_evidence(one, ASKED, {"gates": public}, PATH)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"payloadType": "application/vnd.in-toto+json"}']
)
def test_evidence_that_is_none_does_not_count(content: bytes) -> None:
    with pytest.raises(Refused, match="does not count"):
        check_evidence(content, ASKED, {}, PATH)


def with_signatures(*envelopes: bytes) -> bytes:
    """The first of some envelopes with the signatures of all."""
    every = [one for content in envelopes for one in json.loads(content)["signatures"]]
    return json.dumps({**json.loads(envelopes[0]), "signatures": every}).encode()


def test_of_several_signatures_one_that_counts_is_enough(tmp_path: Path) -> None:
    keys = {name: keypair(tmp_path, name) for name in ("gates", "stranger", "other")}
    trusted = {name: keys[name][1] for name in ("gates", "other")}
    good, by_nobody = (sealed(statement(), name, keys[name][0], PATH) for name in ("gates", "stranger"))
    wrong = sealed(statement(), "gates", keys["stranger"][0], PATH)
    of_another_payload = sealed(statement(verdict="failed"), "other", keys["other"][0], PATH)
    assert check_evidence(with_signatures(by_nobody, wrong, of_another_payload, good), ASKED, trusted, PATH)
    for some in ((by_nobody, wrong), (by_nobody, of_another_payload), (wrong,) * 17):
        with pytest.raises(Refused, match=r"no trusted publisher|more than 16"):
            check_evidence(with_signatures(*some), ASKED, trusted, PATH)


def test_a_signature_of_a_commit_is_none_of_evidence(tmp_path: Path) -> None:
    import subprocess

    file, public = keypair(tmp_path, "gates")
    envelope = json.loads(sealed(statement(), "gates", file, PATH))
    payload = base64.b64decode(envelope["payload"])
    said = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(payload), payload)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(file)]
    signature = subprocess.run(command, input=said, check=True, capture_output=True).stdout
    envelope["signatures"] = [{"keyid": "gates", "sig": base64.b64encode(signature).decode()}]
    with pytest.raises(Refused, match="no trusted publisher signed it"):
        check_evidence(json.dumps(envelope).encode(), ASKED, {"gates": public}, PATH)


def valid(document: Any, schema: Mapping[str, Any]) -> bool:
    return jsonschema.Draft7Validator(schema).is_valid(document)


def test_the_schema_takes_what_counts_and_nothing_that_cannot(tmp_path: Path) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    content = sealed(statement(), "gates", keypair(tmp_path, "gates")[0], PATH)
    inner = SCHEMA["definitions"]["statement"]
    assert valid(json.loads(content), SCHEMA)
    assert valid(statement_of(content)[0], inner)
    for changed in (
        statement(verdict="good"),
        statement(builder=""),
        statement(isolation="none"),
        {**statement(), "subject": [1]},
        {**statement(), "_type": "x"},
        {**statement(), "predicate": {}},
    ):
        assert not valid(changed, inner)
    assert not valid({**json.loads(content), "payloadType": "text/plain"}, SCHEMA)
