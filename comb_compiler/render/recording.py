"""How pods are told where requests are recorded: the store of platform.yaml, where that is on servers.

The entry records, into the spool first. A directory is a machine's own, and no pod's: with one, pods record nothing.

Secrets are in none of it. A Secret that the platform names is mounted as it is, and its absence keeps nobody from
serving: records wait in the spool until it is there.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from comb_compiler.plan import Group
from comb_compiler.render import layout
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.platform.samples import Elasticsearch, HBase

__all__ = ["SPOOL", "credentials_source", "is_recorded", "recorder_arguments", "salt", "store_maps", "store_name"]

SPOOL = 2 * 2**30
"""Bytes: twice what a recorder lets wait, so that it says that the spool is full before the pod is evicted for it."""
_HASH = 10
_STORE = Cause.platform("sampleStore")
_CREDENTIALS = Cause.platform("sampleStore", "elasticsearch", "credentials")


def is_recorded(rendering: Rendering, group: Group) -> bool:
    """Whether a group's pods record requests."""
    return group.is_entry and _servers(rendering) is not None


def _servers(rendering: Rendering) -> tuple[Elasticsearch, HBase] | None:
    store = rendering.platform.sample_store
    return (store.elasticsearch, store.hbase) if store.elasticsearch is not None and store.hbase is not None else None


def store_name(rendering: Rendering) -> str:
    """The name of the ConfigMap that says where the store is, where it is on servers. Another store has another."""
    return rendering.object_name(f"store-{sha256(_said(rendering).encode()).hexdigest()[:_HASH]}")


def store_maps(rendering: Rendering) -> Iterator[Manifest]:
    """The ConfigMap, if there is one."""
    if _servers(rendering) is not None:
        made = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": rendering.metadata(store_name(rendering)),
            "immutable": True,
            "data": {layout.STORE_FILE: _said(rendering)},
        }
        yield manifest(made, _STORE)


def _said(rendering: Rendering) -> str:
    """What the runtime reads: times are seconds, and credentials the directory that they are mounted at.

    What only `comb platform apply-store` goes by is left out, so that it starts no pods anew.
    """
    servers = _servers(rendering)
    assert servers is not None
    finding, keeping = servers
    elasticsearch: dict[str, Any] = {"urls": [str(url) for url in finding.urls], "index": finding.index}
    if finding.credentials is not None:
        elasticsearch["credentials"] = layout.CREDENTIALS_DIRECTORY
    hbase = {
        "host": keeping.host, "port": keeping.port, "table": keeping.table, "pool": keeping.pool,
        "timeout": keeping.timeout.total_seconds(), "tls": keeping.tls,
    }  # fmt: skip
    return json.dumps({"elasticsearch": elasticsearch, "hbase": hbase}, indent=2) + "\n"


def recorder_arguments(rendering: Rendering, group: Group) -> Iterator[Any]:
    """What a group's process is told, if it records."""
    if not is_recorded(rendering, group):
        return
    yield caused(f"--samples=servers:{layout.STORE_DIRECTORY}/{layout.STORE_FILE}", _STORE)
    yield caused(f"--samples-spool={layout.SPOOL}", _STORE)
    environment = rendering.plan.environment
    yield caused(f"--environment={environment}", Cause.platform("environments", environment))
    if rendering.code:
        yield f"--code-digest={rendering.code}"


def credentials_source(rendering: Rendering) -> Any:
    """The volume's source with the Secret that the store is asked with; None where it names none."""
    servers = _servers(rendering)
    if servers is None or servers[0].credentials is None:
        return None
    return {"secret": {"secretName": servers[0].credentials, "optional": True}}


def salt(rendering: Rendering, group: Group) -> Iterator[Any]:
    """The variable with what goes into users' digests: where the Secret has it, all who record agree on it."""
    servers = _servers(rendering)
    if servers is not None and servers[0].credentials is not None and group.is_entry:
        key = {"name": servers[0].credentials, "key": "salt", "optional": True}
        yield caused({"name": "COMB_SAMPLES_SALT", "valueFrom": {"secretKeyRef": key}}, _CREDENTIALS)
