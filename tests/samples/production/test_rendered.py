"""The rendered command line of a comb's entry, started as it is written: it records into the servers, over TLS."""

import json
import os
import signal
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.render import layout
from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings
from comb_compiler.samples.store import Query
from tests.render.rendering import of_kind, rendered
from tests.runtime.service.processes import Process
from tests.servers.certificates import make_identity
from tests.support.stores import Stores
from tests.support.tls_way import secured

SECRET = {"username": "comb", "password": "hush-hush", "salt": "a grain"}
CODE = """\
from comb_compiler.runtime import Messages


class Read:
    def __init__(self, messages: Messages) -> None:
        self._answer = messages["ocr.v1.Text"]

    def __call__(self, frame: "ocr.v1.Frame") -> "ocr.v1.Text":
        return self._answer(lines=[frame.user])
"""


@pytest.mark.slow
def test_a_rendered_entry_records_into_the_servers(
    stores: Stores, settings: Settings, store: ProductionStore, tmp_path: Path
) -> None:
    identity = make_identity(tmp_path / "identity")
    who = f"Basic {b64encode(b'comb:hush-hush').decode()}"
    with (
        secured(identity, stores.elasticsearch.port, who) as finding,
        secured(identity, stores.hbase.port) as keeping,
    ):
        on = {
            "elasticsearch": {
                "urls": [f"https://localhost:{finding}"], "index": settings.indices, "credentials": "samples",
            },
            "hbase": {
                "host": "localhost", "port": keeping, "table": settings.table, "timeout": "60s", "tls": True,
            },
        }  # fmt: skip
        made = rendered(tmp_path, {"read": {"run": "reading:Read"}}, {"sampleStore": on}, recording={"sample": "100%"})
        objects = [one.object for one in made]
        assert "hush" not in json.dumps(objects)
        command, environment = entry(made, {**SECRET, "ca.crt": identity.ca.read_text("ascii")}, tmp_path / "pod")
        running = Process(command, env=environment)
        try:
            for number in range(5):
                assert read(running.http, f"user {number}") == {"lines": [f"user {number}"]}
            until = time.monotonic() + 240
            while len(store.find(Query(environment="production")).found) < 5 and time.monotonic() < until:
                time.sleep(0.5)
            running.tell(signal.SIGTERM)
            assert running.ended() == 0, running.said
        finally:
            running.end()
    found = store.find(Query(environment="production", comb="ocr")).found
    assert len(found) == 5
    assert {one.release for one in found} == {environment["COMB_RELEASE"]}
    assert "hush" not in "\n".join(running.said)
    assert store.repair() == (5, (), ())


def read(port: int, user: str) -> Any:
    said = {"content-type": "application/json"}
    url = f"http://127.0.0.1:{port}/ocr.v1.Ocr/Read"
    with urllib.request.urlopen(
        urllib.request.Request(url, json.dumps({"user": user}).encode(), said), timeout=60
    ) as answer:
        return json.load(answer)


def entry(made: Any, secret: Mapping[str, str], directory: Path) -> tuple[list[str], dict[str, str]]:
    """The command line of the entry's container and its environment, with what its volumes hold in a directory."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(made, "ConfigMap")}
    [deployment] = of_kind(made, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    places = {layout.CODE: directory / "code", layout.ARTIFACTS: directory / "artifacts"}
    contents: dict[str, Mapping[str, str]] = {layout.CODE: {"reading.py": CODE}, layout.ARTIFACTS: {}}
    sources = {one["name"]: one for one in pod["volumes"]}
    for mount in container["volumeMounts"]:
        source, path = sources[mount["name"]], mount["mountPath"]
        if path.startswith(("/etc", "/var")):
            places[path] = directory / mount["name"]
            contents[path] = maps[source["configMap"]["name"]] if "configMap" in source else {}
            if "secret" in source:
                assert source["secret"]["secretName"] == "samples"
                contents[path] = secret
    # The longest first: one is what another begins with.
    translated = sorted(((there, str(here)) for there, here in places.items()), key=lambda one: -len(one[0]))

    def here(text: str) -> str:
        for there, place in translated:
            text = text.replace(there, place)
        return text

    for path, files in contents.items():
        places[path].mkdir(parents=True)
        for name, content in files.items():
            (places[path] / name).write_text(here(content), encoding="utf-8")
    arguments = [here(one) for one in container["args"]]
    arguments += ["--host=127.0.0.1", "--grpc-port=0", "--http-port=0"]
    own = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    own |= {
        one["name"]: secret[one["valueFrom"]["secretKeyRef"]["key"]] for one in container["env"] if "valueFrom" in one
    }
    assert container["command"][0] == "python"
    return [sys.executable, *container["command"][1:], *arguments], {**os.environ, **own, "HOME": str(directory)}
