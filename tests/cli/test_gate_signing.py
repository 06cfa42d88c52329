"""`comb evidence sign` of what a run of `comb gate` found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Ran
from tests.cli.test_gate import CODE, gate, greeting


def elsewhere(directory: Path) -> Path:
    """The public half, in SSH's form, of a new key that a program of its own signs with."""
    make = ["openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run([*make, "-out", "key.pem"], check=True, cwd=directory)
    subprocess.run(["openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "key.pub.pem"], check=True, cwd=directory)
    command = ["ssh-keygen", "-i", "-m", "PKCS8", "-f", "key.pub.pem"]
    out = subprocess.run(command, check=True, cwd=directory, capture_output=True)
    (directory / "key.pub").write_bytes(out.stdout)
    return directory / "key.pub"


def test_what_gates_found_is_signed_and_counts_for_that_comb_alone(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from comb_compiler.publish.evidence import Asked, check_evidence

    after = greeting(tmp_path / "after")
    shutil.rmtree(after / ".git")
    git = ["git", "-C", str(after)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://git.example.com/team/combs.git"], check=True)
    ran, report = gate(after, "--baseline", "none", "--builder", "job 7")
    assert ran.code == 0, ran.out + ran.err
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)

    def sign(held: Path = key, *more: str) -> Ran:
        command = [sys.executable, "-m", "comb_compiler", "evidence", "sign", "../report/statement.json", *more]
        command += ["--comb", ".", "--key", str(held), "--as", "ci", "-o", str(tmp_path / "evidence.json")]
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(command, cwd=after, env=environment, capture_output=True, timeout=600)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    gate(after, "availability", "--baseline", "none")
    partly = sign()
    assert (partly.code, "was not asked all that its gates ask: replay error" in partly.err) == (1, True), partly.err
    gate(after, "--baseline", "none", "--builder", "job 7")
    signed = sign()
    assert signed.code == 0, signed.err
    asked = Asked({"greeting": report["subject"]}, "git.example.com/team/combs", "local", datetime.now(UTC))
    publishers = {"ci": key.with_suffix(".pub").read_text("utf-8").strip()}
    assert check_evidence((tmp_path / "evidence.json").read_bytes(), asked, publishers, os.environ["PATH"])
    public = elsewhere(after)
    assert sign(public, "--signer", "openssl dgst -sha256 -sign key.pem").code == 0
    publishers = {"ci": public.read_text("utf-8").strip()}
    assert check_evidence((tmp_path / "evidence.json").read_bytes(), asked, publishers, os.environ["PATH"])
    for command, code, why in (
        ("openssl dgst -sha384 -sign key.pem", 1, "no signature by the public key that is given; nothing was signed"),
        ("/nowhere/signer", 4, "/nowhere/signer is not here"),
        ("'", 2, "--signer: No closing quotation"),
        (" ", 2, "--signer: no program is named"),
    ):
        failed = sign(public, "--signer", command)
        assert (failed.code, why in failed.err) == (code, True), failed.err
    failed = sign(tmp_path / "nowhere", "--signer", "cat")
    assert (failed.code, "it is the public key, which cannot be read" in failed.err) == (2, True), failed.err
    (after / "operators.py").write_text(CODE.replace("BODY", '"Hi"'), encoding="utf-8")
    refused = sign()
    assert (refused.code, "another subject" in refused.err) == (1, True), refused.err
