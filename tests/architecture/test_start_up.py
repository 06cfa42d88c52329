"""What `comb check` loads: as little as it can the first time, and no parser the second time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: greeting}
interface: {proto: greeting.proto, method: greeting.v1.GreetingService/Greet}
operators:
  greet: {run: "operators:Greet", in: {name: greeting.v1.Name}, out: greeting.v1.Greeting}
graph: {hello: greet(name=$request.name), return: hello}
"""
PROTO = """\
syntax = "proto3";
package greeting.v1;
message Name {}
message Greeting {}
message Request { Name name = 1; }
service GreetingService { rpc Greet(Request) returns (Greeting); }
"""
PROTOBUF = {"google", "google_upb"}
ALLOWED = {"annotated_types", "comb_compiler", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}
YAML = {"cython_runtime", "yaml"}
SCRIPT = """
import sys
before = set(sys.modules)
from comb_compiler.cli import main
assert main(["check", "comb.yaml"]) == 0
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
loaded = (tops & set(sys.modules)) - sys.stdlib_module_names
print(*sorted(top for top in loaded if not top.startswith("_")), file=sys.stderr)
assert "importlib.metadata" not in sys.modules, "packages were asked for plugins of pydantic"
assert "comb_compiler.spec.platform" not in sys.modules, "there is no platform"
"""


def loaded_by_check(directory: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT], cwd=directory, env=environment(directory), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(done.stderr.strip().split("\n")[-1].split())


def environment(directory: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "COMB_CACHE_DIR": str(directory / "cache"), "HOME": str(directory)}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "comb.yaml").write_text(COMB, encoding="utf-8")
    (tmp_path / "greeting.proto").write_text(PROTO, encoding="utf-8")
    return tmp_path


def test_the_first_check_loads_the_core_and_nothing_else(checkout: Path) -> None:
    """protoc runs in a process of its own; what it writes is read by Protobuf's library."""
    assert loaded_by_check(checkout) <= ALLOWED | YAML | PROTOBUF


def test_a_changed_comb_whose_types_are_known_is_checked_without_protobuf(checkout: Path) -> None:
    loaded_by_check(checkout)
    changed = COMB.replace("graph: {hello: greet(name=$request.name)", 'graph: {hello: "greet(name=$request.name)"')
    (checkout / "comb.yaml").write_text(changed, encoding="utf-8")
    assert loaded_by_check(checkout) <= ALLOWED | YAML


def test_a_condition_that_is_known_needs_no_checker(checkout: Path) -> None:
    when = COMB.replace("hello: greet(name=$request.name)", 'hello: {call: greet(name=$request.name), when: "%s"}')
    other = when.replace("return: hello", "again: greet(name=$request.name), return: again")
    (checkout / "comb.yaml").write_text(other % "has(request.name)", encoding="utf-8")
    assert "cel_expr_python" in loaded_by_check(checkout)
    (checkout / "comb.yaml").write_text(other.replace("name: greeting}", "name: other}") % "has(request.name)")
    assert loaded_by_check(checkout) <= ALLOWED | YAML


def test_an_unchanged_file_is_checked_without_pydantic_and_yaml(checkout: Path) -> None:
    loaded_by_check(checkout)
    assert loaded_by_check(checkout) == {"comb_compiler"}
