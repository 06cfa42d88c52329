"""The rendered command lines of a stable release and of a candidate, as processes: who answers whom."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from comb_compiler.compiler.render import RenderedCluster, render_comb, unbuilt_images
from comb_compiler.compiler.rollout import read_stable, render_step
from comb_compiler.diagnostics import has_errors
from comb_compiler.render import layout
from comb_compiler.runtime.client import Terms
from comb_compiler.runtime.client.remote import open_remote
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.servers.processes import free_ports

pytestmark = pytest.mark.slow

HELLO = Path(__file__).resolve().parents[2] / "examples" / "hello"
ARMS = "experiment: {key: header/x-user-id, arms: {control: {weight: 1}, other: {weight: 1}}}\n"
STEPS = "rollout: {steps: [10%, 50%]}\n"
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}}
namespaces: {greetings: {}}
environments: {production: {clusters: [east], namespace: greetings}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""
BETTER = "\n\nclass Better(Greet):\n    pass\n"
TENTH, HALF = Decimal("0.1"), Decimal("0.5")
USERS = 200
PATIENCE = 240.0
Object = dict[str, Any]


def released(code: Path, entry: str) -> RenderedCluster:
    """A release whose operator is at this entry point."""
    comb = (HELLO / "comb.yaml").read_text(encoding="utf-8").replace("operators:Greet", f"operators:{entry}")
    (code / "comb.yaml").write_text(comb + ARMS + STEPS, encoding="utf-8")
    (code / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    checkout = Checkout(code)
    sources, platform = (load_sources(checkout, name) for name in ("comb.yaml", "platform.yaml"))
    made = render_comb(sources, platform, "production", unbuilt_images)
    assert not has_errors(made.diagnostics), made.diagnostics
    [cluster] = made.clusters
    return cluster


class Pod(NamedTuple):
    """A Deployment's container as a process; `weights` is the file that it watches."""

    popen: "subprocess.Popen[bytes]"
    grpc: int
    http: int
    weights: Path
    release: str

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/readyz", timeout=2):
                return True
        except OSError:
            return False


