"""Write a platform.yaml by asking clusters: nodes, their devices and how these are shared, zones, storage, and kinds.

It only reads. What no cluster says is told, each thing at its line in the file: the environments, who may publish and
what is promised are yours to write. A file that is there is not overwritten.

example:
  comb platform discover --context east=prod-east --context west=prod-west -o platform.yaml
  comb platform discover --kubeconfig ~/.kube/config
"""

import argparse
import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.cli.platform.discovered import Asked

__all__ = ["add_arguments", "run"]

_NODES = "/api/v1/nodes"
_STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
_KINDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SLICES = "/apis/resource.k8s.io/v1/resourceslices"
_CLUSTER = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--context",
        metavar="CLUSTER=CONTEXT",
        action="append",
        default=[],
        help="a cluster, and the context of the kubeconfig that reaches it (default: the current one, as `main`)",
    )
    parser.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig (default: kubectl's)")
    parser.add_argument("--name", default="platform", help="the platform's name (default: %(default)s)")
    parser.add_argument("--team", default="algorithms", help="the first team, and its namespace (default: %(default)s)")
    parser.add_argument(
        "--repository",
        metavar="URL",
        default="https://git.example.com/environments.git",
        help="the environment repository (default: %(default)s)",
    )
    parser.add_argument(
        "--registry",
        metavar="PREFIX",
        default="registry.example.com/combs",
        help="where images go (default: %(default)s)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", default="platform.yaml", help="what is written (%(default)s)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.platform.discovered import Unasked, platform_text
    from comb_compiler.diagnostics.render.text import render

    path = Path(arguments.output)
    if os.path.lexists(path):
        raise UsageError(f"-o {path}: this is there already; discover into another file, and compare")
    contexts = _contexts(arguments.context)
    kubeconfig = None if arguments.kubeconfig is None else Path(arguments.kubeconfig)
    asked = {cluster: _asked(context, kubeconfig) for cluster, context in contexts.items()}
    given = Unasked(arguments.name, arguments.repository, arguments.registry, arguments.team)
    text, findings = platform_text(str(path), asked, given)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutsideFailure(f"`{path}` cannot be written: {(problem.strerror or '').lower()}") from problem
    console.result(render(findings, {str(path): text}, color=console.colour, width=console.width))
    pools = sum(len(one.pools) for one in asked.values())
    counts = f"{len(asked)} cluster{'s' if len(asked) != 1 else ''}, {pools} pool{'s' if pools != 1 else ''} of nodes"
    console.note(f"{path}: {counts}; `comb check {path}` says whether it is whole")
    return Exit.CLEAN


def _contexts(given: list[str]) -> dict[str, str | None]:
    contexts: dict[str, str | None] = {}
    for one in given:
        cluster, equals, context = one.partition("=")
        if not equals or not context or not _CLUSTER.fullmatch(cluster) or cluster in contexts:
            raise UsageError(f"--context {one}: CLUSTER=CONTEXT is wanted, with a name that no other cluster has")
        contexts[cluster] = context
    return contexts or {"main": None}


def _asked(context: str | None, kubeconfig: Path | None) -> "Asked":
    from comb_compiler.cli.platform.discovered import Asked
    from comb_compiler.cluster import Unreachable
    from comb_compiler.cluster.nodes import pools_of, slices_by_node

    try:
        from comb_compiler.cluster.reading import ClusterReader
    except ModuleNotFoundError as missing:
        raise UsageError(f"asking a cluster needs `pip install comb-compiler[cluster]` ({missing.name})") from missing
    try:
        with closing(ClusterReader(context, kubeconfig)) as reader:
            slices = slices_by_node(reader.listed(_SLICES))
            pools = pools_of(reader.listed(_NODES), slices)
            storage = [(one["metadata"]["name"], str(one.get("provisioner", ""))) for one in reader.listed(_STORAGE)]
            kinds = frozenset(str(one["metadata"]["name"]) for one in reader.listed(_KINDS))
    except Unreachable as problem:
        raise OutsideFailure(str(problem), "see `kubectl config get-contexts`, and --context") from problem
    return Asked(pools, sorted(storage), kinds)
