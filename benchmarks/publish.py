"""What a publication costs as the environment repository grows: 500,000 files and 10,000 commits beside 500 files.

The bars (issue "Publish to the environment repository"): beyond the first fetch at most 3 s and 300 MB, and at most
1.5 × what it takes in a repository of 500 files. It goes over HTTP to git's own server on the same machine, whose CPU
is counted apart, and so is one step of it: before git takes a commit it marks all trees and files of the parent as
known, whatever is pushed and by whom. Before each publication somebody else publishes another comb, so that there is
something to fetch. Memory is that of the publisher and of the largest of its processes together.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers.git_over_http import git_server  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "publish.md"
COMB = Path(sys.executable).parent / "comb"
HELLO = ROOT / "examples" / "hello"

_PER_COMB = 25
_CLUSTERS, _NAMESPACES = 10, 40
_PLATFORM = """apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {c0: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}}
namespaces: {greetings: {}}
environments: {production: {clusters: [c0], namespace: greetings}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""
_CHECK = """\
The check is `git rev-list --objects COMMIT --not --all`, which git's `receive-pack` runs before it moves a branch. To
know what is there already it marks every tree and file of the parent: {small:.2f} s of CPU in the small repository,
{large:.2f} s in the large one, for any push of any client, of one file as of a thousand. It depends neither on what is
sent nor on how: objects that are sent are few and thin, and neither bitmaps nor a commit-graph are asked. So by the
clock the bar of 1.5 × measures this step of the server, and the rows without it measure Comb.

"""
_MEASURED = """
import json, os, resource, sys, time
from pathlib import Path
from comb_compiler.cli.main import main
began = time.perf_counter()
code = main(sys.argv[1:])
own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({
    "code": code,
    "seconds": time.perf_counter() - began,
    "cpu": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
    "memory": (own.ru_maxrss + others.ru_maxrss) / 1024,
    "git": others.ru_utime + others.ru_stime,
}))
"""


class Size(NamedTuple):
    """How large a repository is."""

    files: int
    commits: int

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.files:,} files, {self.commits:,} commits"


