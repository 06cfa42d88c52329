"""Say whether combs run as was asked: per cluster what was asked, applied, healthy and since when, or why not.

Flux and Kubernetes are asked, each cluster of the environment by the context of the kubeconfig that has its name, or
that --context names. What stands in the way is shown with the line that caused the object at fault. Flux fetches some
time after a publication: with --commit nothing counts before that commit has come to the cluster. The exit code is 0
when all is healthy, 1 when something is not, 4 when a cluster cannot be asked.

example:
  comb status combs/ocr --platform platform.yaml --environment production
  comb status combs/ocr --platform platform.yaml --environment production --wait 600 --commit 3f2a9c0d1e5b
  comb status combs --platform platform.yaml --environment staging --context west=admin@west --format json
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.repositories import add_repository_argument, opened, target_for
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.cli.arrival import Arrival
    from comb_compiler.cluster import Standing, Trouble
    from comb_compiler.cluster.reading import ClusterReader
    from comb_compiler.compiler.render import Rendered, RenderedCluster

__all__ = ["add_arguments", "run"]

_PERIOD = 2.0
_MOST_SECONDS = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one or with many")
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml that it runs on")
    parser.add_argument("--environment", metavar="NAME", required=True, help="where it runs")
    parser.add_argument("--kubeconfig", metavar="FILE", help="how clusters are reached (default: as kubectl has it)")
    parser.add_argument(
        "--context", metavar="CLUSTER=CONTEXT", action="append", default=[], help="the context for a cluster"
    )
    parser.add_argument("--wait", metavar="SECONDS", type=_seconds, default=0, help="ask until it is healthy, so long")
    parser.add_argument("--commit", metavar="COMMIT", help="the publication that is waited for, as comb publish has it")
    add_repository_argument(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what is written (default: text)")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"a number of seconds is wanted, at most {_MOST_SECONDS}")
    return int(text)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.render import render_clean

    # Names and lines are asked of the rendering, not images: any will do.
    clean = render_clean(arguments, None, console, warns=False)
    if clean is None:
        return Exit.FINDINGS
    _, combs = clean
    arrival = _arrival(arguments, combs)
    wanted = [_Wanted(one, cluster) for one in combs for cluster in one.clusters]
    with _readers(arguments, {one.cluster.cluster for one in wanted}) as readers:
        found = _followed(wanted, readers, arrival, arguments.wait)
    if arguments.format == "json":
        console.result(json.dumps({"version": 1, "combs": [_as_data(*one) for one in found]}, indent=2))
    else:
        for line in (line for one in found for line in _as_text(*one)):
            console.line(line)
    return Exit.CLEAN if all(standing.is_healthy for _, standing in found) else Exit.FINDINGS


def _arrival(arguments: argparse.Namespace, combs: "Sequence[Rendered]") -> "Arrival":
    from comb_compiler.cli.arrival import Arrival

    target = target_for(combs, arguments)
    return Arrival(lambda: opened(target), arguments.commit)


class _Wanted(NamedTuple):
    of: "Rendered"
    cluster: "RenderedCluster"

    @property
    def kustomization(self) -> str:
        return str(self.cluster.flux.object["metadata"]["name"])

    def place(self, trouble: "Trouble") -> str:
        """The line that caused the object at fault; the comb's name where it is none of the comb's."""
        from comb_compiler.render.manifest import Written, cause_of

        made = next(
            (
                one
                for one in self.cluster.manifests
                if (one.object["kind"], one.object.get("metadata", {}).get("name")) == (trouble.kind, trouble.name)
            ),
            self.cluster.flux,
        )
        cause = cause_of(made, ())
        bound = self.of.comb if cause.written is Written.COMB else self.of.platform
        assert bound is not None
        span = bound.place(*cause.path).key_span
        return f"{span.file}:{span.start.line}:{span.start.column}"


@contextmanager
def _readers(arguments: argparse.Namespace, clusters: set[str]) -> "Iterator[Mapping[str, ClusterReader]]":
    """Those who ask each cluster."""
    from comb_compiler.cluster import Unreachable

    contexts = _contexts(arguments.context, clusters)
    try:
        from comb_compiler.cluster.reading import ClusterReader
    except ModuleNotFoundError as missing:
        raise UsageError(f"asking a cluster needs `pip install comb-compiler[cluster]` ({missing.name})") from missing
    kubeconfig = None if arguments.kubeconfig is None else Path(arguments.kubeconfig)
    with ExitStack() as stack:
        try:
            yield {
                cluster: stack.enter_context(closing(ClusterReader(contexts.get(cluster, cluster), kubeconfig)))
                for cluster in sorted(clusters)
            }
        except Unreachable as problem:
            raise OutsideFailure(str(problem), "see `kubectl config get-contexts`, and --context") from problem


def _contexts(given: Sequence[str], clusters: set[str]) -> dict[str, str]:
    contexts = {}
    for one in given:
        cluster, equals, context = one.partition("=")
        if not equals or not context or cluster not in clusters:
            raise UsageError(f"--context {one}: CLUSTER=CONTEXT is wanted, of a cluster: {', '.join(sorted(clusters))}")
        contexts[cluster] = context
    return contexts


_Found = tuple[_Wanted, "Standing"]


def _followed(
    wanted: Sequence[_Wanted], readers: "Mapping[str, ClusterReader]", arrival: "Arrival", seconds: int
) -> list[_Found]:
    """How all stand: once none has to be waited for, or so many seconds are over."""
    from comb_compiler.cluster import standing_of

    deadline = time.monotonic() + seconds
    while True:
        found = []
        for one in wanted:
            objects = readers[one.cluster.cluster].objects(one.cluster.release.namespace, one.kustomization)
            found.append((one, arrival.of(standing_of(objects, one.kustomization))))
        if all(one.is_healthy or one.has_failed for _, one in found) or time.monotonic() >= deadline:
            return found
        time.sleep(min(_PERIOD, max(0.0, deadline - time.monotonic())))


def _as_text(wanted: _Wanted, standing: "Standing") -> Iterator[str]:
    where = f"{wanted.cluster.release.comb} in {wanted.cluster.cluster}"
    if standing.is_healthy:
        yield printable(f"{where}: healthy, {_short(standing.applied)}{_since(standing.since)}")
        if standing.emergency:
            yield printable(f"  nothing has proven it: in an emergency, {standing.emergency}")
        return
    asked, applied = _short(standing.asked), _short(standing.applied)
    told = "applied" if standing.is_applied else f"applied is {applied}"
    yield printable(f"{where}: not healthy; asked is {asked}, {told}{_since(standing.since)}")
    for one in standing.troubles:
        yield printable(f"  {wanted.place(one)}: {one.kind}/{one.name}: {one.message}")


def _short(revision: str) -> str:
    """A revision as Flux has it, with as much of its commit as other commands show."""
    branch, colon, commit = revision.rpartition(":")
    return f"{branch}{colon}{commit[:12]}" or "nothing"


def _since(time: str) -> str:
    """A time of Kubernetes, where there is one, as other commands write it."""
    return f", since {time.replace('T', ' ')}" if time else ""


def _as_data(wanted: _Wanted, standing: "Standing") -> dict[str, Any]:
    return {
        "comb": wanted.cluster.release.comb,
        "environment": wanted.cluster.release.environment,
        "cluster": wanted.cluster.cluster,
        "asked": standing.asked or None,
        "applied": standing.applied or None,
        "healthy": standing.is_healthy,
        "failed": standing.has_failed,
        "since": standing.since or None,
        "emergency": standing.emergency or None,
        "troubles": [
            {"kind": one.kind, "name": one.name, "message": one.message, "place": wanted.place(one)}
            for one in standing.troubles
        ],
    }
