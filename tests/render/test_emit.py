"""What is written is what PyYAML, kubectl, kustomize and Flux read; and it can be read by people."""

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, strategies as st

from comb_compiler.render.emit import emit
from tests.conftest import RequiresTool

AWKWARD = (
    "", " ", "~", "-", "--", "---", "...", "=", "<<", "?", "!", "&a", "*a", "%", "@", "`", "#", "a #b", "a: b",
    "a:", ":a", "- a", "y", "Y", "n", "N", "yes", "No", "ON", "off", "true", "False", "null", "Null", "NULL",
    ".inf", "-.INF", ".NaN", "nan", "0", "1", "-1", "+1", "010", "0o17", "0x1F", "0b11", "1_000", "1.5", "1.", ".5",
    "1e3", "1E3", "1.0e+3", "12:30", "1:2:3", "1.10", "1.4.0", "2024-01-01", "2024-01-01T00:00:00Z", "4Gi", "80ms",
    "250m", "10%", "0.5", "1d", "007", "1k", "1E", "5i", "a\n", "a\n\n", "\n", "\na", " a\nb", "a \nb", "a\tb",
    "\ta\nb", "a\n b\n", "a\r\nb", "\x85", "a\u2028b\n", "\ufeffa\nb", "\x00", "'", '"', "'a'", '"a"', "it's", "\\",
    "\\n", "{}", "{a: b}", "[]", "[a]", "{{ .Values }}", "${x}", "|", ">", "|-", "a\n---\nb", "é", "日本語", "日本\n語",
    "😀", "a\n😀", "\u00a0", "\u3000", "a\u3000\nb", "\x7f", "\u0600", "\ufffe", "true\n", "y: z", "off-peak",
    "http://a.b:80/c?d=e&f", "registry.example.com:5000/a@sha256:0f", "--flag=value", "-v", "--", "--- a",
    "sum(rate(x[5m])) > 0",
)  # fmt: skip

strings = st.one_of(st.sampled_from(AWKWARD), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), finite, strings, strings)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4), max_leaves=20
)
manifests = st.dictionaries(strings, values, max_size=6)


class Reading(NamedTuple):
    """A document as Go programs read it."""

    kubectl: Any
    kustomize: Any


class Go:
    """The Go readers, in a process that lives as long as the tests."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def read(self, text: str) -> Reading:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(base64.b64encode(text.encode("utf-8")) + b"\n")
        self._process.stdin.flush()
        kubectl, kustomize = self._process.stdout.readline().split(b"\t")
        assert not kubectl.startswith(b"!"), (kubectl, text)
        assert not kustomize.startswith(b"!"), (kustomize, text)
        return Reading(json.loads(kubectl), json.loads(kustomize))


@pytest.fixture(scope="module")
def go(requires_tool: RequiresTool) -> Iterator[Go]:
    program = requires_tool("yaml2json")
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Go(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def alike(one: Any, other: Any) -> bool:
    """Equal, and of the same types; a JSON number has only one type in Go."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and one == other


def as_json_has_it(value: Any) -> Any:
    """Numbers as Go gives them back: without a fraction where there is none, keys sorted."""
    if isinstance(value, dict):
        return {key: as_json_has_it(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-8"))}
    if isinstance(value, list):
        return [as_json_has_it(one) for one in value]
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return float(value)
    return value


@given(manifests)
def test_pyyaml_reads_back_what_was_written(manifest: dict[str, Any]) -> None:
    assert alike(yaml.safe_load(emit(manifest)), manifest)
    assert alike(yaml.load(emit(manifest), yaml.CSafeLoader), manifest)


@given(manifests)
def test_go_reads_back_what_was_written(go: Go, manifest: dict[str, Any]) -> None:
    reading = go.read(emit(manifest))
    assert alike(as_json_has_it(reading.kubectl), as_json_has_it(manifest))
    assert alike(as_json_has_it(reading.kustomize), as_json_has_it(manifest))


@pytest.mark.parametrize("text", AWKWARD)
def test_an_awkward_string_is_a_string_everywhere(go: Go, text: str) -> None:
    manifest = {"value": text, text: [text, {text: text}]}
    written = emit(manifest)
    reading = go.read(written)
    assert alike(yaml.safe_load(written), manifest)
    assert reading.kubectl == manifest
    assert reading.kustomize == manifest


@given(manifests)
def test_the_same_object_gives_the_same_bytes(manifest: dict[str, Any]) -> None:
    assert emit(manifest) == emit(json.loads(json.dumps(manifest)))


def test_it_reads_as_people_write_it() -> None:
    manifest = {
        "metadata": {"name": "a", "labels": {"nvidia.com/gpu.product": "NVIDIA-A10", "gpu": "on"}, "annotations": {}},
        "spec": {
            "containers": [{"args": ["--listen=0.0.0.0:8080", "-v"], "image": "r.example.com:5000/a@sha256:0f"}],
            "memory": "4Gi",
            "version": "1.10",
            "share": 0.5,
            "none": [],
            "matrix": [[1, 2], []],
            "rule": "sum(\n  a\n)\n",
        },
    }
    expected = """\
metadata:
  name: a
  labels:
    nvidia.com/gpu.product: NVIDIA-A10
    gpu: "on"
  annotations: {}
spec:
  containers:
  - args:
    - --listen=0.0.0.0:8080
    - "-v"
    image: r.example.com:5000/a@sha256:0f
  memory: 4Gi
  version: "1.10"
  share: 0.5
  none: []
  matrix:
  -
    - 1
    - 2
  - []
  rule: |
    sum(
      a
    )
"""
    assert emit(manifest) == expected


@pytest.mark.parametrize(
    ("manifest", "error"),
    [
        ({"a": float("nan")}, ValueError),
        ({"a": float("-inf")}, ValueError),
        ({"a": "\ud800"}, ValueError),
        ({"a" * 2000: 1}, ValueError),
        ({1: 2}, TypeError),
        ({"a": {1, 2}}, TypeError),
        ({"a": b"b"}, TypeError),
    ],
)
def test_what_yaml_cannot_hold_is_refused(manifest: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        emit(manifest)