class Cluster:
    """The objects of a directory, of whose Deployments each is one process on this machine."""

    def __init__(self, code: Path, directory: Path) -> None:
        self._code = code
        self._directory = directory
        self.addresses: dict[str, str] = {}

    @contextmanager
    def started(self, files: Mapping[str, bytes]) -> Iterator[dict[str, Pod]]:
        objects = [yaml.safe_load(content) for name, content in files.items() if name.endswith(".yaml")]
        deployments = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Deployment"}
        ports = iter(free_ports(2 * len(deployments)))
        pairs = {name: (next(ports), next(ports)) for name in deployments}
        self.addresses = {service: f"127.0.0.1:{pairs[name][0]}" for service, name in served(objects, deployments)}
        with ExitStack() as stack:
            pods = {name: self._pod(one, objects, pairs[name], stack) for name, one in deployments.items()}
            deadline = time.monotonic() + PATIENCE
            while not all(pod.is_ready() for pod in pods.values()):
                gone = [name for name, pod in pods.items() if pod.popen.poll() is not None]
                assert not gone, (self._directory / gone[0] / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield pods

    def _pod(self, deployment: Object, objects: list[Object], ports: tuple[int, int], stack: ExitStack) -> Pod:
        place = self._directory / deployment["metadata"]["name"]
        spec = deployment["spec"]["template"]["spec"]
        [container] = spec["containers"]
        places = {layout.CODE: str(self._code), layout.ARTIFACTS: str(place / "artifacts")}
        for mount in container["volumeMounts"]:
            [volume] = [one for one in spec["volumes"] if one["name"] == mount["name"]]
            if "configMap" in volume:
                places[mount["mountPath"]] = str(place / volume["name"])
                self.mount(place / volume["name"], objects, volume["configMap"]["name"])
        (place / "artifacts").mkdir()
        said = [re.sub(r"^--grpc-port=.*", f"--grpc-port={ports[0]}", one) for one in container["args"]]
        said = [re.sub(r"^--http-port=.*", f"--http-port={ports[1]}", one) for one in said]
        said = [one.replace("--host=0.0.0.0", "--host=127.0.0.1") for one in said]
        for there, here in places.items():
            said = [one.replace(there, here) for one in said]
        own = {one["name"]: one["value"] for one in container["env"]}
        environment = {**os.environ, **own, "HOME": str(place), "PYTHONPATH": str(HELLO.parents[1])}
        command = [sys.executable, *container["command"][1:], *said]
        log = stack.enter_context((place / "log").open("wb"))
        popen = stack.enter_context(subprocess.Popen(command, cwd=place, env=environment, stderr=log))
        stack.callback(popen.kill)
        weights = Path(places[layout.WEIGHTS_DIRECTORY], layout.WEIGHTS_FILE)
        return Pod(popen, *ports, weights, own["COMB_RELEASE"])

    def mount(self, place: Path, objects: list[Object], name: str) -> None:
        """The ConfigMap's files; names of Services are addresses of this machine."""
        place.mkdir(parents=True, exist_ok=True)
        [config] = [one for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"] == name]
        for file, text in config["data"].items():
            here = text
            for service, address in self.addresses.items():
                here = here.replace(f"{service}.greetings.svc:{layout.GRPC_PORT}", address)
            beside = place / f".{file}"
            beside.write_text(here, encoding="utf-8")
            beside.replace(place / file)


def served(objects: list[Object], deployments: Mapping[str, Object]) -> Iterator[tuple[str, str]]:
    """Services by name, each with the one Deployment whose pods it selects."""
    for one in objects:
        if one["kind"] == "Service":
            wanted = one["spec"]["selector"].items()
            [name] = [
                name
                for name, deployment in deployments.items()
                if wanted <= deployment["spec"]["template"]["metadata"]["labels"].items()
            ]
            yield one["metadata"]["name"], name


def answered(pod: Pod) -> list[tuple[str, str]]:
    """Release and arm of each user who asks the pod."""

    async def main() -> list[tuple[str, str]]:
        remote = await open_remote(f"127.0.0.1:{pod.grpc}")
        try:
            found = []
            for number in range(USERS):
                terms = Terms(headers={"x-user-id": f"user-{number}"}, timeout=PATIENCE)
                outcome = await remote.ask(remote.request_type(name="Ada"), terms)
                assert not outcome.failed, outcome
                found.append((outcome.told["comb-release"], outcome.told["comb-arm"]))
            return found
        finally:
            await remote.close()

    return asyncio.run(main())


def test_users_are_split_as_the_weights_say_and_the_stable_release_answers_when_the_candidate_is_gone(
    tmp_path: Path,
) -> None:
    code = tmp_path / "code"
    shutil.copytree(HELLO, code)
    with (code / "operators.py").open("a", encoding="utf-8") as file:
        file.write(BETTER)
    old, new = released(code, "Greet"), released(code, "Better")
    first = render_step(new, read_stable(old.files), TENTH).files
    second = render_step(new, read_stable(first), HALF).files
    cluster = Cluster(code, tmp_path / "pods")
    with cluster.started(first) as pods:
        stable, candidate = pods["hello"], pods["hello--candidate"]
        assert json.loads(stable.weights.read_text())["candidate"]["release"] == candidate.release
        some = until_share(stable, candidate, range(10, 31))
        objects = [yaml.safe_load(content) for name, content in second.items() if name.endswith(".yaml")]
        cluster.mount(stable.weights.parent, objects, "hello--weights")
        more = until_share(stable, candidate, range(80, 121))
        # Who had the candidate keeps it, and everybody keeps the arm.
        assert all(after == before for before, after in zip(some, more, strict=True) if before[0] == candidate.release)
        assert [arm for _, arm in some] == [arm for _, arm in more]
        # The candidate itself sends nobody on.
        assert {release for release, _ in answered(candidate)} == {candidate.release}
        candidate.popen.kill()
        candidate.popen.wait()
        assert answered(stable) == [(stable.release, arm) for _, arm in more]


def until_share(stable: Pod, candidate: Pod, share: range) -> list[tuple[str, str]]:
    """What all users get when the candidate has so many of them."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = answered(stable)
        counted = Counter(release for release, _ in found)
        if counted[candidate.release] in share:
            assert counted.keys() <= {stable.release, candidate.release}
            return found
        assert time.monotonic() < deadline, counted
