"""What rendering with policies costs beside the pipeline that does it today: helm template, kubeconform, conftest.

Whole processes, CPU of user and system with their children. Both sides make the objects that comb makes of the example
for one cluster: comb of so many comb.yaml files, helm of a chart whose templates take names and numbers from values.
kubeconform has the schemas that Comb's own tests hold rendered objects to (tests/cluster/schemas.json), a file for each
kind, on this machine; conftest has the eleven policies that a cluster is given (policies/), written anew in Rego
(compile_policies.rego). Before anything is measured, both are asked about the same objects, and have to say the same:
what is rendered, every fixture of the policies, and objects that were changed at random.

The goal (issue "Policies and plan"): comb takes at most half of the pipeline's CPU, for one comb and for many.
"""

import argparse
import compileall
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from compile import NAME, ROOT, _combs, _helm, _machine, _objects

sys.path.insert(0, str(ROOT))

from comb_compiler.compiler import check
from comb_compiler.policy.platform import platform_params
from comb_compiler.release.images import UNBUILT
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.cluster import schemas
from tests.policy.changing import changed
from tests.policy.own import admitted, own_fixtures, own_set

RESULT = ROOT / "benchmarks" / "results" / "compile-pipeline.md"
POLICIES = ROOT / "benchmarks" / "compile_policies.rego"
PEERS = ("helm", "kubeconform", "conftest")
_CHANGED = 2000
_POLICED = ("Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount")
_IN_MEMORY = Path("/dev/shm")

_NO_OBJECTS = ("-ignore-filename-pattern", r"(kustomization\.yaml|release\.json)$")  # what comb writes beside objects
_Objects = Sequence[Mapping[str, Any]]


class Step(NamedTuple):
    """A command, the directory that it runs in, and where what it prints goes."""

    command: Sequence[str]
    directory: Path
    prints: Path | None = None


class Peers(NamedTuple):
    """The programs of the pipeline, and what they are given: a directory with schemas, and one with params."""

    programs: Mapping[str, str]
    schemas: Path
    params: Path

    def kubeconform(self, asked: Path, *options: str) -> list[str]:
        where = f"{self.schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
        return [self.programs["kubeconform"], "-schema-location", where, *_NO_OBJECTS, *options, str(asked)]

    def conftest(self, asked: Path, params: Path | None = None) -> list[str]:
        given = ["--policy", str(POLICIES), "--data", str(params or self.params)]
        return [self.programs["conftest"], "test", *given, "--output", "json", str(asked)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in PEERS:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=11, help="for one comb")
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--many-runs", type=int, default=1)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "comb_compiler", quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as scratch:
        os.environ["COMB_CACHE_DIR"] = f"{scratch}/cache"
        table = _table(Path(scratch), arguments)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _table(scratch: Path, arguments: argparse.Namespace) -> str:
    push, params = _params()
    objects = json.loads(json.dumps(_objects(scratch / "objects")).replace(f'"{UNBUILT}/', f'"{push}/'))
    peers = Peers(
        {name: str(getattr(arguments, name).resolve()) for name in PEERS},
        _schemas(scratch / "schemas"),
        _write_params(scratch / "params", params),
    )
    compared = _compare(scratch / "compared", peers, objects)
    lines = [
        f"# Rendering with policies\n\n{datetime.now(tz=UTC).date()} · {_machine()} · {len(objects)} objects a comb",
        f"{_versions(peers)}\n",
        f"{compared}\n",
    ]
    for count, runs in ((1, arguments.runs), (arguments.many, arguments.many_runs)):
        costs = _costs(scratch / str(count), peers, objects, count, runs)
        lines += [*_rows(costs, count, runs, count * len(objects)), ""]
        shutil.rmtree(scratch / str(count))
    return "\n".join([*lines, _READING])


_READING = """\
The goal, half of the pipeline's CPU, is met for hundreds of combs and missed for one. Where comb loses:

- One comb: no program that validates comb.yaml with pydantic can have half of the pipeline. Python, pydantic and PyYAML
  imported and the models of comb.yaml and platform.yaml built are some three fifths of what comb takes, before a line
  is read, and more than the goal by themselves. The comb and Comb's other modules are a fifth, policies the last one:
  the CEL library, and the eighteen policies, read anew in each process, of whose expressions the types are kept from
  the run before. The three Go programs take less than a tenth of a second each. From some twenty combs on comb takes
  less than they do.
- Rendering alone: more than helm's CPU, for comb reads, checks, proves and plans what helm fills in. What is
  gained is gained where objects are judged: comb has them as values, and the peers read them again from YAML, each for
  itself.
- Schemas: comb checks no rendered object against its schema in a user's run. Its own tests do, for every kind that it
  renders. A user who asks kubeconform as well gets the second row, and that is no half of the pipeline.

Not equal, in favour of the peers: conftest is asked eleven policies; comb asks seven more, of the comb itself and of
all of its objects together (a budget for several replicas, no `replicas` beside an autoscaler), for which conftest
would have to be run once more with --combine. helm's chart has what comb worked out (plans, places on nodes, network
rules) as constant text, and comb.yaml's own checks have no peer here.

In favour of comb: the combs share one .proto file, which is compiled once. What is kept from run to run is no help to
many combs (`--no-cache` takes as much); one comb is spared protoc.

The peers are Go programs (`go install MODULE@VERSION`): helm.sh/helm/v4/cmd/helm,
github.com/yannh/kubeconform/cmd/kubeconform, github.com/open-policy-agent/conftest.

Repeat: `.venv/bin/python benchmarks/compile_pipeline.py --helm PATH --kubeconform PATH --conftest PATH --record`
"""