SMALL, LARGE = Size(500, 10), Size(500_000, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument(
        "--keep", metavar="DIR", help="where repositories are kept between runs: making them takes minutes"
    )
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(arguments.keep or scratch)
        with git_server(kept) as url:
            table = _table(kept, Path(scratch), url, arguments.runs)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _table(kept: Path, scratch: Path, url: str, runs: int) -> str:
    publishers = [Publisher(_repository(kept, size), url, scratch / str(size.files)) for size in (SMALL, LARGE)]
    first = [one.publish(0) for one in publishers]
    found: list[list[Cost]] = [[], []]
    for run in range(1, runs + 1):
        for one, costs in zip(publishers, found, strict=True):
            one.others_publish(run)
            costs.append(one.publish(run))
    small, large = (_medians(costs) for costs in found)
    rows = [
        _row("seconds", small.seconds, large.seconds, 2, "≤ 3 s, ≤ 1.5 ×"),
        _row("… without the server's check", small.seconds - small.check, large.seconds - large.check, 2, "≤ 1.5 ×"),
        _row("CPU seconds of the publisher", small.cpu, large.cpu, 2, "≤ 1.5 ×"),
        _row("… of them git's", small.git, large.git, 2),
        _row("CPU seconds of the server", small.server, large.server, 2),
        _row("… of them its check, run again by itself", small.check, large.check, 2),
        _row("MB of memory", small.memory, large.memory, 0, "≤ 300 MB"),
        _row("first publication, with the first fetch: seconds", first[0].seconds, first[1].seconds, 1),
        _row("MB that are kept of the repository", *(one.mirror_bytes() / 1e6 for one in publishers), 1),
    ]
    today = datetime.now(tz=UTC).date()
    head = f"# comb publish\n\n{today} · {_machine()} · medians of {runs} interleaved publications\n\n"
    wanted = f"{os.getloadavg()[1]:.0f}"
    first = "; this ran before them all (SCHED_RR)" if os.sched_getscheduler(0) == os.SCHED_RR else ""
    head += f"Processes that wanted a core meanwhile: {wanted}{first}. Seconds are only telling where few did.\n\n"
    head += _CHECK.format(small=small.check, large=large.check)
    titles = f"| beyond the first fetch | {SMALL.name} | {LARGE.name} | ratio | bar |\n|---|---|---|---|---|\n"
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{head}{titles}{lines}\n\nRepeat: `.venv/bin/python benchmarks/publish.py --record`\n"


def _row(name: str, small: float, large: float, digits: int, bar: str = "") -> tuple[str, ...]:
    return name, f"{small:.{digits}f}", f"{large:.{digits}f}", f"{large / small:.2f} ×", bar


class Cost(NamedTuple):
    """What a publication took: seconds, CPU seconds, of them git's, those of the server, of them its check; and MB."""

    seconds: float
    cpu: float
    git: float
    server: float
    check: float
    memory: float


def _cpu_of_children() -> float:
    """CPU seconds of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _medians(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


class Publisher:
    """Somebody who publishes one comb again and again into one repository, with a cache of their own."""

    def __init__(self, repository: Path, server: str, directory: Path) -> None:
        self._repository, self._url = repository, f"{server}/git/{repository.name}"
        self._checkout, self._cache = directory / "checkout", directory / "cache"
        shutil.copytree(HELLO, self._checkout / "hello")
        (self._checkout / "platform.yaml").write_text(_PLATFORM, encoding="utf-8")
        self._comb = self._checkout / "hello" / "comb.yaml"
        self._text = self._comb.read_text(encoding="utf-8")

    def publish(self, run: int) -> Cost:
        """Change the comb and publish it."""
        text = self._text.replace("    out:", f"    timeout: {1000 + run}ms\n    out:")
        assert text != self._text
        self._comb.write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", _MEASURED, "publish", "hello", "--unbuilt", "--platform=platform.yaml"]
        command += ["--environment=production", "--root=.", f"--repository={self._url}"]
        environment = {**os.environ, "COMB_CACHE_DIR": str(self._cache), "PYTHONPATH": str(ROOT)}
        before = _cpu_of_children()
        done = subprocess.run(command, cwd=self._checkout, env=environment, capture_output=True, text=True, check=True)
        said, _, figures = done.stdout.strip().rpartition("\n")
        assert said.startswith("published as"), done.stderr
        found = json.loads(figures)
        server = _cpu_of_children() - before - found["cpu"]
        return Cost(found["seconds"], found["cpu"], found["git"], server, self._check(), found["memory"])

    def _check(self) -> float:
        """CPU seconds of what the server asked before it took the newest commit."""
        before = _cpu_of_children()
        _git(self._repository, "rev-list", "--objects", "--quiet", "main", "--not", "main^", "--")
        return _cpu_of_children() - before

    def others_publish(self, run: int) -> None:
        """Have somebody else's commit on top."""
        _import(self._repository, _comb_of_others(run))

    def mirror_bytes(self) -> int:
        """What is kept of the repository."""
        return sum(one.stat().st_size for one in self._cache.rglob("environments/**/*") if one.is_file())


def _repository(kept: Path, size: Size) -> Path:
    """A bare repository of a size, as a server has it: packed, with bitmaps."""
    made = kept / f"{size.files}-{size.commits}.git"
    if not made.exists():
        beside = kept / f"{made.name}.new"
        shutil.rmtree(beside, ignore_errors=True)
        _git(kept, "init", "-q", "--bare", "-b", "main", str(beside))
        _git(beside, "config", "uploadpack.allowFilter", "true")
        _git(beside, "config", "http.receivepack", "true")
        _import(beside, _history(size))
        _git(beside, "repack", "-adbq")
        beside.rename(made)
    work = kept / f"{made.name}.work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(made, work)
    return work


def _history(size: Size) -> Iterator[bytes]:
    """Combs come one after the other, so many in each commit."""
    combs = size.files // _PER_COMB
    each = max(1, combs // size.commits)
    for commit in range(size.commits):
        yield _commit(f"Publish {commit}")
        for number in range(commit * each, min((commit + 1) * each, combs)):
            yield from _files(number, number)


def _comb_of_others(run: int) -> Iterator[bytes]:
    yield _commit(f"Publish {run} again", onto=b"from refs/heads/main^0\n")
    yield from _files(run, time.time_ns())


def _commit(title: str, onto: bytes = b"") -> bytes:
    message = f"{title}\n\nComb-Compiler: 1\n".encode()
    head = b"commit refs/heads/main\ncommitter ci <ci@acme.example> %d +0000\n" % int(time.time())
    return b"%sdata %d\n%s\n%s" % (head, len(message), message, onto)


def _files(number: int, content: int) -> Iterator[bytes]:
    """The files of a comb: some of its own, and one that Flux finds it by."""
    cluster, namespace = f"c{number % _CLUSTERS}", f"team-{number // _CLUSTERS % _NAMESPACES}"
    here = f"clusters/{cluster}/{namespace}/comb-{number}"
    names = [f"{here}/object-{index}.yaml" for index in range(_PER_COMB - 1)]
    for name in (*names, f"clusters/{cluster}/_flux/{namespace}.comb-{number}.yaml"):
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  content: '{content}'\n".encode()
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(text), text)


def _import(repository: Path, stream: Iterator[bytes]) -> None:
    command = ["git", "-C", str(repository), "fast-import", "--quiet", "--force", "--done"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    for part in stream:
        process.stdin.write(part)
    process.stdin.write(b"done\n")
    process.stdin.close()
    assert process.wait() == 0


def _git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(directory), *arguments], check=True)


def _machine() -> str:
    return f"{os.cpu_count()} cores {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
