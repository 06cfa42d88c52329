"""A comb against its lock, and against the bytes: each finding where it can be mended."""

from collections.abc import Mapping

from comb_compiler.diagnostics import Span, codes
from comb_compiler.source import SourceFile
from comb_compiler.spec import bind_comb, read
from comb_compiler.spec.lock import Lock, LockFile, Pin, lock_bytes, make_lock, parse_lock
from comb_compiler.spec.pins import Digest, artifacts_of, pin_findings
from tests.workspace.trees import bound, comb_text, places

A, B, C = "a" * 64, "b" * 64, "c" * 64
MODELS = f"""\
  angle:
    versions:
      "1": {{artifact: a.onnx, sha256: {A}}}
      "2": {{artifact: a.onnx}}
  other: {{versions: {{"1": {{artifact: "s3://models/o.onnx"}}}}}}"""
TEXT = comb_text(MODELS)
LOCK = make_lock([Pin("a.onnx", A, 5, ("angle@1", "angle@2")), Pin("s3://models/o.onnx", B, 6, ("other@1",))])


def locked(lock: Lock) -> LockFile:
    file, diagnostics = parse_lock("comb.lock", lock_bytes(lock))
    assert file is not None
    assert diagnostics == ()
    return file


def findings(text: str, lock: Lock | None, measured: Mapping[str, Digest] | None = None) -> list[tuple[str, str]]:
    """The findings by code, and the text that they point at in comb.yaml or in comb.lock."""
    file = locked(lock) if lock else None
    texts = {"comb.yaml": text, "comb.lock": file.source.text if file else ""}
    return places(pin_findings(bound(text), file, measured), texts)


def test_what_is_pinned_everywhere_is_no_finding() -> None:
    assert findings(TEXT, LOCK) == []
    assert findings(TEXT, LOCK, {"a.onnx": Digest(A, 5), "s3://models/o.onnx": Digest(B, 6)}) == []
    assert findings(comb_text(), None) == findings(comb_text(), Lock()) == []


def test_an_artifact_of_which_nothing_gives_the_digest() -> None:
    assert findings(TEXT, None) == [("unpinned-artifact", '"s3://models/o.onnx"')]
    assert findings(TEXT, LOCK._replace(artifacts=LOCK.artifacts[:1])) == [
        ("unpinned-artifact", '"s3://models/o.onnx"')
    ]


def test_one_stated_digest_pins_all_that_use_the_artifact() -> None:
    without = TEXT.replace(f", sha256: {A}", "")
    (first, _) = pin_findings(bound(without), None)
    assert first.code is codes.UNPINNED_ARTIFACT
    assert first.primary is not None
    assert first.primary.span.start.line == 8
    assert [(label.span.start.line, label.text) for label in first.related] == [(9, "named here too")]


def test_an_artifact_that_the_lock_does_not_know() -> None:
    assert findings(TEXT, LOCK._replace(artifacts=LOCK.artifacts[1:])) == [("stale-lock", "a.onnx")]


def test_a_lock_with_more_than_the_comb_names() -> None:
    more = make_lock([*LOCK.artifacts, Pin("gone.onnx", C, 1, ("gone@1",))])
    assert findings(TEXT, more) == [("stale-lock", '"gone.onnx"')]


def test_a_lock_with_other_models_for_an_artifact() -> None:
    fewer = make_lock([LOCK.artifacts[0]._replace(models=("angle@1",)), LOCK.artifacts[1]])
    ((name, pointed),) = findings(TEXT, fewer)
    assert name == "stale-lock"
    assert "".join(pointed.split()) == '["angle@1"]'
    assert findings(TEXT, Lock((LOCK.artifacts[0]._replace(models=("angle@2", "angle@1")), LOCK.artifacts[1]))) == []


