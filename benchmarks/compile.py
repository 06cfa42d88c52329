"""What rendering costs beside helm template, kustomize build and go-jsonnet: whole processes, the same objects.

The peers are given what comb makes of the example for one cluster: helm as a chart whose templates take names, images,
replicas and resources from values, kustomize as a base with an overlay for each comb (prefix, namespace, images,
replicas, a patch), jsonnet as a function of the name. They read no comb, check nothing and plan nothing; comb does all
of that on the way. CPU is user and system time of the process and its children.

Only comb writes files, one for each object; the peers print. Everything is done in memory where that is mounted as a
directory, since what a disk's file system takes to make a file (0.2 ms and more, by how many were deleted lately) would
be most of what is compared.

The goals (issue "From the graph to a cluster"): one comb at most 3 × helm; of many at most 2 × helm's CPU per object
and a tenth of kustomize's; twice as many at most 2.2 × that.
"""

import argparse
import compileall
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
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "frame-moderation"
RESULT = ROOT / "benchmarks" / "results" / "compile.md"
COMB = Path(sys.executable).parent / "comb"
NAME = "frame-moderation"
ENVIRONMENT = "staging"  # one cluster
_PAIRS = 31
_IN_MEMORY = Path("/dev/shm")
_IMPORTS = "import pydantic, yaml"
_LEAST = """\
import sys, types, yaml
sys.modules["pydantic.plugin._loader"] = types.SimpleNamespace(get_plugins=tuple)  # what comb does without
from pydantic import BaseModel
class Least(BaseModel): name: str
Least(name="")
"""
"""`import pydantic` alone loads next to nothing of it: that comes with the first model."""
_MODELS = """\
import sys, types, yaml
sys.modules["pydantic.plugin._loader"] = types.SimpleNamespace(get_plugins=tuple)
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.platform import Platform
Comb.model_rebuild(), Platform.model_rebuild()
"""


class Cost(NamedTuple):
    """Seconds of a process: on the clock, and of CPU."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--helm", type=Path)
    parser.add_argument("--kustomize", type=Path)
    parser.add_argument("--jsonnet", type=Path)
    parser.add_argument("--runs", type=int, default=11, help="for one comb")
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--many-runs", type=int, default=3, help="for many combs")
    parser.add_argument("--kustomize-many", type=int, default=100, help="kustomize's time grows faster than its input")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    peers = {name: getattr(arguments, name) for name in ("helm", "kustomize", "jsonnet") if getattr(arguments, name)}
    compileall.compile_dir(ROOT / "comb_compiler", quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as scratch:
        os.environ["COMB_CACHE_DIR"] = f"{scratch}/cache"  # what protoc made of the same .proto files is kept
        table = _table(Path(scratch), {name: path.resolve() for name, path in peers.items()}, arguments)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _table(scratch: Path, peers: Mapping[str, Path], arguments: argparse.Namespace) -> str:
    objects = _objects(scratch / "objects")
    one = _one(scratch / "one", objects, peers, arguments.runs)
    counts = {"kustomize": arguments.kustomize_many}
    runs = _many(scratch / "many", objects, peers, arguments, counts)
    many = {name: _median(costs) for name, costs in runs.items() if name != _TWICE}
    growth = statistics.median(
        twice.cpu / once.cpu for twice, once in zip(runs[_TWICE], runs["comb render"], strict=True)
    )
    lines = [
        f"# Rendering\n\n{datetime.now(tz=UTC).date()} · {_machine()} · {len(objects)} objects a comb",
        f"{_versions(peers)} · load average {os.getloadavg()[0]:.0f}\n",
        f"One comb, medians of {arguments.runs} interleaved runs of whole processes (goal: 3 × helm's):\n",
        "| what | wall | CPU | of helm's CPU |\n|---|---|---|---|",
        *(_row(name, cost, one.get("helm")) for name, cost in one.items()),
        f"\n{arguments.many:,} combs in one process (kustomize: {arguments.kustomize_many:,}; goal: 2 × helm's):\n",
        "| what | wall | CPU per object | of helm's |\n|---|---|---|---|",
        *_rows(many, {name: len(objects) * counts.get(name, arguments.many) for name in many}),
        f"\nThese are medians of {arguments.many_runs} interleaved runs.",
        f"Twice as many combs take {growth:.2f} × the CPU (goal: < 2.2).\n",
        f"Knowing what caused each line adds {_causes():.0%} to planning and rendering (goal: at most 10%).\n",
        _READING,
        "Repeat: `.venv/bin/python benchmarks/compile.py --helm PATH --kustomize PATH --jsonnet PATH --record`",
    ]
    return "\n".join(lines) + "\n"


_READING = """\
comb reads, checks, proves, plans and packs each comb before it renders it; the peers fill in templates. It alone writes
files; all of them work in memory (/dev/shm) where there is such a directory, so that no disk is compared.

