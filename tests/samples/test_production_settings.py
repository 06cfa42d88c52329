"""What a store on servers is told, and what its documents say: no server is needed for that."""

import json
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.samples.elasticsearch_hbase import Credentials, read_settings, settings_of
from comb_compiler.samples.elasticsearch_hbase.asking import asked
from comb_compiler.samples.elasticsearch_hbase.documents import WORD, found_by, index_of, marked, pieces
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.record_pb2 import Mark, Operator
from comb_compiler.samples.rows import Row, row
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record

STORE: dict[str, Any] = {"elasticsearch": {"urls": ["https://es:9200"]}, "hbase": {"host": "hbase", "timeout": 2.5}}


def changed(half: str, **fields: Any) -> dict[str, Any]:
    return {**STORE, half: {**STORE[half], **fields}}


def test_settings_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.write_text(json.dumps(changed("hbase", keep=None, tls=True)), encoding="utf-8")
    found = read_settings(path, {})
    assert (found.urls, found.host, found.port, found.timeout) == (("https://es:9200",), "hbase", 9090, 2.5)
    assert (found.tls, found.keep, found.indices, found.table) == (True, None, "comb-samples", "comb-samples")


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ({}, "it does not say 'elasticsearch'"),
        ({**STORE, "hbase": []}, "it does not say 'hbase'"),
        (changed("elasticsearch", urls=[]), "it does not say 'urls'"),
        (changed("elasticsearch", url="x"), "elasticsearch has no 'url'"),
        (changed("hbase", port="9090"), "hbase.port is '9090'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, store: dict[str, Any], said: str) -> None:
    path = tmp_path / "store.json"
    path.write_text(json.dumps(store), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as refused:
        read_settings(path, {})
    assert str(refused.value).startswith(str(path))


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"store\.json: "):
        read_settings(tmp_path / "store.json", {})


def test_secrets_come_from_the_environment_or_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a secret\n", encoding="utf-8")
    store = changed("elasticsearch", credentials="the-store")
    by_file = settings_of(store, {"THE_STORE_API_KEY_FILE": str(tmp_path / "key"), "THE_STORE_CA": "ca.pem"})
    assert (by_file.credentials.api_key, by_file.credentials.ca) == ("a secret", "ca.pem")
    by_name = settings_of(store, {"THE_STORE_USER": "ann", "THE_STORE_PASSWORD": "a secret"})
    assert (by_name.credentials.user, by_name.credentials.password) == ("ann", "a secret")
    for one in (by_file, by_name):
        assert "secret" not in repr(one) + str(one) + f"{one}"


def test_a_mounted_secret_is_read_by_its_keys(tmp_path: Path) -> None:
    store = changed("elasticsearch", credentials=str(tmp_path))
    with pytest.raises(ValueError, match="neither `username` with `password` nor `api-key` is there"):
        settings_of(store, {})
    (tmp_path / "username").write_text("ann\n", encoding="utf-8")
    with pytest.raises(ValueError, match="go together"):
        settings_of(store, {})
    (tmp_path / "password").write_text("a secret\n", encoding="utf-8")
    found = settings_of(store, {}).credentials
    assert (found.user, found.password, found.api_key, found.ca) == ("ann", "a secret", "", "")
    (tmp_path / "ca.crt").write_text("PEM", encoding="utf-8")
    (tmp_path / "api-key").write_text("another secret", encoding="utf-8")
    found = settings_of(store, {}).credentials
    assert (found.api_key, found.ca) == ("another secret", str(tmp_path / "ca.crt"))
    assert "secret" not in repr(found)


def test_an_id_says_the_month() -> None:
    assert index_of("x", "019ac1a7a4007000a000000000000001") == "x-2025.11"
    for other in ("019ac1a7a4004000a000000000000001", "019ac1a7a4007000c000000000000001", "0" * 32, "f" * 32):
        assert index_of("x", other) == "x-undated"


def test_a_long_word_is_found_by_each_part_of_it() -> None:
    word = "".join(f"{number}." for number in range(4000))
    made = pieces(word)
    assert max(map(len, made)) == WORD
    half = WORD // 2
    assert all(any(word[start : start + half] in one for one in made) for start in range(0, len(word) - half, 37))
    assert len(asked(Query(text=word))["bool"]["filter"]) == -(-len(word) // half)


def test_words_are_those_of_errors_and_of_why() -> None:
    failed = record(1, error="Too LATE", operators=[Operator(node="a", error="late, by 3 s")])
    one = row(failed)
    assert isinstance(one, Row)
    base = found_by(one, "t", 10)
    assert base["words"] == ["3", "by", "late", "late,", "s", "too"]
    whole = marked(base, [Mark(mark="error", by="ada", why="Why not"), Mark(mark="standard", by="bob", withdrawn=True)])
    assert whole["marks"] == ["error"]
    assert set(whole["words"]) - set(base["words"]) == {"why", "not"}


@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_a_file_that_is_none_of_certificates_is_named(tmp_path: Path, half: str) -> None:
    tls = settings_of(changed("hbase", tls=True), {})
    for name, said in (("none.pem", "is not read: No such file"), ("notes.txt", "has no certificates in PEM")):
        (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
        settings = tls._replace(credentials=Credentials(ca=str(tmp_path / name)))
        with pytest.raises(StoreError, match=rf"{name}, by which the servers of samples are to be known, {said}"):
            Index(settings).search(query={"match_all": {}}) if half == "elasticsearch" else Table(settings).families()
