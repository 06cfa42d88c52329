"""What Flux does of a rollout's commits, and what it tells of a release that was let past the gates."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.compiler.render import RenderedCluster, render_release
from comb_compiler.compiler.rollout import read_stable, render_step
from comb_compiler.compiler.withdrawal import withdrawn
from comb_compiler.release.release import FILE, Emergency
from comb_compiler.source import SourceSet
from comb_compiler.spec.platform import Platform
from tests.cluster.api import Api, until
from tests.cluster.delivery import Delivery, delivery_with_nodes, rendered
from tests.cluster.rendering import written
from tests.cluster.test_flux import DEPLOYMENT, EXAMPLES, HOME, SECONDS, flux_name, platform, platform_file
from tests.conftest import RequiresTool
from tests.servers.control_plane import ControlPlane

__all__ = ["platform", "platform_file"]

NAME = "grey"
SHARE = Decimal("0.1")
Event = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> Iterator[tuple[str, list[Event]]]:
    """Where Flux sends its events, and those that came."""
    found: list[Event] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def flux(
    plane: ControlPlane,
    api: Api,
    platform: Platform,
    events: tuple[str, list[Event]],
    requires_tool: RequiresTool,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Delivery]:
    """The cluster with Flux, which tells of what it does."""
    flags = (f"--events-addr={events[0]}",)
    with delivery_with_nodes(plane, api, tmp_path_factory.mktemp("flux"), platform, flags) as made:
        yield made
        made.clear()
    api.delete_all("v1", "Node")


def release(directory: Path, platform: SourceSet, digit: str) -> RenderedCluster:
    """A comb with a rollout; another digit is another build of it."""
    shutil.copytree(EXAMPLES / "hello", directory, dirs_exist_ok=True)
    document = yaml.safe_load((directory / "comb.yaml").read_text(encoding="utf-8"))
    document["metadata"]["name"] = NAME
    document["rollout"] = {"steps": ["10%", "50%"], "abort": {"errorRate": "1%"}}
    return rendered(written(document, directory, "comb.yaml"), platform, "staging", digit)


def test_a_step_adds_a_candidate_and_taking_it_back_leaves_the_stable_pods_alone(
    flux: Delivery, api: Api, platform_file: SourceSet, tmp_path: Path
) -> None:
    old, new = (release(tmp_path, platform_file, digit) for digit in "12")
    flux.put(old)
    flux.wait(flux.publish(), flux_name(old))
    before = pods(api)
    tried = render_step(new, read_stable(old.files), SHARE)
    put(flux, old, tried.files)
    assert weights(api)["candidate"]["weight"] == 10
    added = pods(api).items() - before.items()
    assert {image for _, image in added} == {"2"}
    assert before.items() <= pods(api).items()
    gone = withdrawn(tried.files)
    put(flux, old, gone)
    assert weights(api)["candidate"]["weight"] == 0
    assert added <= pods(api).items()
    alone = read_stable(gone)
    put(flux, old, {**alone.files, FILE: alone.content})
    assert "candidate" not in weights(api)
    until(lambda: pods(api) == before, SECONDS)
    assert [one["metadata"]["name"] for one in api.list(*DEPLOYMENT, HOME)] == [
        name for name in before_names(old) if name.startswith(NAME)
    ]


def put(flux: Delivery, comb: RenderedCluster, files: dict[str, bytes]) -> None:
    """Have the comb's directory hold these, and wait until that is applied."""
    flux.take(comb)
    flux.put(comb._replace(files=files))
    flux.wait(flux.publish(), flux_name(comb))


def pods(api: Api) -> dict[str, str]:
    """Pods by their ids, each with the last digit of its image."""
    found = api.list("v1", "Pod", HOME)
    return {one["metadata"]["uid"]: one["spec"]["containers"][0]["image"][-1] for one in found}


def weights(api: Api) -> Any:
    """What the stable release's pods mount."""
    [config] = [
        one
        for one in api.list("v1", "ConfigMap", HOME)
        if "weights.json" in one["data"] and not one["metadata"]["name"].endswith("candidate")
    ]
    return json.loads(config["data"]["weights.json"])


def before_names(comb: RenderedCluster) -> list[str]:
    """The Deployments of a release."""
    return [one.object["metadata"]["name"] for one in comb.manifests if one.object["kind"] == "Deployment"]


def test_what_flux_tells_of_an_emergency_says_so(
    flux: Delivery, api: Api, platform_file: SourceSet, events: tuple[str, list[Event]], tmp_path: Path
) -> None:
    proven = release(tmp_path, platform_file, "3")
    flux.put(proven)
    flux.wait(flux.publish(), flux_name(proven))
    emergency = Emergency("prices are shown wrongly", "2026-11-28T00:00:00Z")
    past = render_release(proven.rendering._replace(emergency=emergency), proven.code)
    events[1].clear()
    flux.put(past)
    flux.wait(flux.publish(), flux_name(past))
    until(lambda: emergency.said in told(events[1]), SECONDS)
    deployments = api.list(*DEPLOYMENT, HOME)
    assert {one["metadata"]["annotations"]["comb.dev/emergency"] for one in deployments} == {emergency.said}
    templates = [one["spec"]["template"]["metadata"].get("annotations") or {} for one in deployments]
    assert not any("comb.dev/emergency" in one for one in templates)
    events[1].clear()
    flux.put(proven)
    flux.wait(flux.publish(), flux_name(proven))
    until(lambda: bool(told(events[1])) and told(events[1])[-1] == "", SECONDS)
    deployments = api.list(*DEPLOYMENT, HOME)
    assert not any("comb.dev/emergency" in (one["metadata"].get("annotations") or {}) for one in deployments)


def told(events: list[Event]) -> list[str]:
    """What is said of an emergency in each event about the comb."""
    return [
        next((text for name, text in (one.get("metadata") or {}).items() if name.endswith("/emergency")), "")
        for one in list(events)
        if NAME in one["involvedObject"]["name"]
    ]
