"""Which servers there are, and which definitions of objects: each by a Go module whose version is pinned.

Programs are built from the modules in `go/`, whose go.mod and go.sum say everything that goes into them. Definitions
are files that a module carries; nothing of them is built.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["DEFINITIONS", "PROGRAMS", "Definitions", "Program", "go_module", "pinned"]

_GO = Path(__file__).parent / "go"


class Program(NamedTuple):
    """A command, the module here and the package that it is built from, and about how long that takes from nothing.

    A program found on the machine is taken where the first numbers of its version are those of `accepted`.
    """

    name: str
    module: str
    package: str
    accepted: str
    minutes: int
    stamped: bool = False
    """Whether the version is written into the program by the linker: such a one says so, and clients go by it."""
    tags: str = ""
    """What the build chooses by tags; of such a program a part is C, which a C compiler makes."""
    for_trials: bool = False
    """Whether only long trials start it: `make servers` does not build it."""


class Definitions(NamedTuple):
    """Files that a module carries: a pin, as `path@version`, and what to take, as patterns below its root."""

    pin: str
    patterns: tuple[str, ...]


def go_module(program: Program) -> Path:
    """The directory with the go.mod that pins a program."""
    return _GO / program.module


def pinned(module: Path, path: str) -> str:
    """The version that a go.mod requires of a module."""
    found = re.search(rf"^\s*(?:require )?{re.escape(path)} (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    assert found is not None, f"{module}/go.mod does not require {path}"
    return found.group(1)


def _kubernetes(name: str, minutes: int) -> Program:
    # All of one minor version: what watches an API server may not be newer than it.
    return Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", "1.37", minutes, stamped=True)


PROGRAMS: Mapping[str, Program] = {
    program.name: program
    for program in (
        Program("etcd", "kubernetes", "go.etcd.io/etcd/server/v3", "3", 2),
        _kubernetes("kube-apiserver", 8),
        _kubernetes("kube-scheduler", 1),
        _kubernetes("kube-controller-manager", 3),
        Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "0.8", 3),
        Program("actionlint", "actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "1.7", 1),
        Program("registry", "distribution", "github.com/distribution/distribution/v3/cmd/registry", "3", 2),
        Program("kustomize-controller", "flux", "github.com/fluxcd/kustomize-controller", "1.9", 3),
        # A later one's module has another name than the proxy knows it by.
        Program("gitea", "gitea", "code.gitea.io/gitea", "1.26", 8, tags="sqlite,sqlite_unlock_notify"),
        # It reads CycloneDX 1.6, as those after 0.79 do. Of the newest a build takes several times as long.
        Program("grype", "grype", "github.com/anchore/grype/cmd/grype", "0.81", 3, for_trials=True),
    )
}
"""Every server that a test may ask for, in the order in which they are built."""

DEFINITIONS: Mapping[str, tuple[Definitions, ...]] = {
    "crds": (
        Definitions("github.com/fluxcd/kustomize-controller@v1.9.6", ("config/crd/bases/*.yaml",)),
        Definitions("github.com/fluxcd/notification-controller@v1.9.3", ("config/crd/bases/*.yaml",)),
        Definitions("github.com/fluxcd/source-controller@v1.9.6", ("config/crd/bases/*.yaml",)),
        Definitions("github.com/kedacore/keda/v2@v2.21.0", ("config/crd/bases/keda.sh_*.yaml",)),
        Definitions(
            "github.com/prometheus-operator/prometheus-operator@v0.85.0",
            (
                "example/prometheus-operator-crd/*_servicemonitors.yaml",
                "example/prometheus-operator-crd/*_podmonitors.yaml",
                "example/prometheus-operator-crd/*_prometheusrules.yaml",
            ),
        ),
        Definitions(
            "sigs.k8s.io/gateway-api@v1.6.3",
            tuple(
                f"config/crd/standard/*_{kind}.yaml"
                for kind in ("gatewayclasses", "gateways", "grpcroutes", "httproutes")
            ),
        ),
    ),
    "openapi": (Definitions("k8s.io/kubernetes@v1.37.2", ("api/openapi-spec/swagger.json",)),),
    "kwok-stages": (
        Definitions(
            "sigs.k8s.io/kwok@v0.8.0",
            (
                "kustomize/stage/node/fast/node-*.yaml",
                "kustomize/stage/node/heartbeat-with-lease/node-*.yaml",
                "kustomize/stage/pod/fast/pod-*.yaml",
            ),
        ),
    ),
}
"""Sets of files by name: kinds of objects that the API server learns, those that it knows, and what kwok does."""
