"""A kept verdict is never wrong: whatever it looked at, and however that changes, the answer is that of a fresh run."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from comb_compiler.cli.checking import Checking
from comb_compiler.cli.verdicts import VerdictCache
from comb_compiler.diagnostics import Diagnostic
from comb_compiler.workspace.checkout import Checkout
from tests.cli.conftest import COMB, Comb
from tests.support.memory import REMEMBERED

MODEL = 'models: {m: {versions: {"1": {artifact: model.bin}}}}\n'
SHA = "a" * 64


@pytest.fixture
def rich(checkout: Path) -> Path:
    """A comb that looks at a proto, a local model, a lock and a platform."""
    (checkout / "comb.yaml").write_text(COMB + MODEL, encoding="utf-8")
    (checkout / "model.bin").write_bytes(b"model")
    (checkout / "comb.lock").write_text(lock(SHA), encoding="utf-8")
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    return checkout


def lock(sha: str) -> str:
    pin = {"uri": "model.bin", "sha256": sha, "size": 5, "models": ["m@1"]}
    return json.dumps({"version": 1, "artifacts": [pin]})


PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: p}
clusters: {c: {nodePools: {n: {nodes: 1, cpu: 1, memory: 1Gi}}}}
namespaces: {n: {}}
environments: {production: {clusters: [c], namespace: n}}
environmentRepository: {url: "https://git.example/env.git"}
registry: {push: registry.example/combs}
"""


def fresh(checkout: Path, platform: str | None) -> tuple[Diagnostic, ...]:
    cache = VerdictCache(None)
    cache.memo = REMEMBERED
    return Checking(Checkout(checkout), cache, platform).run([str(checkout)]).diagnostics


def kept(checkout: Path, platform: str | None) -> tuple[Diagnostic, ...]:
    cache = VerdictCache(str(checkout / ".cache"))
    return Checking(Checkout(checkout), cache, platform).run([str(checkout)]).diagnostics


def entries(checkout: Path, kind: str) -> set[Path]:
    """The entries of one of the stores that `kept` fills."""
    return {path for path in (checkout / ".cache" / kind).rglob("*") if path.is_file()}