One comb: what is lost is lost before the first line of a comb.yaml is read. The three last rows say how much: Python
with pydantic and PyYAML imported, with pydantic at work for one model of one field, and with the models of comb.yaml
and platform.yaml declared and built, which pydantic does anew in each process. More than half of the goal is gone with
the first model, and nine tenths with those of both files; the rest of `comb render` is its other modules, and the work.
An editor and a pull request check more often than they render, and a check of what did not change imports neither
(benchmarks/results/check.md).

Many combs: what is lost to helm is what helm does not do. To read a comb, check it, prove its graph and plan it takes
as long as to render and write it, and of nothing in it is there much: reading YAML is an eighth, planning and what is
proven of graphs a tenth each, writing YAML a fifteenth. So it takes one and a half times helm's, and on a busy machine
more than twice. Against kustomize comb gains, which reads every object again for each overlay.

A busy machine takes more CPU for the same work, most of all from what holds much memory, and differences of a few
percent are lost in it: the load average is that of the measurement's end.

With policies and schemas, beside the pipeline that asks them today: benchmarks/results/compile-pipeline.md.
"""


def _causes() -> float:
    """By how much rendering is slower than with no record of causes: the median over interleaved pairs."""
    from comb_compiler.compiler.render import render_comb, unbuilt_images
    from comb_compiler.workspace.checkout import Checkout
    from comb_compiler.workspace.sources import load_sources

    sources = [load_sources(Checkout(ROOT), f"examples/{NAME}/{file}.yaml") for file in ("comb", "platform")]
    modules = [module for name, module in sys.modules.items() if name.startswith("comb_compiler.render")]
    marks = [(module, module.caused) for module in modules if hasattr(module, "caused")]
    makers = [(module, module.manifest) for module in modules if callable(getattr(module, "manifest", None))]

    def seconds(*, known: bool) -> float:
        for module, caused in marks:
            module.caused = caused if known else (lambda value, cause: value)  # type: ignore[attr-defined]
        for module, make in makers:
            module.manifest = make if known else _without_causes  # type: ignore[attr-defined]
        begin = time.process_time()
        rendered = render_comb(sources[0], sources[1], "production", unbuilt_images)
        assert rendered.clusters
        return time.process_time() - begin

    pairs = [(seconds(known=True), seconds(known=False)) for _ in range(_PAIRS)]
    return statistics.median(slow / fast for slow, fast in pairs[1:]) - 1


def _without_causes(made: Mapping[str, Any], cause: Any, file: str = "") -> Any:
    from comb_compiler.render import Manifest

    plain = _plain(made)
    return Manifest(file or f"{plain['kind'].lower()}-{plain['metadata']['name']}.yaml", plain, {(): cause})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one is not None}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _row(name: str, cost: Cost, helm: Cost | None) -> str:
    ratio = f"{cost.cpu / helm.cpu:.2f} ×" if helm else ""
    return f"| {name} | {cost.wall * 1e3:.0f} ms | {cost.cpu * 1e3:.0f} ms | {ratio} |"


def _rows(costs: Mapping[str, Cost], objects: Mapping[str, int]) -> Iterator[str]:
    each = {name: cost.cpu / objects[name] for name, cost in costs.items()}
    for name, cost in costs.items():
        ratio = f"{each[name] / each['helm']:.2f} ×" if "helm" in each else ""
        yield f"| {name} | {cost.wall:.1f} s | {each[name] * 1e6:.0f} µs | {ratio} |"


def _objects(directory: Path) -> list[dict[str, Any]]:
    """What comb makes of the example for one cluster."""
    _run([*_render(EXAMPLE, EXAMPLE / "platform.yaml"), "-o", str(directory)], ROOT)
    files = sorted(path for path in directory.rglob("*.yaml") if path.name != "kustomization.yaml")
    return [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in files]


def _render(combs: Path, platform_file: Path) -> list[str]:
    environment = ["--platform", str(platform_file), "--environment", ENVIRONMENT]
    return [str(COMB), "render", str(combs), *environment, "--unbuilt"]


def _one(
    directory: Path, objects: Sequence[Mapping[str, Any]], peers: Mapping[str, Path], runs: int
) -> dict[str, Cost]:
    commands = {"comb render": [*_render(EXAMPLE, EXAMPLE / "platform.yaml"), "-o", str(directory / "out")]}
    commands |= _peers(directory, objects, peers, 1)
    commands[f"python: {_IMPORTS}"] = [sys.executable, "-c", _IMPORTS]
    commands["python: one model of one field"] = [sys.executable, "-c", _LEAST]
    commands["python: the models of both files, built"] = [sys.executable, "-c", _MODELS]
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            shutil.rmtree(directory / "out", ignore_errors=True)
            cost = _cost(command, directory)
            if run:
                costs[name].append(cost)
    return {name: _median(found) for name, found in costs.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(one.wall for one in costs), statistics.median(one.cpu for one in costs))


_TWICE = "twice as many"


def _many(
    directory: Path,
    objects: Sequence[Mapping[str, Any]],
    peers: Mapping[str, Path],
    arguments: argparse.Namespace,
    counts: Mapping[str, int],
) -> dict[str, list[Cost]]:
    """The costs of each run; also of comb for twice as many combs."""
    commands = {"comb render": _combs(directory / "combs", arguments.many)}
    commands[_TWICE] = _combs(directory / "twice", 2 * arguments.many)
    for name, path in peers.items():
        commands |= _peers(directory, objects, {name: path}, counts.get(name, arguments.many))
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(arguments.many_runs):
        for name, command in commands.items():
            for combs in ("combs", "twice"):
                shutil.rmtree(directory / combs / "out", ignore_errors=True)
            costs[name].append(_cost(command, directory))
    return costs


def _combs(directory: Path, count: int) -> list[str]:
    """A checkout with so many combs that share protos and rules."""
    text = (EXAMPLE / "comb.yaml").read_text(encoding="utf-8")
    for shared in ("protos", "rules"):
        shutil.copytree(EXAMPLE / shared, directory / shared)
    for number in range(count):
        place = directory / "combs" / f"c{number}"
        place.mkdir(parents=True)
        own = text.replace(f"name: {NAME}", f"name: comb-{number}", 1)
        own = own.replace("protos/moderation.proto", "../../protos/moderation.proto")
        own = own.replace("rules/decision.json", "../../rules/decision.json")
        (place / "comb.yaml").write_text(own, encoding="utf-8")
    shutil.copy(EXAMPLE / "platform.yaml", directory)
    command = _render(directory / "combs", directory / "platform.yaml")
    return [*command, "--root", str(directory), "-o", str(directory / "out")]


def _peers(
    directory: Path, objects: Sequence[Mapping[str, Any]], peers: Mapping[str, Path], count: int
) -> dict[str, list[str]]:
    """Each peer's command for so many combs."""
    directory.mkdir(parents=True, exist_ok=True)
    names = [f"comb-{number}" for number in range(count)]
    makers = {"helm": _helm, "kustomize": _kustomize, "jsonnet": _jsonnet}
    return {name: makers[name](directory / name, path, objects, names) for name, path in peers.items()}


