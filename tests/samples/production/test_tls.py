"""Both servers over TLS: known by a certificate's authority, or not spoken to."""

from base64 import b64encode
from pathlib import Path

import pytest

from comb_compiler.samples.elasticsearch_hbase import Credentials, ProductionStore, Settings
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record
from tests.servers.certificates import make_identity
from tests.support.stores import Stores
from tests.support.tls_way import secured


def test_what_is_put_over_tls_is_found_and_a_stranger_is_not_spoken_to(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    identity, stranger = make_identity(tmp_path / "known"), make_identity(tmp_path / "stranger")
    with secured(identity, stores.elasticsearch.port) as finding, secured(identity, stores.hbase.port) as keeping:
        over_tls = settings._replace(
            urls=(f"https://localhost:{finding}",), host="localhost", port=keeping, tls=True,
            credentials=Credentials(user="ann", password="hush", ca=str(identity.ca)),
        )  # fmt: skip
        store = ProductionStore(over_tls)
        assert store.put([record(1), record(2)]).new == 2
        assert set(store.get([record(1).id])) == {record(1).id}
        store.close()
        untrusted = Credentials(user="ann", password="hush", ca=str(stranger.ca))
        for half in ({"urls": settings.urls}, {"host": settings.host, "port": settings.port, "tls": False}):
            store = ProductionStore(over_tls._replace(credentials=untrusted, **half))
            with pytest.raises(StoreError) as refused:
                store.put([record(3)])
            assert "certificate" in str(refused.value).lower()
            assert "hush" not in str(refused.value)
            store.close()


@pytest.mark.parametrize("kind", ["user", "api key"])
def test_who_one_is_is_said_over_tls_and_asked_for(
    stores: Stores, settings: Settings, tmp_path: Path, kind: str
) -> None:
    identity = make_identity(tmp_path / "known")
    if kind == "user":
        known, wanted = {"user": "ann", "password": "hush"}, f"Basic {b64encode(b'ann:hush').decode()}"
        other = {"user": "ann", "password": "guessed"}
    else:
        known, wanted = {"api_key": "aHVzaA=="}, "ApiKey aHVzaA=="
        other = {"api_key": "Z3Vlc3NlZA=="}
    with secured(identity, stores.elasticsearch.port, wanted) as finding:
        asked = settings._replace(urls=(f"https://localhost:{finding}",))
        store = ProductionStore(asked._replace(credentials=Credentials(ca=str(identity.ca), **known)))
        assert store.put([record(1)]).new == 1
        assert [one.id for one in store.find(Query()).found] == [record(1).id]
        store.close()
        for wrong in (other, {}):
            store = ProductionStore(asked._replace(credentials=Credentials(ca=str(identity.ca), **wrong)))
            with pytest.raises(StoreError, match=r"refuses these credentials \(401\)") as refused:
                store.put([record(2)])
            assert not any(secret in str(refused.value) for secret in wrong.values())
            assert store.figures().servers["elasticsearch"].retries == 0, "no further attempt helps"
            store.close()
    store = ProductionStore(settings)
    assert store.repair().looked_at == 1
    store.close()
