"""Flux's own kustomize-controller applies what is rendered, keeps it so, and takes it away again."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.compiler import check
from comb_compiler.compiler.render import RenderedCluster
from comb_compiler.release.images import UNBUILT
from comb_compiler.render.flux import NAMESPACE, PLATFORM
from comb_compiler.source import SourceSet
from comb_compiler.spec.platform import Platform
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.cluster.api import Api, until
from tests.cluster.delivery import ROOT, Delivery, delivery_with_nodes, rendered
from tests.cluster.objects import Object
from tests.cluster.rendering import example_platform, written
from tests.cluster.test_scheduling import volume
from tests.conftest import RequiresTool
from tests.publish.environment import git, keypair
from tests.servers.control_plane import ControlPlane
from tests.support.terminal import on_terminal

HOME = "moderation-staging"
DEPLOYMENT = ("apps/v1", "Deployment")
MANAGER = "kustomize-controller"
DEVICE = {"gpu": {"memory": "3Gi"}}
SECONDS = 240.0
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def platform_file(tmp_path_factory: pytest.TempPathFactory) -> SourceSet:
    return written(example_platform(), tmp_path_factory.mktemp("platform"))


@pytest.fixture(scope="module")
def platform(platform_file: SourceSet) -> Platform:
    bound = check(platform_file).platform
    assert bound is not None
    assert bound.value is not None
    return bound.value


@pytest.fixture(scope="module")
def cluster(
    plane: ControlPlane,
    api: Api,
    platform: Platform,
    requires_tool: RequiresTool,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Delivery]:
    """The cluster with Flux and its nodes, for all tests here."""
    with delivery_with_nodes(plane, api, tmp_path_factory.mktemp("flux"), platform) as made:
        yield made
    api.delete_all("v1", "Node")
    api.delete_all("v1", "PersistentVolume")


@pytest.fixture
def flux(cluster: Delivery) -> Iterator[Delivery]:
    """Flux with nothing but the platform."""
    yield cluster
    cluster.clear()


class Combs:
    """Small combs in one checkout, beside the platform."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._platform = written(example_platform(), root)

    def greeting(self, name: str, digit: str = "0", **fields: Any) -> RenderedCluster:
        """A comb with one operator, of which `fields` say more; another digit is another build of its images."""
        directory = self.root / name
        shutil.copytree(EXAMPLES / "hello", directory, dirs_exist_ok=True)
        document = yaml.safe_load((directory / "comb.yaml").read_text(encoding="utf-8"))
        document["metadata"]["name"] = name
        document["operators"]["greet"] |= fields
        return rendered(written(document, directory, "comb.yaml"), self._platform, "staging", digit)


@pytest.fixture
def combs(tmp_path: Path) -> Combs:
    return Combs(tmp_path)


def flux_name(comb: RenderedCluster) -> str:
    return str(comb.flux.object["metadata"]["name"])


def objects_of(comb: RenderedCluster) -> list[Object]:
    """What is to be in the cluster."""
    names = [name for name in comb.files if name.endswith(".yaml") and name != "kustomization.yaml"]
    return [yaml.load(comb.files[name], yaml.CSafeLoader) for name in names]


def found(api: Api, document: Object) -> Object | None:
    metadata = document["metadata"]
    return api.read(document["apiVersion"], document["kind"], metadata["name"], metadata.get("namespace"))


def differences(api: Api, documents: list[Object], owner: str) -> dict[str, Any]:
    """Objects that are not what Flux would make of these: no more, no less.

    Applied again in Flux's name, an object would lose what Flux put there that is not in the document, and have what
    is missing or was changed. What it has from others (defaults, status, an autoscaler) stays.
    """
    found_wrong = {}
    for document in documents:
        is_there = found(api, document)
        wanted = copy.deepcopy(document)
        labels = wanted["metadata"].setdefault("labels", {})
        labels |= {"kustomize.toolkit.fluxcd.io/name": owner, "kustomize.toolkit.fluxcd.io/namespace": NAMESPACE}
        applied = api.apply(wanted, dry=True, manager=MANAGER)
        if is_there is None or _without_moving(applied) != _without_moving(is_there):
            found_wrong[f"{document['kind']} {document['metadata']['name']}"] = (is_there, applied)
    return found_wrong


def _without_moving(document: Object) -> Object:
    metadata = {
        key: value
        for key, value in document["metadata"].items()
        if key not in ("managedFields", "resourceVersion", "generation")
    }
    return {**{key: value for key, value in document.items() if key != "status"}, "metadata": metadata}