def _helm(directory: Path, helm: Path, objects: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    (directory / "templates").mkdir(parents=True)
    (directory / "Chart.yaml").write_text("apiVersion: v2\nname: combs\nversion: 1.0.0\n", encoding="utf-8")
    combs = [{"name": name, "namespace": "moderation", "digest": "0" * 64, "replicas": 2, "cpu": "1"} for name in names]
    (directory / "values.yaml").write_text(yaml.safe_dump({"combs": combs}), encoding="utf-8")
    for number, one in enumerate(objects):
        text = yaml.safe_dump(dict(one), sort_keys=False).replace("{{", '{{ "{{" }}')
        text = text.replace(NAME, "{{ .name }}").replace("namespace: moderation-staging", "namespace: {{ .namespace }}")
        text = text.replace("0" * 64, "{{ .digest }}").replace("replicas: 2", "replicas: {{ .replicas }}")
        text = f"{{{{- range .Values.combs }}}}\n---\n{text}{{{{- end }}}}\n"
        (directory / "templates" / f"{number}.yaml").write_text(text, encoding="utf-8")
    return [str(helm), "template", "release", str(directory)]


def _kustomize(
    directory: Path, kustomize: Path, objects: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[str]:
    base = directory / "base"
    base.mkdir(parents=True)
    for number, one in enumerate(objects):
        (base / f"{number}.yaml").write_text(yaml.safe_dump(dict(one), sort_keys=False), encoding="utf-8")
    _kustomization(base, resources=[f"{number}.yaml" for number in range(len(objects))])
    deployments = sorted({one["metadata"]["name"] for one in objects if one["kind"] == "Deployment"})
    patch = json.dumps([{"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 2}])
    for name in names:
        overlay = directory / name
        overlay.mkdir()
        _kustomization(
            overlay,
            resources=["../base"],
            namePrefix=f"{name}-",
            namespace="moderation",
            images=[
                {"name": f"unbuilt.invalid/{one}", "newName": f"registry.example.com/{one}"} for one in deployments
            ],
            patches=[{"target": {"kind": "Deployment"}, "patch": patch}],
        )
    _kustomization(directory, resources=[f"./{name}" for name in names])
    return [str(kustomize), "build", str(directory)]


def _kustomization(directory: Path, **said: Any) -> None:
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")


def _jsonnet(directory: Path, jsonnet: Path, objects: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    directory.mkdir(parents=True)
    (directory / "objects.json").write_text(json.dumps(list(objects)), encoding="utf-8")
    (directory / "names.json").write_text(json.dumps(list(names)), encoding="utf-8")
    program = f"""
local objects = import 'objects.json';
local of(name) = [
  one + {{ metadata+: {{ name: std.strReplace(one.metadata.name, '{NAME}', name), namespace: 'moderation' }} }}
      + (if one.kind == 'Deployment' then {{ spec+: {{ revisionHistoryLimit: 2 }} }} else {{}})
  for one in objects
];
std.flattenArrays([of(name) for name in import 'names.json'])
"""
    (directory / "main.jsonnet").write_text(program, encoding="utf-8")
    return [str(jsonnet), "-y", str(directory / "main.jsonnet")]


def _cost(command: Sequence[str], directory: Path) -> Cost:
    """Run it, with what it prints thrown away."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command, directory)
    ended, after = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(ended - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _run(command: Sequence[str], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")


def _versions(peers: Mapping[str, Path]) -> str:
    asked = {"helm": ["version", "--short"], "kustomize": ["version"], "jsonnet": ["--version"]}
    told = (
        subprocess.run([path, *asked[name]], capture_output=True, text=True).stdout.strip()
        for name, path in peers.items()
    )
    return ", ".join(f"{name} {one.split()[-1]}" for name, one in zip(peers, told, strict=True))


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
