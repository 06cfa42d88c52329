"""Pods as processes, which follow an environment repository as Flux and kubelet would, and users who ask them."""

import asyncio
import json
import os
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from comb_compiler.render import layout
from comb_compiler.runtime.client import Terms
from comb_compiler.runtime.client.remote import open_remote
from tests.publish.environment import Remote, git
from tests.servers.processes import Server, free_ports, running
from tests.support.prometheus import is_ready

__all__ = ["CLUSTER", "Applied", "Users", "prometheus_of"]

CLUSTER = "east"
NAMESPACE = "greetings"
_ROOT = Path(__file__).parents[2]
_PATIENCE = 240.0
Object = dict[str, Any]


class Pod:
    """A Deployment's container as a process."""

    def __init__(self, deployment: Object, code: Path, place: Path, stack: ExitStack) -> None:
        self.deployment = deployment
        self.name = str(deployment["metadata"]["name"])
        self.grpc, self.http = free_ports(2)
        self.mounted: dict[str, Path] = {}
        self._code, self._place = code, place
        self._stack = stack
        self.server: Server | None = None

    def start(self, objects: list[Object], addresses: Mapping[str, str]) -> None:
        """Start the container, with its ConfigMaps beside it."""
        spec = self.deployment["spec"]["template"]["spec"]
        [container] = spec["containers"]
        places = {layout.CODE: str(self._code), layout.ARTIFACTS: str(self._place / "artifacts")}
        (self._place / "artifacts").mkdir(parents=True)
        for mount in container["volumeMounts"]:
            [volume] = [one for one in spec["volumes"] if one["name"] == mount["name"]]
            if "configMap" in volume:
                self.mounted[volume["configMap"]["name"]] = self._place / volume["name"]
                places[mount["mountPath"]] = str(self._place / volume["name"])
        self.refresh(objects, addresses)
        said = [re.sub(r"^--grpc-port=.*", f"--grpc-port={self.grpc}", one) for one in container["args"]]
        said = [re.sub(r"^--http-port=.*", f"--http-port={self.http}", one) for one in said]
        said = [one.replace("--host=0.0.0.0", "--host=127.0.0.1") for one in said]
        for there, here in places.items():
            said = [one.replace(there, here) for one in said]
        own = {one["name"]: one["value"] for one in container["env"]}
        environment = {**os.environ, **own, "HOME": str(self._place), "PYTHONPATH": str(_ROOT)}
        command = [sys.executable, *container["command"][1:], *said]
        self.server = self._stack.enter_context(running(self.name, command, self._place, environment))

    def refresh(self, objects: list[Object], addresses: Mapping[str, str]) -> None:
        """Have the ConfigMaps' files as they are now; names of Services are addresses of this machine."""
        for name, place in self.mounted.items():
            place.mkdir(parents=True, exist_ok=True)
            [config] = [one for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"] == name]
            for file, said in config["data"].items():
                text = said
                for service, address in addresses.items():
                    text = text.replace(f"{service}.{NAMESPACE}.svc:{layout.GRPC_PORT}", address)
                if not (place / file).is_file() or (place / file).read_text() != text:
                    (place / f".{file}").write_text(text, encoding="utf-8")
                    (place / f".{file}").replace(place / file)

    def is_ready(self) -> bool:
        """Whether it takes requests."""
        return is_ready(f"http://127.0.0.1:{self.http}/readyz")


class Applied:
    """What a comb's directory holds at the repository's head, as processes; `targets` is Prometheus' list of them."""

    def __init__(self, remote: Remote, comb: str, code: Path, directory: Path) -> None:
        self.targets = directory / "targets.json"
        self.targets.write_text("[]")
        self.pods: dict[str, Pod] = {}
        self._remote, self._code, self._directory = remote, code, directory
        self._path = f"clusters/{CLUSTER}/{NAMESPACE}/{comb}"
        self._stacks: dict[str, ExitStack] = {}
        self._over, self._head, self._count = threading.Event(), "", 0
        self._thread = threading.Thread(target=self._follow)
        self.failed: Exception | None = None

    def __enter__(self) -> "Applied":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for stack in self._stacks.values():
            stack.close()

    def _follow(self) -> None:
        while not self._over.wait(0.3):
            head = git(self._remote.directory, "for-each-ref", "--format=%(objectname)", "refs/heads/main")
            if head and head != self._head:
                try:
                    self._apply(head)
                except Exception as problem:  # said by the test
                    self.failed = problem
                    return
                self._head = head

    def _apply(self, head: str) -> None:
        names = [path for path in self._remote.files(head) if path.startswith(f"{self._path}/")]
        listed = yaml.safe_load(self._remote.content(f"{self._path}/kustomization.yaml", head))["resources"]
        objects = [
            yaml.safe_load(self._remote.content(path, head)) for path in names if path.rpartition("/")[2] in listed
        ]
        deployments = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Deployment"}
        old = {name: pod for name, pod in self.pods.items() if deployments.get(name) != pod.deployment}
        kept = {name: pod for name, pod in self.pods.items() if name not in old}
        new = {name: self._pod(one) for name, one in deployments.items() if name not in kept}
        every = kept | new
        addresses = {name: f"127.0.0.1:{pod.grpc}" for name, pod in every.items()}
        for pod in new.values():
            pod.start(objects, addresses)
        for pod in kept.values():
            pod.refresh(objects, addresses)
        # As a rolling update does: what is old goes when what is new takes requests.
        for pod in new.values():
            assert pod.server is not None
            pod.server.wait(pod.is_ready, _PATIENCE)
        self.pods = every
        self._tell(every.values())
        for pod in old.values():
            self._stacks.pop(str(pod.grpc)).close()

    def _pod(self, deployment: Object) -> Pod:
        self._count += 1
        stack = ExitStack()
        place = self._directory / f"{deployment['metadata']['name']}-{self._count}"
        pod = Pod(deployment, self._code, place, stack)
        self._stacks[str(pod.grpc)] = stack
        return pod

    def _tell(self, pods: Any) -> None:
        """Prometheus is told of pods as the Prometheus operator tells it: by namespace and Service."""
        targets = [
            {"targets": [f"127.0.0.1:{pod.http}"], "labels": {"namespace": NAMESPACE, "service": pod.name}}
            for pod in pods
        ]
        beside = self.targets.with_suffix(".new")
        beside.write_text(json.dumps(targets))
        beside.replace(self.targets)

    def address(self) -> str:
        """Where users' requests go."""
        deadline = time.monotonic() + _PATIENCE
        while not self.pods:
            assert self.failed is None, self.failed
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return next(f"127.0.0.1:{pod.grpc}" for name, pod in self.pods.items() if "candidate" not in name)


@contextmanager
def prometheus_of(applied: Applied, directory: Path, program: Path) -> Iterator[str]:
    """The address of a Prometheus that looks at all pods each second."""
    jobs = [{"job_name": "combs", "file_sd_configs": [{"files": [str(applied.targets)], "refresh_interval": "1s"}]}]
    settings = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    (directory / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [program, f"--config.file={directory}/prometheus.yml"]
    command += [f"--storage.tsdb.path={directory}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with running("prometheus", command, directory) as started:
        started.wait(lambda: is_ready(f"{url}/-/ready"), _PATIENCE)
        yield url


class Users:
    """Users who ask and ask, some forty a second; `answers` counts by release, and what failed as `failed`."""

    def __init__(self, applied: Applied) -> None:
        self.answers: Counter[str] = Counter()
        self._applied = applied
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()))

    def __enter__(self) -> "Users":
        self._applied.address()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    async def _ask(self) -> None:
        chance = random.Random(7)
        while not self._over.is_set():
            address = self._applied.address()
            remote = await open_remote(address)
            try:
                while not self._over.is_set() and self._applied.address() == address:
                    terms = Terms(headers={"x-user-id": f"user-{chance.randrange(10_000)}"}, timeout=_PATIENCE)
                    outcome = await remote.ask(remote.request_type(name="Ada"), terms)
                    self.answers["failed" if outcome.failed else outcome.told["comb-release"]] += 1
                    await asyncio.sleep(0.02)
            finally:
                await remote.close()
