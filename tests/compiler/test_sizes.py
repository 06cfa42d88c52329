"""What is too large for an API server is told, whatever kind of object it is."""

from comb_compiler.compiler.sizes import size_findings
from comb_compiler.diagnostics import codes
from comb_compiler.render import Manifest, emit
from comb_compiler.render.manifest import Cause, manifest
from tests.plan.test_planning import CPUS, comb, platform

MIB = 2**20
COMB, PLATFORM = comb({"a": {}}), platform({"cpus": CPUS})


def rule(size: int) -> Manifest:
    """A PrometheusRule of exactly so many bytes of JSON."""
    empty = '{"kind":"PrometheusRule","metadata":{"name":"ocr"},"spec":{"expr":""}}'
    made = {"kind": "PrometheusRule", "metadata": {"name": "ocr"}, "spec": {"expr": "x" * (size - len(empty))}}
    return manifest(made, Cause.comb("operators", "a"))


def said(made: Manifest) -> list[str]:
    found = list(size_findings([made], {made.file: emit(made.object).encode()}, COMB, PLATFORM))
    assert all(one.code is codes.TOO_LARGE_OBJECT and one.path == "operators.a" for one in found)
    return [one.message for one in found]


def test_an_object_of_any_kind_may_have_what_etcd_takes_and_no_more() -> None:
    assert said(rule(MIB + MIB // 2)) == []
    assert said(rule(MIB + MIB // 2 + 1)) == [
        "the PrometheusRule `ocr` would hold 1,572,865 bytes, and Kubernetes takes 1,572,864"
    ]


def test_all_texts_of_a_config_map_may_have_a_mebibyte() -> None:
    def texts(size: int) -> Manifest:
        data = {"one": "x" * MIB, "two": "ä" * (size // 2)}
        made = {"kind": "ConfigMap", "metadata": {"name": "ocr"}, "data": data}
        return manifest(made, Cause.comb("operators", "a"))

    assert said(texts(0)) == []
    assert said(texts(2)) == ["the ConfigMap `ocr` would hold 1,048,578 bytes, and Kubernetes takes 1,048,576"]