CHANGES: dict[str, tuple[str, Callable[[str], str]]] = {
    "comb": ("comb.yaml", lambda text: text.replace("80ms", "80")),
    "comb, same size": ("comb.yaml", lambda text: text.replace("80ms", "80xs")),
    "proto": ("greeting.proto", lambda text: text.replace("message ", "mesage  ")),
    "lock": ("comb.lock", lambda text: "{}"),
    "platform": ("platform.yaml", lambda text: text.replace("kind: Platform", "kind: Platfrom")),
    "floor": ("platform.yaml", lambda text: text + "floors: {sla: {deadline: 1ms}}\n"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("platform", [None, "platform.yaml"])
def test_a_changed_input_is_seen(rich: Path, name: str, platform: str | None) -> None:
    assert kept(rich, platform) == fresh(rich, platform)
    file, change = CHANGES[name]
    before = (rich / file).stat()
    (rich / file).write_text(change((rich / file).read_text(encoding="utf-8")), encoding="utf-8")
    os.utime(rich / file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept(rich, platform) == fresh(rich, platform)


@pytest.mark.parametrize("file", ["greeting.proto", "model.bin", "comb.lock", "comb.yaml", "platform.yaml"])
def test_a_file_that_goes_and_comes_back_is_seen(rich: Path, file: str) -> None:
    assert kept(rich, "platform.yaml") == fresh(rich, "platform.yaml")
    content = (rich / file).read_bytes()
    (rich / file).unlink()
    assert kept(rich, "platform.yaml") == fresh(rich, "platform.yaml")
    assert kept(rich, "platform.yaml") == fresh(rich, "platform.yaml")
    (rich / file).write_bytes(content)
    assert kept(rich, "platform.yaml") == fresh(rich, "platform.yaml")


POLICY = """\
apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: named.example}
spec:
  validations: [{expression: "comb.metadata.team == 'welcome'", message: another team's}]
"""


@pytest.fixture
def ruled(rich: Path) -> Path:
    """The same with a folder of policies, and one in it that the comb keeps."""
    (rich / "rules").mkdir()
    (rich / "rules" / "team.yaml").write_text(POLICY, encoding="utf-8")
    (rich / "platform.yaml").write_text(PLATFORM + "policies: [rules]\n", encoding="utf-8")
    return rich


def refused(checkout: Path) -> list[str]:
    """What policies say; the verdict that was kept is that of a fresh run."""
    found = kept(checkout, "platform.yaml")
    assert found == fresh(checkout, "platform.yaml")
    assert found == kept(checkout, "platform.yaml")
    return [one.message for one in found if "policy" in one.code.name]


def test_a_changed_policy_is_seen(ruled: Path) -> None:
    file = ruled / "rules" / "team.yaml"
    before = file.stat()
    assert refused(ruled) == []
    file.write_text(POLICY.replace("welcome", "goodbye"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert refused(ruled) == ["the policy `named.example` refuses the comb in production: another team's"]
    file.write_text(POLICY.replace("comb.metadata", "comb.metdata"), encoding="utf-8")
    assert len(refused(ruled)) == 1
    file.write_text(POLICY.replace("==", "="), encoding="utf-8")
    assert [message.partition(":")[0] for message in refused(ruled)] != []
    file.write_text(POLICY, encoding="utf-8")
    assert refused(ruled) == []


def test_a_policy_that_comes_and_goes_is_seen(ruled: Path) -> None:
    assert refused(ruled) == []
    other = ruled / "rules" / "other.yaml"
    other.write_text(POLICY.replace("named", "other").replace("welcome", "goodbye"), encoding="utf-8")
    assert refused(ruled) == ["the policy `other.example` refuses the comb in production: another team's"]
    other.rename(ruled / "other.yaml")
    assert refused(ruled) == []
    (ruled / "rules" / "team.yaml").unlink()
    (ruled / "rules").rmdir()
    assert kept(ruled, "platform.yaml") == fresh(ruled, "platform.yaml")
    (ruled / "other.yaml").rename(ruled / "rules")
    assert kept(ruled, "platform.yaml") == fresh(ruled, "platform.yaml")


def test_a_hint_about_a_neighbour_is_not_kept_longer_than_the_neighbour(rich: Path) -> None:
    (rich / "greeting.proto").rename(rich / "greetings.proto")
    assert any("greetings.proto" in hint for found in kept(rich, None) for hint in found.hints)
    (rich / "greetings.proto").unlink()
    assert kept(rich, None) == fresh(rich, None)


def test_a_neighbour_that_comes_may_be_what_was_meant(rich: Path) -> None:
    content = (rich / "greeting.proto").read_text(encoding="utf-8")
    (rich / "greeting.proto").write_text(content + 'import "names.proto";\n', encoding="utf-8")
    (rich / "model.bin").unlink()
    assert kept(rich, None) == fresh(rich, None)
    (rich / "name.proto").write_text('syntax = "proto3";\n', encoding="utf-8")
    (rich / "models.bin").write_bytes(b"model")
    hints = [hint for found in kept(rich, None) for hint in found.hints]
    assert "did you mean `name.proto`?" in hints
    assert kept(rich, None) == fresh(rich, None)


def test_random_histories_of_changes_are_always_answered_as_afresh(rich: Path) -> None:
    chance = random.Random(3)
    texts = {file: (rich / file).read_text(encoding="utf-8") for file in ("comb.yaml", "comb.lock", "platform.yaml")}
    for _ in range(60):
        file = chance.choice(sorted(texts))
        text = texts[file]
        at = chance.randrange(len(text))
        mutant = text[:at] + chance.choice("x:{}[ \n'\"1") + text[at + chance.randrange(2) :]
        (rich / file).write_text(chance.choice([text, mutant]), encoding="utf-8")
        assert kept(rich, "platform.yaml") == fresh(rich, "platform.yaml")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"looked_at": {}}', b'{"form": 1}', b"\xff"])
def test_spoiled_entries_are_misses(rich: Path, content: bytes) -> None:
    expected = kept(rich, None)
    spoiled = entries(rich, "verdicts") | entries(rich, "results")
    assert len(spoiled) > 1
    for entry in spoiled:
        entry.write_bytes(content)
    assert kept(rich, None) == expected


def test_an_import_that_appears_is_seen_wherever_it_was_looked_for(rich: Path) -> None:
    proto = rich / "greeting.proto"
    proto.write_text(proto.read_text().replace("package ", 'import "parts/name.proto";\npackage ', 1))
    comb = rich / "comb.yaml"
    comb.write_text(comb.read_text().replace("proto: greeting.proto", "proto: greeting.proto, include: [third]"))
    (rich / "third").mkdir()
    for place in ("third/parts", "parts"):
        assert kept(rich, None) == fresh(rich, None)
        (rich / place).mkdir()
        (rich / place / "name.proto").write_text(f'syntax = "proto3";\npackage {place.replace("/", ".")};\n')
    assert kept(rich, None) == fresh(rich, None)
    (rich / "parts/name.proto").write_text('syntax = "proto4";\n')
    assert [found.code.name for found in kept(rich, None)] == [found.code.name for found in fresh(rich, None)]
    assert "bad-proto" in [found.code.name for found in kept(rich, None)]


def test_samples_that_come_and_go_are_seen(rich: Path) -> None:
    comb, samples = rich / "comb.yaml", rich / "samples"
    gates = "gates: {availability: {samples: samples}, replay: {optimised: {samples: samples, better: 60%}}}\n"
    comb.write_text(comb.read_text(encoding="utf-8") + gates, encoding="utf-8")

    def said() -> list[str]:
        found = kept(rich, None)
        assert found == fresh(rich, None)
        assert found == kept(rich, None)
        return [one.message for one in found if one.code.name in ("too-few-samples", "outside-root")]

    assert said() == ["`samples` does not exist"] * 2
    samples.mkdir()
    assert said() == ["there are no samples in `samples`"] * 2
    for number in range(5):
        (samples / str(number)).mkdir()
    (samples / "README.md").write_text("not a sample\n", encoding="utf-8")
    (samples / "link").symlink_to(samples / "0")
    assert said() == ["5 samples cannot prove that 60% are better"]
    (samples / "5").mkdir()
    assert said() == []
    (samples / "5").rmdir()
    (samples / "5").write_text("no sample any more\n", encoding="utf-8")
    assert said() == ["5 samples cannot prove that 60% are better"]
    samples.rename(rich / "elsewhere")
    samples.symlink_to("elsewhere")
    assert said() == ["5 samples cannot prove that 60% are better"]
    samples.unlink()
    samples.symlink_to(rich.parent)
    assert [message.partition(" leads")[0] for message in said()] == ["`samples`"] * 2


def test_a_cache_that_cannot_be_written_is_no_error(comb: Comb, checkout: Path) -> None:
    (checkout / "file").write_text("", encoding="utf-8")
    assert comb("check", ".", env={"COMB_CACHE_DIR": str(checkout / "file")}).code == 0


def test_another_compiler_does_not_believe_it(rich: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(rich, None)
    before = entries(rich, "verdicts")
    monkeypatch.setattr("comb_compiler.__version__", "0.0.0+other")
    kept(rich, None)
    assert entries(rich, "verdicts") > before > set()
