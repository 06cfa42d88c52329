"""The rendered command lines start the real service: taken from the manifests, and asked as callers ask it."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from comb_compiler.compiler.render import render_comb, unbuilt_images
from comb_compiler.release import parse_plan, plan_bytes
from comb_compiler.render import layout
from comb_compiler.runtime.client import Terms
from comb_compiler.runtime.client.remote import open_remote
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.examples.moderation import EXAMPLE, ROOT, locate
from tests.servers.processes import free_ports
from tests.support.memory import REMEMBERED

pytestmark = pytest.mark.slow

_FRAME = EXAMPLE / "samples" / "rotated" / "followers" / "frame.jpg"
_PATIENCE = 240.0
Object = Mapping[str, Any]


class Process(NamedTuple):
    """A container of a Deployment, as a process: where it answers, and the object that it is of."""

    deployment: Object
    popen: "subprocess.Popen[bytes]"
    ports: Mapping[str, int]

    @property
    def container(self) -> Object:
        """The container."""
        found: Object
        [found] = self.deployment["spec"]["template"]["spec"]["containers"]
        return found

    def is_well(self, probe: str) -> bool:
        """Whether a probe of the container would succeed now."""
        said = self.container[probe]["httpGet"]
        try:
            url = f"http://127.0.0.1:{self.ports[said['port']]}{said['path']}"
            with urllib.request.urlopen(url, timeout=self.container[probe]["timeoutSeconds"]):
                return True
        except OSError:
            return False


@pytest.fixture(scope="module")
def objects() -> list[Object]:
    checkout = Checkout(ROOT)
    sources = [load_sources(checkout, f"examples/frame-moderation/{n}.yaml", REMEMBERED) for n in ("comb", "platform")]
    made = render_comb(sources[0], sources[1], "production", unbuilt_images, REMEMBERED)
    return [one.object for one in made.clusters[0].manifests]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [one for one in objects if one["kind"] == kind]


@pytest.fixture(scope="module")
def pods(objects: list[Object], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Process]]:
    """A process for each Deployment, with what its volumes hold."""
    with started(objects, tmp_path_factory.mktemp("pods")) as found:
        yield found


@contextmanager
def started(objects: list[Object], directory: Path) -> Iterator[dict[str, Process]]:
    deployments = of_kind(objects, "Deployment")
    numbers = iter(free_ports(2 * len(deployments)))
    ports = {one["metadata"]["name"]: {"grpc": next(numbers), "http": next(numbers)} for one in deployments}
    with ExitStack() as stack:
        found = {}
        for one in deployments:
            name = one["metadata"]["name"]
            command, environment = on_this_machine(objects, one, ports, directory)
            log = stack.enter_context((directory / f"{name}.log").open("wb"))
            popen = stack.enter_context(subprocess.Popen(command, cwd=directory, env=environment, stderr=log))
            stack.callback(popen.kill)
            found[name] = Process(one, popen, ports[name])
        deadline = time.monotonic() + _PATIENCE
        while not all(one.is_well("readinessProbe") for one in found.values()):
            gone = [name for name, one in found.items() if one.popen.poll() is not None]
            assert not gone, (directory / f"{gone[0]}.log").read_text()
            assert time.monotonic() < deadline, "they are not ready"
            time.sleep(0.1)
        yield found


def on_this_machine(
    objects: list[Object], deployment: Object, ports: Mapping[str, Mapping[str, int]], directory: Path
) -> tuple[list[str], dict[str, str]]:
    """A container's command line and environment; what names paths and ports of the pod names those here."""
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    mine = ports[deployment["metadata"]["name"]]
    places = mounted(objects, pod, container, directory)
    places |= {layout.CODE: str(EXAMPLE), layout.ARTIFACTS: str(artifacts(directory))}
    said = [*container["command"], *container["args"]]
    assert said[0] == "python"
    translated = [sys.executable, *(here_of(argument, places, mine, objects, ports) for argument in said[1:])]
    own = {one["name"]: one["value"] for one in container["env"]}
    return translated, {**os.environ, **own, "HOME": str(directory), "PYTHONPATH": str(ROOT)}


def here_of(
    argument: str,
    places: Mapping[str, str],
    mine: Mapping[str, int],
    objects: list[Object],
    ports: Mapping[str, Mapping[str, int]],
) -> str:
    """An argument that names a path, a port or a Service of the pod, as it is on this machine."""
    said = argument.replace("--host=0.0.0.0", "--host=127.0.0.1")
    for there, here in places.items():
        said = said.replace(there, here)
    said = re.sub(r"^(--(grpc|http)-port)=\d+$", lambda found: f"{found[1]}={mine[found[2]]}", said)
    return re.sub(r"=([a-z0-9-]+)\.moderation\.svc:\d+$", lambda found: served(objects, found[1], ports), said)


