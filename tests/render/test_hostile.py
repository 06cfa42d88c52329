"""A string that means something to YAML, a shell, a template, PromQL, CEL, Kubernetes, kustomize or Flux is data.

It is put into every string of comb.yaml and platform.yaml that takes it: either a finding refuses it, or it is written
so that Go and PyYAML read exactly it, and nobody who comes after takes it for anything else.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.diagnostics import Severity
from comb_compiler.render.emit import emit
from comb_compiler.render.manifest import Written
from tests.conftest import RequiresTool
from tests.render.effects.effects import render_with
from tests.render.effects.hostile import Place, accepted, places
from tests.render.effects.rendering import Outcome, base

WITHIN = {
    (Written.COMB, "operators.*.scale.targets.queries.*.query"),  # PromQL itself: in brackets, with lines of its own
    (Written.PLATFORM, "clusters.*.prometheus.podLabel"),  # a part of queries; letters, digits and `_` alone
    (Written.PLATFORM, "clusters.*.prometheus.namespaceLabel"),
    (Written.PLATFORM, "clusters.*.traces"),  # a dollar is doubled, which is how Kubernetes is told of one
}
"""Fields whose strings are a part of a longer one, or written otherwise than they are meant."""
SILENT = {
    Written.COMB: {"models.*.description", "operators.*.description", "gates.*"},
    Written.PLATFORM: {
        "metadata.*", "devices.*.product", "environmentRepository.*", "registry.*", "policies[]", "patches.*.why",
        "patches.*.target.*",
        "clusters.*.prometheus.url", "firstRelease.*", "sampleStore.*", "waivers.*",
    },
}  # fmt: skip
"""Fields whose strings are not rendered where they are tried."""


def trials() -> Iterator[tuple[Place, str]]:
    """One place of each field, and each string that the field's form lets through."""
    by_field = {(place.written, place.pattern): place for place in reversed(list(places()))}
    return ((place, text) for place in by_field.values() for text in accepted(place))


TRIALS = list(trials())


def test_forms_refuse_most_of_them() -> None:
    taken = {(place.written, place.pattern) for place, _ in TRIALS}
    fields = {(place.written, place.pattern) for place in places()}
    assert len(fields) - len(taken) > 40


@pytest.mark.slow
@pytest.mark.parametrize("written", list(Written))
def test_it_is_data_or_refused(written: Written, requires_tool: RequiresTool) -> None:
    """Everything that differs is read back; where the string is found is where it was put."""
    documents: list[tuple[dict[str, Any], str]] = []
    for place, text in TRIALS:
        if place.written is not written:
            continue
        made = render_with(((place.written, place.path, text),))
        if made.refused:
            assert any(one.severity is Severity.ERROR for one in made.diagnostics), (place, text)
            continue
        changed = list(_changed(made))
        documents += changed
        found = [one for document, _ in changed for one in _strings(document) if text in one]
        if (place.written, place.pattern) in WITHIN:
            continue
        is_silent = any(_is_below(place.pattern, of) for of in SILENT[written])
        assert is_silent or text in found, (place, text)
    _are_read_back(documents, requires_tool("yaml2json"))


def _is_below(pattern: str, of: str) -> bool:
    return pattern == of or (of.endswith(".*") and pattern.startswith(of[:-1]))


_BASE = {key: emit(one.object) for key, one in base().objects.items()}


def _changed(made: Outcome) -> Iterator[tuple[dict[str, Any], str]]:
    for key, one in made.objects.items():
        text = emit(one.object)
        if text != _BASE.get(key):
            yield dict(one.object), text


def _strings(value: Any) -> Iterator[str]:
    """All strings, those of JSON in a ConfigMap too."""
    if isinstance(value, str):
        yield value
        if value.startswith("{"):
            with suppress(json.JSONDecodeError):
                yield from _strings(json.loads(value))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _are_read_back(documents: list[tuple[dict[str, Any], str]], program: Path) -> None:
    written = "".join(base64.b64encode(text.encode()).decode() + "\n" for _, text in documents)
    run = subprocess.run([program], input=written.encode(), capture_output=True, check=True)
    for (document, text), line in zip(documents, run.stdout.splitlines(), strict=True):
        kubectl, kustomize = (json.loads(one) for one in line.split(b"\t"))
        assert kubectl == kustomize == document, text
        assert yaml.load(text, yaml.CSafeLoader) == document, text


@pytest.mark.parametrize("text", ["http://traces.svc:4317/$(COMB_RELEASE)/${HOME}/$$(HOME)", "http://traces.svc/$"])
def test_kubernetes_puts_no_variable_into_it(text: str) -> None:
    made = render_with(((Written.PLATFORM, ("clusters", "east", "traces"), text),))
    assert not made.refused
    values = [
        entry["value"]
        for (cluster, kind, name), one in made.objects.items()
        if (cluster, kind, name) == ("east", "Deployment", "moderation")
        for entry in one.object["spec"]["template"]["spec"]["containers"][0]["env"]
        if entry["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT"
    ]
    assert [_expanded(one, {"COMB_RELEASE": "expanded", "HOME": "expanded"}) for one in values] == [text]


def _expanded(value: str, variables: dict[str, str]) -> str:
    """As Kubernetes does it (third_party/forked/golang/expansion): `$$` is a dollar, what is not known stays."""
    return re.sub(
        r"\$(\$|\(([^)]*)\))",
        lambda found: "$" if found[1] == "$" else variables.get(found[2], found[0]),
        value,
    )


def test_no_argument_or_variable_of_a_container_refers_to_another() -> None:
    for one in base().objects.values():
        if one.object["kind"] == "Deployment":
            for container in one.object["spec"]["template"]["spec"]["containers"]:
                values = [entry.get("value", "") for entry in container["env"]]
                said = [*container["command"], *container["args"], *values]
                assert not [text for text in said if "$" in text]


def test_flux_substitutes_nothing() -> None:
    """It does only where a Kustomization says what (`postBuild`)."""
    told = [one.object for one in base().objects.values() if one.object["kind"] == "Kustomization"]
    assert any("path" in one.get("spec", {}) for one in told)
    assert not [one for one in told if "postBuild" in one.get("spec", {})]


def test_kustomize_patches_and_replaces_nothing() -> None:
    lists = [one.object for key, one in base().objects.items() if key[1] == "list"]
    assert {key for one in lists for key in one} == {"apiVersion", "kind", "namespace", "resources"}


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("clusters", "east", "traces"), "http://collector:65536", "COMB2013"),
        (("clusters", "east", "traces"), "http://collector:$(COMB_RELEASE)", "COMB2013"),
        (("clusters", "east", "prometheus", "url"), "http://[:::]:9090", "COMB2013"),
        (("sampleStore", "elasticsearch", "urls"), ["https://elastic:port"], "COMB2013"),
        (("sampleStore", "hbase", "host"), "hbase: 1", "COMB2015"),
        (("devices", "nvidia-a100", "mig"), {"1g; x": {"memory": "5Gi", "compute": "14%", "perDevice": 7}}, "COMB2007"),
        *((("namespaces",), {name: {}}, "COMB2007") for name in ("_platform", "_flux", ".", "..", "a/b", "kü")),
    ],
    ids=str,
)
def test_what_could_only_break_something_is_refused(path: tuple[str, ...], value: Any, code: str) -> None:
    made = render_with(((Written.PLATFORM, path, value),))
    assert made.refused
    assert code in {one.code.id for one in made.diagnostics}
