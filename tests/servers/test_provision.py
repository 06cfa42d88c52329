"""Servers are found by version, else built once; whatever is missing is named."""

import os
import threading
from pathlib import Path

import pytest

from tests.conftest import RequiresTool
from tests.servers import provision
from tests.servers.pins import PROGRAMS, Program, go_module, pinned
from tests.servers.provision import definitions, locate
from tests.support.tools import Missing

MAIN = 'package main\n\nfunc main() { println("a program") }\n'


@pytest.fixture(autouse=True)
def _nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)


def silent(line: str) -> None:
    """Progress that nobody reads."""


def program(directory: Path, says: str) -> Path:
    """A program that says its version."""
    directory.mkdir(exist_ok=True)
    path = directory / "kube-apiserver"
    path.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_what_people_have_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_path = program(tmp_path / "bin", "Kubernetes v1.37.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin:/bin")
    assert locate("kube-apiserver", silent) == in_path
    asset = program(tmp_path / "assets", "Kubernetes v1.37.9")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert locate("kube-apiserver", silent) == asset


@pytest.mark.parametrize("says", ["Kubernetes v1.36.4", "Kubernetes v1.370.0", "nothing of a version"])
def test_another_version_is_left_alone(says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", says)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin:/bin")
    with pytest.raises(Missing, match="go is not on PATH: install Go"):
        locate("kube-apiserver", silent)


def test_definitions_need_go_where_they_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Missing, match="go is not on PATH: install Go"):
        definitions("crds", silent)


def test_what_go_cannot_fetch_is_named(
    requires_tool: RequiresTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requires_tool("go")
    for name, value in {"GOPROXY": "off", "GOFLAGS": "", "GOMODCACHE": str(tmp_path / "modules")}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Missing, match=r"go could not make kwok .*(?s:.)*module lookup disabled"):
        provision.locate("kwok", silent)
    assert not list((tmp_path / "cache").rglob("kwok"))


def test_two_that_want_the_same_wait_for_one_build(
    requires_tool: RequiresTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requires_tool("go")
    for name, content in {"go.mod": "module example.com/a\n\ngo 1.24\n", "go.sum": "", "main.go": MAIN}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.setitem(dict_of_programs(), "a-program", Program("a-program", str(tmp_path), ".", "1", 1))
    said: list[str] = []
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(locate("a-program", said.append))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    assert os.access(found[0], os.X_OK)
    assert len([line for line in said if line.startswith("built a-program in ")]) == 1


def dict_of_programs() -> dict[str, Program]:
    assert isinstance(PROGRAMS, dict)
    return PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_of_a_module_whose_sums_are_kept(name: str) -> None:
    module = go_module(PROGRAMS[name])
    assert (module / "go.sum").is_file()
    assert PROGRAMS[name].package in (module / "go.mod").read_text(encoding="utf-8")


def test_kubernetes_programs_on_a_machine_are_those_that_would_be_built() -> None:
    built = pinned(go_module(PROGRAMS["kube-apiserver"]), "k8s.io/kubernetes")
    for name, one in PROGRAMS.items():
        assert not name.startswith("kube-") or built.startswith(f"v{one.accepted}.")
