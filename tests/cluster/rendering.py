"""Combs rendered for platforms that tests make up, as `comb render` does it."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from comb_compiler.compiler.check import Checked, check
from comb_compiler.compiler.compile import lower_comb
from comb_compiler.compiler.render import platform_files, render_comb, render_platforms, unbuilt_images
from comb_compiler.diagnostics import Diagnostic, Severity
from comb_compiler.plan import ClusterPlan, parted
from comb_compiler.plan.planning import plan_comb
from comb_compiler.release import plan_bytes
from comb_compiler.render import Rendering, emit, render_cluster
from comb_compiler.source import SourceSet, decode
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platformfile import bind_platform
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.cluster.objects import Object

__all__ = [
    "EXAMPLES",
    "GOLDEN",
    "Planned",
    "Rendered",
    "example_platform",
    "golden",
    "plan",
    "render_example",
    "written",
]

_ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = tuple(sorted(path.parent.name for path in (_ROOT / "examples").glob("*/comb.yaml")))
_KEPT_FILES = _ROOT / "tests" / "render" / "golden"
GOLDEN = tuple(
    str(path.relative_to(_KEPT_FILES))
    for path in sorted(_KEPT_FILES.rglob("*.yaml"))
    if path.name not in ("kustomization.yaml", "comb.yaml", "platform.yaml")
)
"""Objects that are kept as files, for people to read."""
_GREETING = "operators:Greet"


class _Kept(dict[str, bytes]):
    """What protoc said, for all tests."""

    find = dict[str, bytes].get

    def keep(self, key: str, content: bytes) -> None:
        self[key] = content


_KEPT = _Kept()


def example_platform() -> dict[str, Any]:
    """The example's platform, which takes combs of everybody, promises or not."""
    text = (_ROOT / "examples" / "frame-moderation" / "platform.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    for name in ("floors", "firstRelease"):
        document.pop(name)
    document["environments"]["production"].pop("floors")
    for namespace in document["namespaces"].values():
        namespace.pop("teams")
    return document


def written(document: Mapping[str, Any], directory: Path, name: str = "platform.yaml") -> SourceSet:
    """A file with this content in a checkout of its own."""
    (directory / name).write_text(yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
    return load_sources(Checkout(directory), name, _KEPT)


def golden(name: str) -> Object:
    """One of `GOLDEN`."""
    found: Object = yaml.load((_KEPT_FILES / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


class Rendered(NamedTuple):
    """One cluster's plan and objects, by file: the platform's in an order in which they can be applied, the comb's."""

    platform: Platform
    here: ClusterPlan
    grounds: Mapping[str, Object]
    comb: Mapping[str, Object]


def render_example(example: str, platform: SourceSet, environment: str) -> list[Rendered]:
    """What each cluster is told of an example and its platform; what is told of errors fails the test."""
    comb = load_sources(Checkout(_ROOT), f"examples/{example}/comb.yaml", _KEPT)
    made = render_comb(comb, platform, environment, unbuilt_images, _KEPT)
    assert not errors(made.diagnostics), errors(made.diagnostics)
    assert made.clusters
    assert made.platform is not None
    assert made.platform.value is not None
    assert made.plan is not None
    platform_, here = made.platform.value, {one.cluster: one for one in made.plan.clusters}
    grounds = _grounds(platform_)
    return [
        Rendered(
            platform_,
            here[one.cluster],
            grounds[one.cluster],
            objects({**one.files, one.flux_file: one.flux_bytes}),
        )
        for one in made.clusters
    ]


def _grounds(platform: Platform) -> dict[str, dict[str, Object]]:
    """The platform's objects by cluster, namespaces first: others are in them."""
    grounds = {}
    for one in render_platforms(platform):
        files, flux = platform_files(one)
        made = objects({**files, **flux})
        grounds[one.cluster] = dict(sorted(made.items(), key=lambda item: item[1]["kind"] != "Namespace"))
    return grounds


def objects(files: Mapping[str, bytes]) -> dict[str, Object]:
    """Objects as the bytes of their files say them; what Kubernetes never sees is left out."""
    return {
        name: yaml.load(content, yaml.CSafeLoader)
        for name, content in files.items()
        if name.endswith(".yaml") and not name.endswith("kustomization.yaml")
    }


def errors(found: Iterable[Diagnostic]) -> list[str]:
    """What stands in the way, in words."""
    return [one.message for one in found if one.severity is Severity.ERROR]


class Planned(NamedTuple):
    """A comb on the one cluster of a platform: the plan, and the objects, even where it does not fit."""

    platform: Platform
    here: ClusterPlan
    grounds: tuple[Object, ...]
    objects: tuple[Object, ...]
    is_impossible: bool
    """Whether it is said for certain that not all instances find a place."""


def plan(name: str, operators: Mapping[str, Any], platform: Mapping[str, Any], directory: Path) -> Planned:
    """Plan and render a comb with these operators, each in a pod of its own, called one after the other."""
    comb = _checked(name, operators, platform, directory)
    content = (directory / "platform.yaml").read_bytes()
    source, _ = decode("platform.yaml", content)
    assert source is not None
    bound = bind_platform(read_once(source))
    assert bound.value is not None
    assert comb.checked.comb is not None
    base = comb.checked.comb.base
    assert base.value is not None
    planned = plan_comb(base, bound, "production", (*operators, "greet"))
    (here,) = planned.plan.clusters
    execution = parted(lower_comb(comb.checked, comb.sources), planned.plan.groups)
    images = unbuilt_images(planned.plan, name)
    rendering = Rendering(
        comb=base.value,
        platform=bound.value,
        plan=planned.plan,
        here=here,
        execution=execution,
        plan_file=plan_bytes(execution),
        images=images,
        run="test",
    )
    impossible = any(one.message.startswith("in the cluster `east` no place is left") for one in planned.diagnostics)
    files = {one.file: emit(one.object).encode() for one in render_cluster(rendering)}
    grounds = tuple(_grounds(bound.value)[here.cluster].values())
    return Planned(bound.value, here, grounds, tuple(objects(files).values()), impossible)


class _Comb(NamedTuple):
    sources: SourceSet
    checked: Checked


def _checked(name: str, operators: Mapping[str, Any], platform: Mapping[str, Any], directory: Path) -> _Comb:
    for file in ("hello.proto", "operators.py"):
        shutil.copy(_ROOT / "examples" / "hello" / file, directory)
    request, response = "hello.v1.GreetRequest", "hello.v1.GreetResponse"
    passes = {"run": _GREETING, "in": {"request": request}, "out": request}
    graph, last = {}, "$request"
    for one in operators:
        graph[f"after_{one}"] = f"{one}(request={last})"
        last = f"after_{one}"
    document = {
        "apiVersion": "comb.dev/v1",
        "kind": "Comb",
        "metadata": {"name": name},
        "interface": {"proto": "hello.proto", "method": "hello.v1.GreeterService/Greet"},
        "operators": {
            **{one: {**passes, **fields} for one, fields in operators.items()},
            "greet": {**passes, "out": response},
        },
        "graph": {**graph, "greeting": f"greet(request={last})", "return": "greeting"},
    }
    written(platform, directory)
    sources = written(document, directory, "comb.yaml")
    checked = check(sources, memo=_KEPT)
    assert not errors(checked.diagnostics), errors(checked.diagnostics)
    return _Comb(sources, checked)
