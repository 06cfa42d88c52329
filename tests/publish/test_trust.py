"""History that trusted publishers did not sign is not built on, and evidence counts only for what it is about."""

import base64
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.publish import Identity, Refused, Trust
from comb_compiler.publish.evidence import (
    PREDICATE,
    STATEMENT,
    Asked,
    check_evidence,
    repository_name,
    sealed,
)
from tests.publish.environment import ME, Remote, Writer, git, keypair, wanted

PATH = os.environ["PATH"]
NOW = datetime(2026, 11, 26, tzinfo=UTC)
ASKED = Asked({"ocr": "a" * 64, "ocr/rotate": "b" * 64}, "git.example.com/team/combs", "container", NOW)


@pytest.fixture
def signing(remote: Remote, tmp_path: Path) -> Writer:
    """A trusted publisher, who signs."""
    file, public = keypair(tmp_path, "publisher")
    return Writer(remote, tmp_path / "cache", Trust({"ci": public}), Identity("ci", "ci@example.com", str(file)))


def test_commits_are_signed_and_signed_history_is_built_on(remote: Remote, signing: Writer, tmp_path: Path) -> None:
    signing.publish(wanted())
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in git(remote.directory, "cat-file", "commit", "main")
    another = signing._replace(cache=tmp_path / "another")
    assert another.publish(wanted(text="two")).changed
    assert signing.publish(wanted(text="three")).changed


def test_a_key_that_nobody_trusts_publishes_nothing(remote: Remote, signing: Writer, tmp_path: Path) -> None:
    file, _ = keypair(tmp_path, "stranger")
    stranger = signing._replace(identity=Identity("ci", "ci@example.com", str(file)))
    with pytest.raises(Refused, match="none of the trusted publishers'"):
        stranger.publish(wanted())
    with pytest.raises(Refused, match="none of the trusted publishers'"):
        signing._replace(identity=ME).publish(wanted())
    assert git(remote.directory, "for-each-ref") == ""


def _by_hand(remote: Remote, _: Path) -> str:
    return remote.commit({"clusters/east/apps/ocr/deployment-ocr.yaml": ("100644", "mine: true\n")})


def _by_a_stranger(remote: Remote, directory: Path) -> str:
    file, _ = keypair(directory, "stranger")
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={file}")
    tree = git(remote.directory, "rev-parse", "main^{tree}")
    commit = git(remote.directory, *settings, "commit-tree", "-S", "-p", "main", "-m", "signed", tree)
    git(remote.directory, "update-ref", "refs/heads/main", commit)
    return commit


def _by_a_copied_signature(remote: Remote, _: Path) -> str:
    forged = git(remote.directory, "cat-file", "commit", "main").replace("Publish", "Forge").encode() + b"\n"
    commit = git(remote.directory, "hash-object", "-t", "commit", "-w", "--stdin", given=forged)
    git(remote.directory, "update-ref", "refs/heads/main", commit)
    return commit


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (_by_hand, "it is not signed"),
        (_by_a_stranger, "signed with another key|cannot be checked"),
        (_by_a_copied_signature, "its signature is bad"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_tampered_head_is_refused_by_the_next_publisher(
    remote: Remote, signing: Writer, tmp_path: Path, tamper: Callable[[Remote, Path], str], why: str, known: bool
) -> None:
    signing.publish(wanted())
    head = tamper(remote, tmp_path)
    next_one = signing if known else signing._replace(cache=tmp_path / "another")
    rewritten = known and tamper is _by_a_copied_signature
    with pytest.raises(Refused, match="was rewritten" if rewritten else why):
        next_one.publish(wanted(text="two"))
    assert git(remote.directory, "rev-parse", "main") == head


def test_an_unsigned_commit_is_found_under_a_signed_one(remote: Remote, signing: Writer, tmp_path: Path) -> None:
    signing.publish(wanted())
    other = signing._replace(cache=tmp_path / "careless", trust=Trust({}))
    unsigned = _by_hand(remote, tmp_path)
    other.publish(wanted(text="two"))
    with pytest.raises(Refused, match=f"(?s){unsigned[:12]}: it is not signed.*--trusted COMMIT"):
        signing.publish(wanted(text="three"))
    looked_at = signing._replace(trust=signing.trust._replace(floor=unsigned))
    assert looked_at.publish(wanted(text="three")).changed
    assert signing.publish(wanted(text="four")).changed


def test_history_may_be_trusted_up_to_a_commit_by_somebody_new(remote: Remote, signing: Writer, tmp_path: Path) -> None:
    start = remote.commit({"clusters/README.md": ("100644", "ours\n")}, onto=None)
    remote.commit({"clusters/x": ("100644", "x\n")})
    with pytest.raises(Refused, match="not signed"):
        signing.publish(wanted())
    with pytest.raises(Refused, match="not signed"):
        signing._replace(trust=signing.trust._replace(floor=start)).publish(wanted())
    head = git(remote.directory, "rev-parse", "main")
    assert signing._replace(trust=signing.trust._replace(floor=head)).publish(wanted()).changed
    with pytest.raises(Refused, match="has no such commit"):
        signing._replace(trust=signing.trust._replace(floor="1" * 40)).publish(wanted())


def statement(**changes: Any) -> dict[str, Any]:
    """A statement that counts, with changes of its predicate."""
    subjects = [{"name": name, "digest": {"sha256": digest}} for name, digest in ASKED.subjects.items()]
    predicate = {"repository": ASKED.repository, "expires": "2026-12-01T00:00:00Z", "isolation": "container"}
    predicate = {**predicate, "verdict": "passed", **changes}
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


@pytest.mark.parametrize(
    "url", ["https://me:secret@git.example.com/team/combs.git", "git@git.example.com:team/combs", "ssh://git.example.com/team/combs/"]
)  # fmt: skip
def test_a_repository_has_one_name_under_all_its_addresses(url: str) -> None:
    assert repository_name(url) == "git.example.com/team/combs"
