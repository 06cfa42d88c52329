"""Commits that are signed with OpenPGP keys, beside those of SSH."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
import yaml

from comb_compiler.publish import Identity, PublishError, Refused, Trust, open_mirror
from comb_compiler.publish.openpgp import keyring
from comb_compiler.publish.signing import signatures
from tests.conftest import RequiresTool
from tests.publish.environment import Remote, Writer, git, keypair, remote_at, wanted


class Gpg:
    """A keyring of somebody's own; its directory has a short name, as the socket of its agent must have."""

    def __init__(self) -> None:
        self.home = Path(mkdtemp(prefix="gpg-"))

    def __call__(self, *arguments: str) -> str:
        command = ["gpg", "--batch", "--homedir", str(self.home), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def key(self, user: str, made: str = "") -> tuple[str, str]:
        """A new key: its fingerprint and its public half. One that was `made` at a time counted for a day."""
        plain = ("--pinentry-mode", "loopback", "--passphrase", "")
        then = ("--faked-system-time", f"{made}!") if made else ()
        self(*plain, *then, "--quick-generate-key", user, "ed25519", "sign", "1d" if made else "0")
        fields = [line.split(":") for line in self("--with-colons", "--list-keys", f"={user}").splitlines()]
        fingerprint = next(one[9] for one in fields if one[0] == "fpr")
        return fingerprint, self("--armor", "--export", fingerprint)


@pytest.fixture
def gpg(requires_tool: RequiresTool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gpg]:
    requires_tool("gpg")
    made = Gpg()
    monkeypatch.setenv("GNUPGHOME", str(made.home))
    yield made
    subprocess.run(["gpgconf", "--homedir", str(made.home), "--kill", "all"], check=True, capture_output=True)


def writer_with(writer: Writer, key: str, **publishers: str) -> Writer:
    return writer._replace(trust=Trust(publishers), identity=Identity("ci", "ci@example.com", key))


def test_commits_are_signed_with_openpgp_and_ssh_in_one_history(
    remote: Remote, writer: Writer, gpg: Gpg, tmp_path: Path
) -> None:
    fingerprint, public = gpg.key("Ann <ann@example.com>")
    file, of_ssh = keypair(tmp_path, "bob")
    ann = writer_with(writer, fingerprint, ann=public, bob=of_ssh)
    bob = writer_with(writer, str(file), ann=public, bob=of_ssh)
    ann.publish(wanted())
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in git(remote.directory, "cat-file", "commit", "main")
    bob._replace(cache=tmp_path / "another").publish(wanted(text="two"))
    ann.publish(wanted(text="three"))
    with open_mirror(ann.reach()) as mirror:
        found = [one.signer for one in signatures(mirror.git, ann.trust.publishers, "refs/comb/head")]
    assert found == ["ann", "bob", "ann"]


def test_a_key_that_bears_the_name_of_a_publisher_is_not_theirs(
    remote: Remote, writer: Writer, gpg: Gpg, tmp_path: Path
) -> None:
    _, public = gpg.key("Ann <ann@example.com>")
    strange, _ = gpg.key("ann")
    _, of_ssh = keypair(tmp_path, "bob")
    for publishers in ({"ann": public}, {"ann": of_ssh}, {"ann": of_ssh, "Ann": public}):
        with pytest.raises(Refused, match="none of the trusted publishers'"):
            writer_with(writer, strange, **publishers).publish(wanted())
    assert git(remote.directory, "for-each-ref") == ""


def test_what_a_trusted_key_signed_and_somebody_changed_is_refused(remote: Remote, writer: Writer, gpg: Gpg) -> None:
    fingerprint, public = gpg.key("Ann <ann@example.com>")
    ann = writer_with(writer, fingerprint, ann=public)
    ann.publish(wanted())
    ann.publish(wanted(text="two"))
    forged = git(remote.directory, "cat-file", "commit", "main").replace("Publish", "Forge").encode() + b"\n"
    commit = git(remote.directory, "hash-object", "-t", "commit", "-w", "--stdin", given=forged)
    git(remote.directory, "update-ref", "refs/heads/main", commit)
    with pytest.raises(Refused, match="its signature is bad"):
        ann._replace(cache=writer.cache / "another").publish(wanted(text="three"))


def test_a_key_that_has_expired_signs_nothing(writer: Writer, gpg: Gpg) -> None:
    fingerprint, public = gpg.key("Ann <ann@example.com>", "20200101T000000")
    with pytest.raises(Refused, match="cannot be signed"):
        writer_with(writer, fingerprint, ann=public).publish(wanted())


@pytest.mark.parametrize("content", ["", "AAAA\n=xxxx\n", "\x1b[31m"])
def test_a_key_that_is_none_is_refused_by_its_publishers_name(requires_tool: RequiresTool, content: str) -> None:
    requires_tool("gpg")
    block = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{content}\n-----END PGP PUBLIC KEY BLOCK-----\n"
    with pytest.raises(Refused, match="the key of the publisher `ann`"), keyring({"ann": block}, os.environ["PATH"]):
        pass


def test_without_gpg_it_says_so(tmp_path: Path) -> None:
    block = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    with pytest.raises(PublishError, match="gpg is not here"), keyring({"ann": block}, str(tmp_path)):
        pass


def test_an_armoured_key_of_platform_yaml_is_taken_and_written_for_flux(gpg: Gpg, tmp_path: Path) -> None:
    fingerprint, public = gpg.key("Ann <ann@example.com>")
    _, of_ssh = keypair(tmp_path, "bob")
    block = "".join(f"        {line}\n" for line in public.splitlines())
    remote = remote_at(tmp_path / "environment.git")
    document = {
        "apiVersion": "comb.dev/v1",
        "kind": "Platform",
        "metadata": {"name": "acme"},
        "clusters": {"east": {"nodePools": {"cpus": {"nodes": 2, "cpu": 4, "memory": "16Gi"}}}},
        "namespaces": {"apps": {}},
        "environments": {"production": {"clusters": ["east"], "namespace": "apps"}},
        "registry": {"push": "registry.acme.example/combs"},
    }
    written = yaml.safe_dump(document) + (
        f"environmentRepository:\n  url: {remote.url}\n  publishers:\n"
        f"    bob: {{key: {of_ssh}}}\n    ann:\n      key: |\n{block}"
    )
    (tmp_path / "platform.yaml").write_text(written, encoding="utf-8")
    assert comb(tmp_path, "keys", "-o", "keys") == (0, "")
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"ann.asc", "bob.sshpub"}
    shown = gpg("--with-colons", "--show-keys", str(tmp_path / "keys" / "ann.asc"))
    assert fingerprint in shown
    assert comb(tmp_path, "publish", "--sign", fingerprint) == (0, "")
    assert "BEGIN PGP SIGNATURE" in git(remote.directory, "cat-file", "commit", "main")


def comb(directory: Path, action: str, *more: str) -> tuple[int, str]:
    """`comb platform ACTION` in a checkout: its exit code, and where that is not 0 what it says."""
    command = [sys.executable, "-m", "comb_compiler", "platform", action, "--platform", "platform.yaml", "--root", "."]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([*command, *more], cwd=directory, env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr if done.returncode else ""
