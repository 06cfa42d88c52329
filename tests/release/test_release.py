"""release.json: the same bytes for the same release, read back strictly."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from comb_compiler.release.jsonschema import release_schema, release_schema_text
from comb_compiler.release.release import (
    BadRelease,
    Promise,
    Release,
    Rollout,
    parse_devices,
    parse_release,
    release_bytes,
)

SCHEMA = Path(__file__).parents[2] / "schemas" / "release.v1.schema.json"
DIGEST = "0123456789abcdef" * 4
RELEASE = Release(
    comb="ocr",
    environment="production",
    cluster="east",
    namespace="vision",
    subject=DIGEST,
    arms={"rotate": DIGEST, "control": DIGEST},
    plan=DIGEST,
    platform=DIGEST,
    images={"ocr": {"cpu": f"registry.example.com/ocr@sha256:{DIGEST}"}},
    files={"service-ocr.yaml": DIGEST, "deployment-ocr.yaml": DIGEST},
    flux=DIGEST,
    carried=("service-ocr.yaml",),
    rollout=Rollout(DIGEST, DIGEST, 1),
    promise=Promise("ocr.v1.Ocr/Read", ("ocr.v1.Frame",), b"\x0a\x00"),
)


def test_the_schema_is_what_the_types_say(update: bool) -> None:
    if update:
        SCHEMA.write_text(release_schema_text(), encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == release_schema_text()


def test_the_schema_takes_a_release_and_nothing_beside_it() -> None:
    written = json.loads(release_bytes(RELEASE))
    validator = jsonschema.Draft7Validator(release_schema())
    assert list(validator.iter_errors(written)) == []
    assert list(validator.iter_errors({**written, "time": "2026-11-26"}))


def test_what_is_written_reads_back_the_same() -> None:
    read = parse_release(release_bytes(RELEASE))
    assert read == RELEASE
    assert release_bytes(read) == release_bytes(RELEASE)
    assert read.digest == RELEASE.digest


def test_the_order_in_which_things_are_named_means_nothing() -> None:
    turned = RELEASE._replace(files=dict(reversed([*RELEASE.files.items()])), arms=dict(sorted(RELEASE.arms.items())))
    assert release_bytes(turned) == release_bytes(RELEASE)


def test_what_is_carried_over_and_a_rollout_are_said_even_where_there_are_none() -> None:
    written = json.loads(release_bytes(RELEASE._replace(carried=(), rollout=None)))
    assert (written["carried"], written["rollout"]) == ([], None)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("version",), 2, "its version is 2"),
        (("comb",), 3, "`comb` must be a value of type str"),
        (("namespace",), "../..", '`namespace` must be a name, not "../.."'),
        (("cluster",), "_platform", "`cluster` must be a name"),
        (("subject",), "abc", '`subject` must be a digest, not "abc"'),
        (("arms", "rotate"), "", "`arms.rotate` must be a digest"),
        (("files", "../../etc/passwd"), DIGEST, "`files` must be names of files in the directory"),
        (("files", "/etc/passwd"), DIGEST, "`files` must be names of files in the directory"),
        (("files", "a/./b"), DIGEST, "`files` must be names of files in the directory"),
        (("files", ""), DIGEST, "`files` must be names of files in the directory"),
        (("files", "release.json"), DIGEST, "`files` must be names of files in the directory"),
        (("carried",), ["other.yaml"], "`carried` must be some of `files`"),
        (("promise", "descriptors"), "?", "`promise.descriptors` must be base64"),
        (("rollout", "step"), "1", "`rollout.step` must be a value of type int"),
        (("rollout", "aborted"), 1, "`rollout.aborted` must be a value of type bool"),
        (("emergency",), {"reason": "late"}, "`emergency.until` must be there"),
        (("emergency",), {"reason": "late", "until": "soon"}, '`emergency.until` must be a time, not "soon"'),
        (("commit",), DIGEST, "`commit` must be one of"),
    ],
)
def test_what_is_no_release_is_refused_in_one_sentence(path: tuple[str, ...], value: Any, sentence: str) -> None:
    spoiled = json.loads(release_bytes(RELEASE))
    at: Any = spoiled
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(BadRelease) as refused:
        parse_release(json.dumps(spoiled).encode())
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"version": 1, "version": 1}'])
def test_what_is_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(BadRelease):
        parse_release(content)


def test_what_a_release_says_of_devices_is_what_the_whole_of_it_says() -> None:
    for made in (RELEASE, RELEASE._replace(team="vision", devices={"nvidia-t4": 3})):
        found = parse_devices(release_bytes(made))
        whole = parse_release(release_bytes(made))
        assert (found.comb, found.environment, found.team, found.devices) == (
            whole.comb,
            whole.environment,
            whole.team,
            whole.devices,
        )
        assert found.used == {"cpu"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("version", True),
        ("comb", None),
        ("environment", 1),
        ("team", 1),
        ("devices", []),
        ("devices", {"nvidia-t4": "3"}),
        ("devices", {"nvidia-t4": True}),
        ("images", {"ocr": "cpu"}),
        ("images", []),
    ],
)
def test_what_says_nothing_of_devices_is_refused_as_no_release(field: str, value: Any) -> None:
    spoiled = json.dumps({**json.loads(release_bytes(RELEASE)), field: value}).encode()
    with pytest.raises(BadRelease) as whole:
        parse_release(spoiled)
    with pytest.raises(BadRelease) as refused:
        parse_devices(spoiled)
    assert str(refused.value) == str(whole.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"3", b"\xff", b"[" * 100_000])
def test_what_is_no_record_says_nothing_of_devices(content: bytes) -> None:
    with pytest.raises(BadRelease):
        parse_devices(content)
