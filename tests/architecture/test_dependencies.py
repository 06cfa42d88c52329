"""Third-party packages: each in its one home, each declared, none declared in vain."""

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.architecture.imports import ROOT, distribution_of, third_party_imports

HOMES = {
    "annotated_types": {"spec"},
    "cel_expr_python": {"graph", "policy", "runtime"},
    "copier": {"cli"},
    "docker": {"images"},
    "elasticsearch": {"samples"},
    "fsspec": {"workspace"},
    "gevent": {"load"},
    "git": {"publish"},
    "google": {"gates", "policy", "protos", "runtime", "samples"},
    "grpc": {"runtime"},
    "grpc_health": {"runtime"},
    "grpc_reflection": {"runtime"},
    "grpc_tools": {"workspace"},
    "h11": {"runtime"},
    "happybase": {"samples"},
    "hpack": {"load"},
    "jinja2": {"changes", "gates", "images"},
    "kubernetes": {"cluster"},
    "locust": {"load"},
    "psutil": {"load"},
    "opentelemetry": {"runtime"},
    "prometheus_client": {"runtime"},
    "pyarrow": {"samples"},
    "pydantic": {"spec"},
    "pydantic_core": {"spec"},
    "pynvml": {"devices"},
    "thriftpy2": {"samples"},
    "urllib3": {"cluster", "images"},
    "uvloop": {"runtime"},
    "yaml": {"render", "source"},
}
"""Module → the packages of Comb that may import it; whoever else needs it goes through them."""


SEVERAL = {
    "google": {"protobuf"},
    "opentelemetry": {"opentelemetry-exporter-otlp-proto-grpc", "opentelemetry-sdk"},
}
"""A module that several distributions have parts of → those of which parts are imported."""

STARTED = {"grpcio-tools"}
"""What is imported by a program that Comb starts: protoc."""

WITH_PYDANTIC = {"annotated-types", "pydantic_core"}
"""What pydantic brings along, pins for itself and shows in its own interface: not ours to declare."""


def project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in requirements}


def test_every_third_party_package_stays_in_its_home() -> None:
    strays = {module: users - HOMES.get(module, set()) for module, users in third_party_imports().items()}
    assert {module: users for module, users in strays.items() if users} == {}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    extras = project()["optional-dependencies"]
    declared = names(project()["dependencies"]).union(*(names(extra) for extra in extras.values())) - {"comb-compiler"}
    modules = third_party_imports()
    imported = {distribution_of(module) for module in modules if module not in SEVERAL} - WITH_PYDANTIC
    imported |= set().union(*(SEVERAL[module] for module in SEVERAL if module in modules))
    assert imported | STARTED == declared


def test_the_core_install_is_small() -> None:
    assert names(project()["dependencies"]) == {"cel-expr-python", "grpcio-tools", "protobuf", "pydantic", "pyyaml"}


def test_all_names_every_extra() -> None:
    extras = project()["optional-dependencies"]
    everything = re.findall(r"[\w-]+", extras["all"][0].partition("[")[2])
    assert sorted(everything) == sorted(set(extras) - {"all"})


def test_constraints_pin_exact_versions_and_name_no_host() -> None:
    lines = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").split("\n")
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 20
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`, beyond those that it starts with."""
    script = f"import sys; before = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before), sep='\\n')"
    done = subprocess.run([sys.executable, "-I", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n"))


@pytest.mark.parametrize("module", ["pydantic", "yaml", "dataclasses", "json", "argparse", "typing_extensions"])
def test_diagnostics_cost_no_parser(module: str) -> None:
    assert module not in loaded_by("import comb_compiler.diagnostics")
