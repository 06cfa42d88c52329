"""Pods are told where to record: the servers of platform.yaml, and where the secrets lie, which are in no object."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from comb_compiler.render import Manifest, layout
from comb_compiler.samples.elasticsearch_hbase import read_settings
from tests.render.rendering import of_kind, rendered

PASSES: dict[str, Any] = {"out": "ocr.v1.Frame", "devices": ["cpu"]}
OPERATORS: dict[str, Any] = {"find": PASSES, "read": PASSES, "tidy": {}}
GRAPH = {"find": "find(frame=$request)", "read": "read(frame=find)", "tidy": "tidy(frame=read)", "return": "tidy"}
FINDING: Mapping[str, Any] = {"urls": ["https://es.acme.example:9200"], "credentials": "samples-store"}
KEEPING: Mapping[str, Any] = {"host": "hbase.acme.example", "timeout": "1500ms", "tls": True}


def made(directory: Path, store: Mapping[str, Any]) -> tuple[Manifest, ...]:
    return rendered(directory, OPERATORS, {"sampleStore": store}, graph=GRAPH)


def on_servers(directory: Path, *, finding: Mapping[str, Any] = {}, keeping: Mapping[str, Any] = {}) -> Any:
    return made(directory, {"elasticsearch": {**FINDING, **finding}, "hbase": {**KEEPING, **keeping}})


def pod(objects: tuple[Manifest, ...], name: str) -> Any:
    [found] = [one for one in of_kind(objects, "Deployment") if one["metadata"]["name"] == name]
    return found["spec"]["template"]["spec"]


def store_map(objects: tuple[Manifest, ...]) -> Mapping[str, Any]:
    [found] = [one for one in of_kind(objects, "ConfigMap") if layout.STORE_FILE in one["data"]]
    return found


def test_the_entry_records_into_the_servers_and_no_other_pod_does(tmp_path: Path) -> None:
    objects = on_servers(tmp_path)
    [container] = pod(objects, "ocr")["containers"]
    told = [one for one in container["args"] if one.startswith(("--samples", "--environment", "--code-digest"))]
    assert told == [
        "--samples=servers:/etc/comb/store/store.json", "--samples-spool=/var/comb/spool", "--environment=production",
    ]  # fmt: skip
    sources = {one["name"]: one for one in pod(objects, "ocr")["volumes"]}
    places = {one["mountPath"]: sources[one["name"]] for one in container["volumeMounts"]}
    assert places["/etc/comb/store"]["configMap"]["name"] == store_map(objects)["metadata"]["name"]
    assert places["/etc/comb/store-credentials"]["secret"] == {"secretName": "samples-store", "optional": True}
    assert places["/var/comb/spool"]["emptyDir"] == {"sizeLimit": "2Gi"}
    assert "samples" not in json.dumps(pod(objects, "ocr--find--cpu"))


def test_what_pods_are_told_is_what_platform_yaml_says(tmp_path: Path) -> None:
    objects = on_servers(tmp_path, finding={"index": "kept"}, keeping={"port": 9091, "table": "records", "pool": 3})
    file = tmp_path / "store.json"
    secret = tmp_path / "secret"
    secret.mkdir()
    for name, content in (("username", "ann"), ("password", "hush\n"), ("ca.crt", "PEM")):
        (secret / name).write_text(content, encoding="utf-8")
    said = store_map(objects)["data"][layout.STORE_FILE]
    file.write_text(said.replace(layout.CREDENTIALS_DIRECTORY, str(secret)), encoding="utf-8")
    found = read_settings(file, {})
    assert (found.urls, found.indices) == (("https://es.acme.example:9200",), "kept")
    assert (found.host, found.port, found.table, found.pool) == ("hbase.acme.example", 9091, "records", 3)
    assert (found.timeout, found.tls) == (1.5, True)
    assert (found.credentials.user, found.credentials.password) == ("ann", "hush")
    assert found.credentials.ca == str(secret / "ca.crt")


def test_all_who_record_salt_alike_by_the_secret(tmp_path: Path) -> None:
    [container] = pod(on_servers(tmp_path), "ocr")["containers"]
    [salt] = [one for one in container["env"] if one["name"] == "COMB_SAMPLES_SALT"]
    assert salt["valueFrom"]["secretKeyRef"] == {"name": "samples-store", "key": "salt", "optional": True}


def test_without_credentials_no_secret_is_asked_for(tmp_path: Path) -> None:
    objects = made(tmp_path, {"elasticsearch": {"urls": FINDING["urls"]}, "hbase": KEEPING})
    assert "secret" not in json.dumps(pod(objects, "ocr"))
    assert "credentials" not in store_map(objects)["data"][layout.STORE_FILE]


def test_another_store_starts_pods_anew_and_another_set_up_does_not(tmp_path: Path) -> None:
    before = store_map(on_servers(tmp_path))
    assert before["immutable"] is True
    assert store_map(on_servers(tmp_path, finding={"shards": 5, "replicas": 2}, keeping={"keep": "90d"})) == before
    assert store_map(on_servers(tmp_path, keeping={"pool": 2}))["metadata"]["name"] != before["metadata"]["name"]


def test_a_directory_is_no_pods(tmp_path: Path) -> None:
    objects = made(tmp_path, {"embedded": {"directory": "/srv/samples"}})
    assert "--samples" not in json.dumps(pod(objects, "ocr"))
    assert [one for one in of_kind(objects, "ConfigMap") if layout.STORE_FILE in one["data"]] == []