def _rows(costs: Mapping[str, float], count: int, runs: int, objects: int) -> Iterator[str]:
    combs = "One comb" if count == 1 else f"{count:,} combs"
    yield f"{combs}, CPU, medians of interleaved runs of whole processes ({runs}):\n"
    yield "| what | whole | for each object | of the pipeline |\n|---|---|---|---|"
    for name, cost in costs.items():
        whole = f"{cost * 1e3:.0f} ms" if cost < 1 else f"{cost:.1f} s"
        yield f"| {name} | {whole} | {cost / objects * 1e6:.0f} µs | {cost / costs['the pipeline']:.2f} × |"


def _costs(directory: Path, peers: Peers, objects: _Objects, count: int, runs: int) -> dict[str, float]:
    """Medians; of one comb after a run of everything that is not counted."""
    command = _combs(directory / "combs", count)
    platform_file = directory / "combs" / "platform.yaml"
    without = platform_file.read_text(encoding="utf-8")
    judged = platform_file.with_name("judged.yaml")
    judged.write_text(f"{without}\npolicies: [comb.dev]\n", encoding="utf-8")
    everything = directory / "all.yaml"
    chart = _helm(
        directory / "chart", Path(peers.programs["helm"]), objects, [f"comb-{number}" for number in range(count)]
    )
    out = directory / "combs" / "out"
    steps = {
        "comb render, no policies": Step(command, directory),
        "comb render": Step([str(judged) if one == str(platform_file) else one for one in command], directory),
        "kubeconform on what comb wrote": Step(peers.kubeconform(out), directory),
        "helm template": Step(chart, directory, everything),
        "kubeconform": Step(peers.kubeconform(everything), directory),
        "conftest": Step(peers.conftest(everything), directory),
    }
    found: dict[str, list[float]] = {name: [] for name in steps}
    for run in range(runs + (count == 1)):
        for name, step in steps.items():
            if name.startswith("comb"):
                shutil.rmtree(out, ignore_errors=True)
            cpu = _cpu(step)
            if run or count > 1:
                found[name].append(cpu)
    pipeline = [sum(one) for one in zip(found["helm template"], found["kubeconform"], found["conftest"], strict=True)]
    strict = [sum(one) for one in zip(found["comb render"], found["kubeconform on what comb wrote"], strict=True)]
    rows = {**found, "the pipeline": pipeline, "comb render, then kubeconform": strict}
    order = ("comb render", "comb render, then kubeconform", "comb render, no policies")
    return {
        name: statistics.median(rows[name])
        for name in (*order, "helm template", "kubeconform", "conftest", "the pipeline")
    }


