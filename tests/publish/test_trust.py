"""History that trusted publishers did not sign is not built on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from comb_compiler.publish import Identity, Refused, Trust, open_mirror
from comb_compiler.publish.landing import check_history
from tests.publish.environment import ME, Remote, Writer, git, keypair, wanted


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


def test_what_was_seen_before_anybody_was_trusted_is_no_signature(
    remote: Remote, signing: Writer, tmp_path: Path
) -> None:
    """Whoever has commands run with a platform.yaml of their own, on a machine that publishes, gains nothing."""
    careless = signing._replace(trust=Trust({}), identity=ME)
    careless.publish(wanted())
    with pytest.raises(Refused, match="it is not signed"):
        signing.publish(wanted(text="two"))
    head = git(remote.directory, "rev-parse", "main")
    assert signing._replace(trust=signing.trust._replace(floor=head)).publish(wanted(text="two")).changed
    unsigned = _by_hand(remote, tmp_path)
    with open_mirror(careless.reach()) as mirror:
        assert check_history(mirror, careless.trust) == unsigned
    with pytest.raises(Refused, match=f"{unsigned[:12]}: it is not signed"):
        signing.publish(wanted(text="three"))


@pytest.mark.parametrize("known", [True, False])
def test_a_key_that_is_trusted_no_more_is_no_longer_built_on(
    remote: Remote, signing: Writer, tmp_path: Path, known: bool
) -> None:
    signing.publish(wanted())
    file, public = keypair(tmp_path, "ann")
    ann = Identity("ann", "ann@example.com", str(file))
    both = signing._replace(trust=Trust({**signing.trust.publishers, "ann": public}), identity=ann)
    alone = both._replace(trust=Trust({"ann": public}), cache=signing.cache if known else tmp_path / "another")
    with pytest.raises(Refused, match="another key than those of trusted publishers"):
        alone.publish(wanted(text="two"))
    assert both.publish(wanted(text="two")).changed
    assert alone.publish(wanted(text="three")).changed  # from then on the new key stands for what came before
    assert len(remote.commits()) == 3


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