def test_digests_that_contradict_each_other_without_the_bytes() -> None:
    other = make_lock([LOCK.artifacts[0]._replace(sha256=C), LOCK.artifacts[1]])
    assert findings(TEXT, other) == [("digest-mismatch", A)]
    (found,) = pin_findings(bound(TEXT), locked(other))
    assert [label.span.file for label in found.related] == ["comb.lock"]
    twice = TEXT.replace("{artifact: a.onnx}", f"{{artifact: a.onnx, sha256: {C}}}")
    assert findings(twice, None) == [("digest-mismatch", C), ("unpinned-artifact", '"s3://models/o.onnx"')]


def test_bytes_that_are_not_those_that_are_stated_or_locked() -> None:
    measured = {"a.onnx": Digest(C, 5), "s3://models/o.onnx": Digest(B, 6)}
    assert findings(TEXT, LOCK, measured) == [("digest-mismatch", A), ("digest-mismatch", f'"{A}"')]
    measured = {"a.onnx": Digest(A, 5), "s3://models/o.onnx": Digest(C, 6)}
    assert findings(TEXT, LOCK, measured) == [("digest-mismatch", f'"{B}"')]
    found = pin_findings(bound(TEXT), locked(LOCK), measured)[0]
    assert found.hints[0] == f"its bytes have the SHA-256 {C}"
    assert [label.span.file for label in found.related] == ["comb.yaml"]


def test_bytes_that_agree_with_the_comb_but_not_with_the_lock_blame_the_lock() -> None:
    other = make_lock([LOCK.artifacts[0]._replace(sha256=C), LOCK.artifacts[1]])
    assert findings(TEXT, other, {"a.onnx": Digest(A, 5)}) == [("digest-mismatch", f'"{C}"')]


def test_a_size_that_is_not_the_bytes() -> None:
    other = make_lock([LOCK.artifacts[0]._replace(size=7), LOCK.artifacts[1]])
    assert findings(TEXT, other, {"a.onnx": Digest(A, 5)}) == [("stale-lock", "7")]


def test_an_address_that_is_refused_needs_no_pin() -> None:
    text = comb_text('  m: {versions: {"1": {artifact: "file:///etc/passwd"}}}')
    assert findings(text, None) == findings(text, Lock()) == [("refused-artifact", '"file:///etc/passwd"')]


def test_secrets_are_not_repeated() -> None:
    uri = "https://ci:hunter2@models.example/a.onnx"
    lock = make_lock([*LOCK.artifacts, Pin(uri, C, 1, ("gone@1",))])
    found = [
        *pin_findings(bound(TEXT), locked(lock)),
        *pin_findings(bound(comb_text(MODELS.replace("a.onnx", f'"{uri}"'))), None),
    ]
    assert len(found) > 2
    for finding in found:
        assert "hunter2" not in finding.message + "".join(finding.hints)


def test_arms_pin_what_they_change() -> None:
    arms = "arms: {one: {weight: 50}, two: {weight: 50, set: {models: {angle: {versions: {'1': {artifact: b.onnx}}}}}}}"
    text = comb_text(MODELS, more=f"experiment: {{key: header/x-user, {arms}}}\n")
    artifacts = artifacts_of(bound(text))
    assert [(artifact.uri, artifact.models) for artifact in artifacts] == [
        ("a.onnx", ("angle@1", "angle@2")),
        ("b.onnx", ("angle@1",)),
        ("s3://models/o.onnx", ("other@1",)),
    ]
    assert [len(artifact.uses) for artifact in artifacts] == [2, 1, 1]


def test_a_digest_that_is_no_digest_is_one_finding_and_not_two() -> None:
    text = comb_text('  m: {versions: {"1": {artifact: a.onnx, sha256: nonsense}}}')
    comb = bind_comb(read(SourceFile("comb.yaml", text)))
    assert [found.code for found in comb.diagnostics] == [codes.BAD_DIGEST]
    assert pin_findings(comb, None) == []


def test_places_in_the_lock_are_looked_for_only_when_they_are_shown() -> None:
    """A check of an unchanged comb must not parse its lock a second time."""

    class Unparsable(LockFile):
        def span(self, *path: str | int) -> Span:
            raise AssertionError(path)

    file = locked(LOCK)
    assert pin_findings(bound(TEXT), Unparsable(file.source, file.lock)) == []