def served(objects: list[Object], service: str, ports: Mapping[str, Mapping[str, int]]) -> str:
    """Where the pods are that a Service selects."""
    [found] = [one for one in of_kind(objects, "Service") if one["metadata"]["name"] == service]
    selector = found["spec"]["selector"].items()
    [name] = [
        one["metadata"]["name"]
        for one in of_kind(objects, "Deployment")
        if selector <= one["spec"]["template"]["metadata"]["labels"].items()
    ]
    return f"=127.0.0.1:{ports[name]['grpc']}"


def mounted(objects: list[Object], pod: Object, container: Object, directory: Path) -> dict[str, str]:
    """Directories with what the volumes hold, by where the container sees them."""
    places = {}
    for mount in container["volumeMounts"]:
        [volume] = [one for one in pod["volumes"] if one["name"] == mount["name"]]
        place = directory / volume["name"]
        place.mkdir(exist_ok=True)
        places[mount["mountPath"]] = str(place)
        if "configMap" in volume:
            name = volume["configMap"]["name"]
            [config] = [one for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == name]
            for file, text in config["data"].items():
                (place / file).write_bytes(patient(text.encode()) if file == layout.PLAN_FILE else text.encode())
    return {there: here for there, here in places.items() if there not in ("/tmp", "/dev/shm")}


def patient(content: bytes) -> bytes:
    """The plan, with time enough for a machine that does other things as well."""
    plan = parse_plan(content)
    bindings = tuple(binding._replace(timeout=_PATIENCE) for binding in plan.bindings)
    return plan_bytes(plan._replace(bindings=bindings, deadline=2 * _PATIENCE))


def artifacts(directory: Path) -> Path:
    """The models' files by their digests, as an image has them."""
    place = directory / "artifacts"
    place.mkdir(exist_ok=True)
    for binding in parse_plan((directory / "plan" / layout.PLAN_FILE).read_bytes()).bindings:
        if binding.model is not None and not (place / binding.model.sha256).exists():
            (place / binding.model.sha256).symlink_to(locate(binding.model))
    return place


def asked(address: str) -> Any:
    async def main() -> Any:
        remote = await open_remote(address)
        try:
            request = remote.request_type(frame={"image": _FRAME.read_bytes()}, check_nudity=True)
            return await remote.ask(request, Terms(timeout=_PATIENCE))
        finally:
            await remote.close()

    return asyncio.run(main())


def test_the_processes_of_the_manifests_answer_a_real_picture(pods: dict[str, Process]) -> None:
    assert sorted(pods) == [
        "frame-moderation",
        "frame-moderation--detect--nvidia-a10",
        "frame-moderation--nsfw--cpu",
        "frame-moderation--straighten--nvidia-a10",
    ]
    outcome = asked(f"127.0.0.1:{pods['frame-moderation'].ports['grpc']}")
    assert not outcome.failed, outcome
    assert {step.name for step in outcome.steps} == {"boxes", "straight", "lines", "unsafe", "verdict"}


def test_all_probes_of_a_running_pod_succeed(pods: dict[str, Process]) -> None:
    for one in pods.values():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert one.is_well(probe), (one.deployment["metadata"]["name"], probe)


def test_weights_in_the_mounted_file_decide_and_are_read_again(objects: list[Object], pods: dict[str, Process]) -> None:
    [config] = [one for one in of_kind(objects, "ConfigMap") if layout.WEIGHTS_FILE in one["data"]]
    assert json.loads(config["data"][layout.WEIGHTS_FILE]) == {"arms": {"control": 90, "rotate": 10}}
    front = pods["frame-moderation"]
    [argument] = [one for one in front.popen.args if str(one).startswith("--weights=")]  # type: ignore[union-attr]
    file = Path(str(argument).partition("=")[2])
    assert weights(front) == {"control": 90.0, "rotate": 10.0}
    file.write_text(json.dumps({"arms": {"control": 0, "rotate": 1}}))
    deadline = time.monotonic() + _PATIENCE
    while weights(front) != {"control": 0.0, "rotate": 1.0}:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def weights(front: Process) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{front.ports['http']}/metrics") as response:
        text = response.read().decode()
    found = re.findall(r'^comb_arm_weight\{arm="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_they_say_the_release_that_the_manifest_names(pods: dict[str, Process]) -> None:
    front = pods["frame-moderation"]
    [release] = [one["value"] for one in front.container["env"] if one["name"] == "COMB_RELEASE"]
    with urllib.request.urlopen(f"http://127.0.0.1:{front.ports['http']}/metrics") as response:
        assert f'release="{release}"' in response.read().decode()


def test_a_pod_ends_within_its_grace(objects: list[Object], tmp_path: Path) -> None:
    with started(objects, tmp_path) as found:
        for one in found.values():
            one.popen.send_signal(signal.SIGTERM)
        for one in found.values():
            grace = one.deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert one.popen.wait(grace) == 0
