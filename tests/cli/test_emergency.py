"""`comb publish --emergency`: past the gates, by who may, for a day, and never unseen."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.publish.evidence import PREDICATE, STATEMENT, sealed
from comb_compiler.release.release import Emergency, Release, parse_release
from tests.cli.conftest import Comb, Ran
from tests.cli.test_publish import HERE, save, source
from tests.cli.test_render import images, platform
from tests.publish.environment import Remote, git, keypair, remote_at

__all__ = ["images", "platform", "source"]

FLUX = "clusters/west/_flux/greetings.greeting.yaml"
REASON = "prices are shown wrongly"


class Strict(NamedTuple):
    """An environment that asks for evidence; `ci` may publish, and `oncall` also in an emergency."""

    comb: Comb
    checkout: Path
    remote: Remote
    keys: Path

    def publish(self, *more: str, who: str = "oncall") -> Ran:
        """Publish as somebody."""
        where = ("--platform", "platform.yaml", "--environment", "staging", "--images", "images.json")
        return self.comb("publish", ".", *where, "--sign", str(self.keys / who), *more)

    def asked(self, command: str, *more: str, of: str = ".") -> Ran:
        """Another command about it."""
        return self.comb(command, of, "--platform", "platform.yaml", "--environment", "staging", *more)

    def release(self) -> Release:
        """What is published."""
        return parse_release(f"{self.remote.content(f'{HERE}/release.json')}\n".encode())

    def evidence(self) -> str:
        """A file that proves what is published."""
        predicate = {
            "repository": "git.acme.example/combs",
            "expires": "2999-01-01T00:00:00Z",
            "isolation": "local",
            "builder": "https://ci.acme.example/17",
            "verdict": "passed",
        }
        subject = [{"name": "greeting", "digest": {"sha256": self.release().subject}}]
        statement = {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}
        file = self.keys / "evidence.json"
        file.write_bytes(sealed(statement, "ci", self.keys / "ci", "/usr/bin:/bin"))
        return str(file)


@pytest.fixture
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    return remote_at(tmp_path_factory.mktemp("remote") / "environment.git")


@pytest.fixture
def strict(
    comb: Comb, source: Path, platform: Path, images: Path, remote: Remote, tmp_path_factory: pytest.TempPathFactory
) -> Strict:
    keys = tmp_path_factory.mktemp("keys")
    public = {name: keypair(keys, name)[1] for name in ("ci", "oncall")}
    lines = [line for line in platform.read_text().split("\n") if "production:" not in line]
    text = "\n".join(lines).replace(
        "staging: {clusters: [west], namespace: greetings}",
        "staging: {clusters: [west], namespace: greetings, evidence: true}",
    )
    trusted = f'ci: {{key: "{public["ci"]}"}}, oncall: {{key: "{public["oncall"]}", emergency: true}}'
    text = re.sub(r'(environmentRepository: \{url: "[^"]*")\}', rf"\1, publishers: {{{trusted}}}}}", text)
    platform.write_text(text)
    save(source)
    return Strict(comb, source, remote, keys)


def test_it_is_said_in_the_commit_the_release_and_what_flux_tells(strict: Strict) -> None:
    assert strict.publish().code == 1
    ran = strict.publish("--emergency", REASON)
    assert (ran.code, "nothing proves this release" in ran.err) == (0, True), ran
    emergency = strict.release().emergency
    assert emergency is not None
    left = datetime.fromisoformat(emergency.until) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=50) < left <= timedelta(hours=24)
    message = git(strict.remote.directory, "log", "-1", "--format=%B", "main") + "\n"
    assert message.startswith("Publish greeting to staging in an emergency\n")
    assert f"Comb-Emergency: until {emergency.until}: {REASON}\n" in message
    flux = strict.remote.content(FLUX)
    assert flux.count(f"until {emergency.until}: {REASON}") == 2
    assert "event.toolkit.fluxcd.io/emergency" in flux
    assert strict.asked("verify").out == "comb.yaml: as published\n"


def test_evidence_makes_it_good_and_nothing_else_does(strict: Strict) -> None:
    assert strict.publish("--emergency", REASON).code == 0
    ran = strict.publish("--emergency", "once more")
    assert (ran.code, "nothing extends that" in ran.err) == (1, True), ran
    ran = strict.publish()
    assert (ran.code, "signed evidence" in ran.err) == (1, True), ran
    assert len(strict.remote.commits()) == 1
    ran = strict.publish("--evidence", strict.evidence(), who="ci")
    assert ran.code == 0, ran
    assert strict.release().emergency is None
    assert "emergency" not in strict.remote.content(FLUX)
    assert strict.asked("verify").code == 0


def test_only_who_may_publishes_in_an_emergency(strict: Strict) -> None:
    ran = strict.publish("--emergency", REASON, who="ci")
    assert (ran.code, "none of those who may publish in an emergency" in ran.err) == (1, True), ran
    assert git(strict.remote.directory, "for-each-ref") == ""
    file = strict.checkout / "platform.yaml"
    file.write_text(file.read_text().replace(", emergency: true", ""))
    ran = strict.publish("--emergency", REASON)
    assert (ran.code, "nobody may publish in an emergency" in ran.err) == (1, True), ran


def test_verify_tells_one_that_has_ended_and_one_by_somebody_who_may_not(strict: Strict) -> None:
    from comb_compiler.cli.emergencies import unproven
    from comb_compiler.compiler import check
    from comb_compiler.spec.platform import Platform
    from comb_compiler.workspace.checkout import Checkout
    from comb_compiler.workspace.sources import load_sources

    assert strict.publish("--emergency", REASON).code == 0
    file = strict.checkout / "platform.yaml"
    text = file.read_text()
    file.write_text(text.replace(", emergency: true", "").replace('ci: {key: "', 'ci: {emergency: true, key: "'))
    save(strict.checkout)
    ran = strict.asked("verify")
    assert (ran.code, "`oncall` may not publish in an emergency" in ran.out) == (1, True), ran
    bound = check(load_sources(Checkout(str(strict.checkout)), "platform.yaml")).platform
    assert bound is not None
    assert isinstance(bound.value, Platform)
    release = strict.release()
    later = datetime.now(UTC) + timedelta(hours=25)
    assert list(unproven(release, "ci", bound.value, datetime.now(UTC))) == []
    [said] = unproven(release, "ci", bound.value, later)
    assert said.endswith(f": {REASON}; nothing has proven it since")
    proven = release._replace(emergency=None)
    assert list(unproven(proven, "oncall", bound.value, later)) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--emergency", ""), "a reason is wanted"),
        (("--emergency", "x" * 201), "a reason is wanted"),
        (("--emergency", "\x1b[31mred"), "a reason is wanted"),
        (("--emergency", REASON, "--evidence", "images.json"), "there is nothing to skip"),
    ],
)
def test_an_emergency_that_makes_no_sense_is_usage(strict: Strict, more: tuple[str, ...], said: str) -> None:
    ran = strict.publish(*more)
    assert (ran.code, said in ran.err) == (2, True), ran


def test_where_no_evidence_is_asked_for_there_is_none(strict: Strict) -> None:
    file = strict.checkout / "platform.yaml"
    file.write_text(file.read_text().replace(", evidence: true", ""))
    ran = strict.publish("--emergency", REASON)
    assert (ran.code, "asks for no evidence" in ran.err) == (2, True), ran


def test_a_release_says_until_when_and_nothing_else(strict: Strict) -> None:
    assert strict.publish("--emergency", REASON).code == 0
    written = json.loads(strict.remote.content(f"{HERE}/release.json"))
    assert written["emergency"].keys() == set(Emergency._fields)