def test_what_is_published_is_applied_as_it_was_rendered(
    flux: Delivery, api: Api, platform_file: SourceSet, platform: Platform
) -> None:
    sources = load_sources(Checkout(EXAMPLES.parent), "examples/frame-moderation/comb.yaml")
    comb = rendered(sources, platform_file, "production")
    documents = objects_of(comb)
    api.apply_all(volume(one) for one in documents if one["kind"] == "PersistentVolumeClaim")
    flux.put(comb)
    flux.wait(flux.publish(), ROOT, PLATFORM, flux_name(comb))
    assert len(documents) > 20
    assert differences(api, documents, flux_name(comb)) == {}
    assert flux.inventory(flux_name(comb)) == len(documents)
    for one in documents:
        if one["kind"] == "Deployment":
            labels = ",".join(f"{key}={value}" for key, value in one["spec"]["selector"]["matchLabels"].items())
            pods = api.list("v1", "Pod", one["metadata"]["namespace"], labels)
            assert pods
            assert {pod["status"]["phase"] for pod in pods} == {"Running"}
            wants_device = "nvidia.com/gpu" in str(one["spec"]["template"]["spec"]["containers"])
            assert {pod["spec"]["nodeName"].startswith("t4-") for pod in pods} == {wants_device}


def test_a_comb_waits_for_the_platform_to_be_applied(
    flux: Delivery, api: Api, platform: Platform, combs: Combs
) -> None:
    comb = combs.greeting("early")
    flux.take_platform()
    flux.put(comb)
    flux.publish()
    until(lambda: flux.condition(flux_name(comb)).get("reason") == "DependencyNotReady", SECONDS)
    assert PLATFORM in flux.condition(flux_name(comb))["message"]
    assert [one for one in objects_of(comb) if found(api, one)] == []
    flux.put_platform(platform)
    flux.wait(flux.publish(), PLATFORM, flux_name(comb))
    assert all(found(api, one) for one in objects_of(comb))


def test_an_update_replaces_the_pods(flux: Delivery, api: Api, combs: Combs) -> None:
    before, after = combs.greeting("rolled", "1"), combs.greeting("rolled", "2")
    flux.put(before)
    flux.wait(flux.publish(), flux_name(before))
    assert images_in_use(api, "rolled") == {"1"}
    flux.put(after)
    flux.wait(flux.publish(), flux_name(after))
    until(lambda: images_in_use(api, "rolled") == {"2"}, SECONDS)
    assert differences(api, objects_of(after), flux_name(after)) == {}


def images_in_use(api: Api, name: str) -> set[str]:
    """The last digits of the images of a comb's pods."""
    pods = api.list("v1", "Pod", HOME, f"app.kubernetes.io/name={name}")
    return {one["image"][-1] for pod in pods for one in pod["spec"]["containers"]}


def test_a_change_by_hand_is_taken_back(flux: Delivery, api: Api, combs: Combs) -> None:
    comb = combs.greeting("kept")
    flux.put(comb)
    flux.wait(flux.publish(), flux_name(comb))
    (deployment,) = (one for one in objects_of(comb) if one["kind"] == "Deployment")
    containers = copy.deepcopy(deployment["spec"]["template"]["spec"]["containers"])
    containers[0]["image"] = "registry.example.com/other:latest"
    by_hand = {"spec": {"template": {"spec": {"containers": containers}}}}
    api.patch(*DEPLOYMENT, "kept", HOME, by_hand)
    api.delete("v1", "Service", "kept", HOME)
    assert differences(api, [deployment], flux_name(comb)) != {}
    flux.request(flux_name(comb))
    until(lambda: api.read("v1", "Service", "kept", HOME) is not None, SECONDS)
    until(lambda: differences(api, objects_of(comb), flux_name(comb)) == {}, SECONDS)
    until(lambda: images_in_use(api, "kept") == {"0"}, SECONDS)


def test_a_comb_that_is_gone_is_pruned_and_nothing_else(flux: Delivery, api: Api, combs: Combs) -> None:
    gone, stays = combs.greeting("gone"), combs.greeting("stays")
    flux.put(gone)
    flux.put(stays)
    flux.wait(flux.publish(), flux_name(gone), flux_name(stays))
    uids = {one["metadata"]["uid"] for one in api.list(*DEPLOYMENT, HOME) if one["metadata"]["name"] == "stays"}
    flux.take(gone)
    revision = flux.publish()
    until(lambda: flux_name(gone) not in flux.names(), SECONDS)
    until(lambda: not [one for one in objects_of(gone) if found(api, one)], SECONDS)
    flux.wait(revision, ROOT, PLATFORM, flux_name(stays))
    until(lambda: not api.list("v1", "Pod", HOME, "app.kubernetes.io/name=gone"), SECONDS)
    assert {one["metadata"]["uid"] for one in api.list(*DEPLOYMENT, HOME)} == uids
    assert [one["status"]["phase"] for one in api.list("v1", "Namespace") if one["metadata"]["name"] == HOME] == [
        "Active"
    ]


