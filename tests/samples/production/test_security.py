"""Elasticsearch with its own security: the rights that the page names are enough, and one that is missing is said."""

import re
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from comb_compiler.samples.elasticsearch_hbase import Credentials, ProductionStore, Settings
from comb_compiler.samples.elasticsearch_hbase.setup import Setup, setup
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Put, Query, StoreError
from tests.samples.production.conftest import PATIENCE
from tests.servers.certificates import make_identity
from tests.servers.maven import java_server
from tests.servers.saying import saying
from tests.servers.stores import ROOT, StoreServer, secured_elasticsearch
from tests.support.stores import Stores
from tests.support.tools import Missing

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "run-the-production-store.md"
DAY = 86400
NUMBERS = count(1)


class Secured:
    """A server with security, and who may do everything there."""

    def __init__(self, server: StoreServer, ca: Path, keeping: StoreServer) -> None:
        from elasticsearch import Elasticsearch

        self._url, self._ca, self._keeping = f"https://localhost:{server.port}", str(ca), keeping
        self.root = Elasticsearch(self._url, basic_auth=ROOT, ca_certs=self._ca, request_timeout=60)

    def settings(self, name: str, **who: str) -> Settings:
        """A store of this name, for whoever asks."""
        return Settings(
            (self._url,), "127.0.0.1", self._keeping.port, indices=name, table=name, timeout=30.0, replicas=0,
            credentials=Credentials(ca=self._ca, **who),
        )  # fmt: skip

    def key(self, name: str, rights: Sequence[str], cluster: Sequence[str] = ()) -> str:
        """An API key with these rights on the indices of a store."""
        role = {"cluster": list(cluster), "indices": [{"names": [f"{name}-*"], "privileges": list(rights)}]}
        made = self.root.security.create_api_key(name=name, role_descriptors={"samples": role})
        return str(made["encoded"])

    def made(self) -> str:
        """The name of a store that is set up, with nothing in it."""
        name = f"secured-{next(NUMBERS)}"
        _act(setup(self.settings(name, user=ROOT[0], password=ROOT[1])._replace(timeout=PATIENCE)))
        return name


@pytest.fixture(scope="module")
def secured(
    stores: Stores, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Secured]:
    directory = tmp_path_factory.mktemp("secured")
    identity, say = make_identity(directory / "identity"), saying(request.config)
    try:
        home, security = (java_server(name, say) for name in ("elasticsearch", "elasticsearch-security"))
    except Missing as missing:
        pytest.skip(f"needs Elasticsearch's own security: {missing}")
    with secured_elasticsearch(home, security, directory / "elasticsearch", identity) as server:
        yield Secured(server, identity.ca, stores.hbase)


def test_the_rights_that_the_page_names_are_enough(secured: Secured) -> None:
    uses, sets_up, cluster = _rights()
    name = f"secured-{next(NUMBERS)}"
    key = secured.key(name, sets_up, cluster)
    settings = secured.settings(name, api_key=key)._replace(timeout=PATIENCE)
    _act(setup(settings))
    assert setup(settings).steps == ()
    store = ProductionStore(secured.settings(name, api_key=secured.key(name, uses)))
    old, new = _record(100, user="ann"), _record(0, user="bob")
    store.put([new])
    _work(store, old)
    assert store.delete(Query(user="bob")) == 1
    store.close()
    indices = list(secured.root.indices.get(index=f"{name}-*"))
    assert len(indices) == 2, f"the month that is empty has gone: {indices}"


def test_each_right_that_is_missing_is_said(secured: Secured) -> None:
    name = secured.made()
    for number, right in enumerate(_rights()[0]):
        others = [one for one in _rights()[0] if one != right]
        store = ProductionStore(secured.settings(name, api_key=secured.key(name, others)))
        with pytest.raises(StoreError) as refused:
            _work(store, _record(100 + 40 * number))  # of another month, whose index is made
        assert "(403)" in str(refused.value)
        assert re.search(rf"index privileges [a-z_, ]*\b{right}\b", str(refused.value)), (right, refused.value)
        store.close()
    whole = ProductionStore(secured.settings(name, api_key=secured.key(name, _rights()[0])))
    kept = whole.find(Query()).found
    assert whole.repair().lost == ()
    assert {one.id for one in kept} <= {one.id for one in whole.find(Query()).found}, "whoever may not, loses nothing"
    whole.close()


def test_whoever_may_not_set_up_is_told_which_right_is_missing(secured: Secured) -> None:
    name = f"secured-{next(NUMBERS)}"
    for rights, cluster, missing in ((["manage"], [], "manage_index_templates"), (["read"], ["all"], "manage")):
        settings = secured.settings(name, api_key=secured.key(name, rights, cluster))
        with pytest.raises(StoreError, match=rf"\(403\): .* privileges .*\b{missing}\b"):
            _act(setup(settings))


def test_users_are_known_by_their_password_and_keys_until_they_are_withdrawn(secured: Secured) -> None:
    name = secured.made()
    role = [{"names": [f"{name}-*"], "privileges": list(_rights()[0])}]
    secured.root.security.put_role(name=name, indices=role)
    secured.root.security.put_user(username="ann", password="hush-hush", roles=[name])
    assert _put(secured.settings(name, user="ann", password="hush-hush")).new == 1
    key = secured.key(name, _rights()[0])
    assert _put(secured.settings(name, api_key=key)).new == 1
    secured.root.security.invalidate_api_key(name=name)
    for who in ({"user": "ann", "password": "guessed"}, {"api_key": key}, {}):
        with pytest.raises(StoreError, match=r"refuses these credentials \(401\)") as refused:
            _put(secured.settings(name, **who))
        assert not any(secret in str(refused.value) for secret in who.values())
    with pytest.raises(StoreError, match="or these credentials may not see it"):
        _put(secured.settings(name, api_key=secured.key("others", _rights()[0])))


def _put(settings: Settings) -> Put:
    store = ProductionStore(settings)
    try:
        return store.put([_record(0)])
    finally:
        store.close()


def _work(store: ProductionStore, old: Record) -> None:
    """All that is done with a store, to a record whose month is empty at the end."""
    assert store.put([old]).new == 1
    store.mark(old.id, Mark(mark="error", by="ann", time=1))
    assert old.id in {one.id for one in store.find(Query()).found}
    assert set(store.get([old.id])) == {old.id}
    assert old.id in {one.id for one in store.scan(Query())}
    assert store.count(Query(), every=DAY)
    assert store.latency(Query())
    store.repair()
    assert store.delete(Query(until=time.time() - 50 * DAY), marked=True) >= 1


def _record(days: int, user: str = "") -> Record:
    """One that was made so many days ago: its id says so, as the recorder's do."""
    then, number = time.time_ns() - days * DAY * 10**9, next(NUMBERS)
    return Record(schema=1, id=f"{then // 10**6:012x}7{number:03x}8{number:015x}", time=then, user=user)


def _act(found: Setup) -> None:
    for step in found.steps:
        assert step.act is not None, step.says
        step.act()


def _rights() -> tuple[list[str], list[str], list[str]]:
    """What the page says: the rights of who uses a store, of who sets one up, and theirs of the cluster."""
    text = re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))
    said = re.search(
        r"An API key needs, on `comb-samples-\*`: (.*?)\. Whoever sets up needs (.*?) there, and (.*?) of", text
    )
    assert said is not None, "the page says it otherwise"
    uses, sets_up, cluster = (re.findall("`([a-z_]+)`", part) for part in said.groups())
    return uses, sets_up, cluster