def _cpu(step: Step) -> float:
    """Seconds of a step that finds nothing wrong."""
    before = os.times()
    with open(step.prints or os.devnull, "wb") as prints:
        done = subprocess.run(step.command, cwd=step.directory, stdout=prints, stderr=subprocess.PIPE)
    after = os.times()
    if done.returncode:
        raise SystemExit(f"{step.command[0]} failed:\n{done.stderr.decode()[-2000:]}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def _params() -> tuple[str, dict[str, Any]]:
    """Where the example's platform has its images, and what policies are told of it."""
    checked = check(load_sources(Checkout(ROOT), f"examples/{NAME}/platform.yaml"))
    assert checked.platform is not None
    platform = checked.platform.value
    assert platform is not None
    return str(platform.registry.push), platform_params(platform)["data"]


def _write_params(directory: Path, params: Mapping[str, Any]) -> Path:
    directory.mkdir(parents=True)
    (directory / "params.yaml").write_text(yaml.safe_dump({"params": dict(params)}), encoding="utf-8")
    return directory


def _schemas(directory: Path) -> Path:
    """A file for each kind, by the name that kubeconform asks for, with the definitions that it needs and no others."""
    directory.mkdir()
    kept = json.loads(schemas.FILE.read_text(encoding="utf-8"))
    for kind, schema in kept["kinds"].items():
        version, _, name = kind.partition(" ")
        group, _, number = version.rpartition("/")
        suffix = f"{group.partition('.')[0]}-{number}" if group else number
        needed: dict[str, Any] = {}
        _follow(schema, kept["definitions"], needed)
        made = {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "definitions": needed}
        if "$ref" in schema:  # what is beside a reference is not looked at
            made = {"$schema": made["$schema"], "allOf": [schema], "definitions": needed}
        (directory / f"{name.lower()}-{suffix}.json").write_text(json.dumps(made), encoding="utf-8")
    return directory


def _follow(schema: Any, definitions: Mapping[str, Any], needed: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for one in schema:
            _follow(one, definitions, needed)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).removeprefix("#/definitions/")
        if name in definitions and name not in needed:
            needed[name] = definitions[name]
            _follow(definitions[name], definitions, needed)
        for one in schema.values():
            _follow(one, definitions, needed)


def _compare(directory: Path, peers: Peers, objects: _Objects) -> str:
    """Ask both sides about the same objects; SystemExit with what differs. Returns what was compared."""
    dice = random.Random(13)
    fixtures = [dict(one.root.data) for one in own_fixtures() if one.root.data["kind"] != "Comb"]
    policed = [one for one in (*objects, *fixtures) if one["kind"] in _POLICED]
    varied = [changed(dice.choice(policed), dice) for _ in range(_CHANGED)]
    rendered = [*objects, *varied]
    broken = _differences("kubeconform", rendered, _kubeconform(directory / "kinds", peers, rendered), _offends)
    whole = [*objects, *fixtures, *(one for one in varied if not _offends(one))]
    known = [one for one in whole if _is_known(one)]
    refused = _differences("conftest", known, _conftest(directory / "objects", peers, known), admitted)
    unknown = [one for one in whole if not _is_known(one)]
    passed = sum(not one for one in _conftest(directory / "unknown", peers, unknown))
    return f"""\
Both sides were asked first about {len(objects)} objects as they are rendered, {len(fixtures)} fixtures of the
policies and {len(varied):,} objects that were changed at random. By their schemas {broken:,} are refused, on both
sides alike; by policies {refused} of the others, alike and in the same words. Of {len(unknown)} more some policy cannot
be evaluated, so that a cluster and Comb refuse them: Rego, where that is no answer, lets {passed} of them pass."""


def _is_known(document: Mapping[str, Any]) -> bool:
    """Whether every policy can be evaluated."""
    return all(message for _, message in admitted(document))


def _offends(document: Mapping[str, Any]) -> bool:
    return bool(schemas.offences(dict(document)))


def _differences(peer: str, asked: _Objects, said: Sequence[Any], ours: Callable[[Any], Any]) -> int:
    """How many are refused, by both sides alike."""
    for one, answer in zip(asked, said, strict=True):
        if answer != ours(one):
            raise SystemExit(f"{peer} says {answer}, and Comb {ours(one)}, of:\n{yaml.safe_dump(dict(one))}")
    return sum(bool(one) for one in said)


def _kubeconform(directory: Path, peers: Peers, asked: _Objects) -> list[bool]:
    """Whether kubeconform refuses each."""
    files = _files(directory, asked)
    said = json.loads(_told(peers.kubeconform(directory, "-output", "json", "-verbose")))["resources"]
    by_file = {Path(one["filename"]): one["status"] != "statusValid" for one in said}
    return [by_file[one] for one in files]


def _conftest(directory: Path, peers: Peers, asked: _Objects) -> list[set[tuple[str, str]]]:
    """What conftest says of each, by policy; with the params of the fixtures."""
    files = _files(directory, asked)
    params = _write_params(directory.with_name(f"{directory.name}-params"), own_set().params[0]["data"])
    said = json.loads(_told(peers.conftest(directory, params)))
    by_file = {Path(one["filename"]): one.get("failures", ()) for one in said}
    return [{tuple(failure["msg"].split(": ", 1)) for failure in by_file[one]} for one in files]


def _files(directory: Path, asked: _Objects) -> list[Path]:
    directory.mkdir(parents=True)
    files = [directory / f"{number}.json" for number in range(len(asked))]
    for file, one in zip(files, asked, strict=True):
        file.write_text(json.dumps(dict(one)), encoding="utf-8")
    return files


def _told(command: Sequence[str]) -> str:
    """What a command prints that may find mistakes."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _versions(peers: Peers) -> str:
    """The versions of the modules that they were built from: kubeconform does not say its own."""
    told = (_told(["go", "version", "-m", program]).split() for program in peers.programs.values())
    return ", ".join(f"{name} {said[said.index('mod') + 2]}" for name, said in zip(peers.programs, told, strict=True))


if __name__ == "__main__":
    main()