def test_what_looks_like_a_variable_stays_as_it_is(flux: Delivery, api: Api, combs: Combs) -> None:
    text = "${HOME} ${NOTHING:=something} $HOME $(POD_NAME) $$ $${X}"
    comb = combs.greeting("literal", fallback={"value": {"text": text}}, description=text)
    flux.put(comb)
    flux.wait(flux.publish(), flux_name(comb))
    plans = [one for one in objects_of(comb) if one["kind"] == "ConfigMap" and text in str(one["data"])]
    assert plans
    for one in plans:
        is_there = found(api, one)
        assert is_there is not None
        assert is_there["data"] == one["data"]


def test_combs_that_cannot_become_healthy_hold_up_no_other(
    flux: Delivery, plane: ControlPlane, api: Api, combs: Combs
) -> None:
    """More of them than the controller has workers; one of them is mended meanwhile."""
    sick = [combs.greeting(f"sick-{number}", devices=["nvidia-t4"], resources=DEVICE) for number in range(6)]
    well = combs.greeting("well")
    with unschedulable(api, "t4-"):
        for one in sick:
            flux.put(one)
        flux.wait(flux.publish(), PLATFORM)
        until(lambda: all(found(api, document) for one in sick for document in objects_of(one)), 2 * SECONDS)
        mended = combs.greeting("sick-0", "1")
        flux.put(mended)
        flux.put(well)
        flux.wait(flux.publish(), flux_name(mended), flux_name(well))
        assert images_in_use(api, "sick-0") == {"1"}
        until(lambda: flux.condition(flux_name(sick[1])).get("reason") == "HealthCheckFailed", 2 * SECONDS)
        assert "timeout waiting for: [Deployment/" in flux.condition(flux_name(sick[1]))["message"]
        code, (one, other) = status(plane, combs, "sick-1", "well")
        assert (code, one["healthy"], other["healthy"]) == (1, False, True)
        assert one["applied"] == one["asked"]
        (trouble,) = one["troubles"]
        assert (trouble["kind"], trouble["name"]) == ("Deployment", "sick-1--nvidia-t4")
        assert "0 of 1 pods are ready" in trouble["message"]
        assert "nodes are available" in trouble["message"]
        file, line, _ = trouble["place"].split(":")
        assert file == "sick-1/comb.yaml"
        assert (combs.root / file).read_text(encoding="utf-8").splitlines()[int(line) - 1] == "  greet:"
        where = ("--platform=platform.yaml", "--environment=staging", f"--kubeconfig={plane.kubeconfig}")
        shown = on_terminal(
            80, "status", "sick-1", *where, "--context=west=test", cwd=combs.root, cache=combs.root / ".cache"
        )
        assert max(map(len, shown.splitlines())) <= 80
        assert shown.startswith(f"sick-1 in west: not healthy; asked is {one['asked'][:22]}, applied, since\n")
        assert trouble["message"] in " ".join(shown.split())
    code, (one,) = status(plane, combs, "sick-1", seconds=100)
    assert (code, one["healthy"]) == (0, True)


def test_a_comb_that_was_not_published_is_not_there(flux: Delivery, plane: ControlPlane, combs: Combs) -> None:
    combs.greeting("unheard-of")
    revision = flux.publish()
    flux.wait(revision, PLATFORM)
    code, (one,) = status(plane, combs, "unheard-of")
    assert (code, one["healthy"], one["failed"], one["applied"]) == (1, False, False, None)
    assert one["asked"] == revision
    assert [trouble["kind"] for trouble in one["troubles"]] == ["Kustomization"]


def test_what_comb_publishes_runs(flux: Delivery, plane: ControlPlane, api: Api, combs: Combs) -> None:
    comb = combs.greeting("published")
    document = example_platform()
    del document["environmentRepository"]["publishers"]  # whose keys nobody has
    written(document, combs.root)
    where = f"--repository={flux.repository.as_uri()}"
    ran = run_comb(combs, "publish", "published", "--unbuilt", where)
    [commit] = re.findall(r"^published as ([0-9a-f]{12})$", ran.stdout, re.MULTILINE)
    code, (one,) = status(plane, combs, "published", seconds=int(SECONDS), more=(where, f"--commit={commit}"))
    assert (code, one["healthy"], one["asked"][: len("main@sha1:") + 12]) == (0, True, f"main@sha1:{commit}")
    flux.wait(flux.follow(), flux_name(comb))
    assert differences(api, objects_of(comb), flux_name(comb)) == {}
    code, (one,) = status(plane, combs, "published")
    assert (code, one["healthy"]) == (0, True)


def images_file(combs: Combs, name: str, digit: str) -> str:
    """An images.json of another build, beside the combs."""
    image = f"{UNBUILT}/{name}@sha256:{digit * 64}"
    file = combs.root / f"images-{digit}.json"
    file.write_text(json.dumps({"unbuilt": True, "images": {name: {"cpu": image}}}), encoding="utf-8")
    return f"--images={file.name}"


def test_a_signed_comb_is_updated_rolled_back_mended_and_retired_by_commits(
    flux: Delivery, plane: ControlPlane, api: Api, combs: Combs, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = "lived"
    comb = combs.greeting(name)
    key, public = keypair(tmp_path_factory.mktemp("keys"), "ci")
    document = example_platform()
    document["environmentRepository"]["publishers"] = {"ci": {"key": public}}
    written(document, combs.root)
    git(combs.root, "init", "-q")
    git(combs.root, "add", ".")
    git(combs.root, "commit", "-qm", "a comb")
    where = f"--repository={flux.url}"
    start = flux.publish().removeprefix("main@sha1:")  # what is there was looked at

    def committed(command: str, *more: str) -> str:
        """Have `comb` commit, and Flux apply it; the commit."""
        done = run_comb(combs, command, name, where, f"--sign={key}", f"--trusted={start}", *more)
        assert done.returncode == 0, done.stderr
        flux.wait(flux.follow(), *([flux_name(comb)] if command != "retire" else []))
        return done.stdout.split()[-1]

    first = committed("publish", images_file(combs, name, "1"))
    assert images_in_use(api, name) == {"1"}
    committed("publish", images_file(combs, name, "2"))
    until(lambda: images_in_use(api, name) == {"2"}, SECONDS)
    committed("rollback", f"--to={first}")
    until(lambda: images_in_use(api, name) == {"1"}, SECONDS)
    assert run_comb(combs, "verify", name, where, f"--trusted={start}").returncode == 0
    assert status(plane, combs, name)[0] == 0

    [path] = [path for path in flux.files if path.endswith(f"deployment-{name}.yaml")]
    flux.files[path] = flux.files[path].replace(b"1" * 64, b"3" * 64)
    by_hand = flux.publish()
    flux.wait(by_hand, flux_name(comb))
    until(lambda: images_in_use(api, name) == {"3"}, SECONDS)  # Flux itself was not told to verify
    verified = run_comb(combs, "verify", name, where, f"--trusted={start}")
    assert verified.returncode == 1
    assert "no trusted publisher signed" in verified.stderr
    refused = run_comb(combs, "publish", name, where, f"--sign={key}", images_file(combs, name, "1"))
    assert refused.returncode == 1
    assert "no trusted publisher signed" in refused.stderr
    start = by_hand.removeprefix("main@sha1:")
    tampered = run_comb(combs, "verify", name, where, f"--trusted={start}")
    assert (tampered.returncode, f"deployment-{name}.yaml is not what" in tampered.stdout) == (1, True)
    committed("publish", images_file(combs, name, "1"))
    until(lambda: images_in_use(api, name) == {"1"}, SECONDS)

    too_many = run_comb(combs, "retire", name, where, f"--sign={key}", f"--trusted={start}")
    assert too_many.returncode == 1
    committed("retire", f"--allow-prune={too_many.stderr.split()[-1]}")
    until(lambda: not [one for one in objects_of(comb) if found(api, one)], SECONDS)
    until(lambda: not api.list("v1", "Pod", HOME, f"app.kubernetes.io/name={name}"), SECONDS)
    assert status(plane, combs, name)[1][0]["applied"] is None


def run_comb(combs: Combs, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`comb COMMAND …` in the checkout of the combs; what is said of findings is for the caller to judge."""
    options = ["--root=.", "--platform=platform.yaml", "--environment=staging"]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "comb_compiler", command, *arguments, *options],
        cwd=combs.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stderr
    return done


def status(
    plane: ControlPlane, combs: Combs, *names: str, seconds: int = 0, more: tuple[str, ...] = ()
) -> tuple[int, list[Any]]:
    """What `comb status` says of combs, and how it ends."""
    where = (f"--kubeconfig={plane.kubeconfig}", "--context=west=test")
    done = run_comb(combs, "status", *names, *where, f"--wait={seconds}", "--format=json", *more)
    return done.returncode, json.loads(done.stdout)["combs"]


@contextmanager
def unschedulable(api: Api, prefix: str) -> Iterator[None]:
    """Nodes that take no pods, as `kubectl cordon` has it."""
    names = [one["metadata"]["name"] for one in api.list("v1", "Node") if one["metadata"]["name"].startswith(prefix)]
    assert names
    for name in names:
        api.patch("v1", "Node", name, None, {"spec": {"unschedulable": True}})
    try:
        yield
    finally:
        for name in names:
            api.patch("v1", "Node", name, None, {"spec": {"unschedulable": None}})
