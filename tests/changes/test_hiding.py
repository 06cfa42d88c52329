"""What gives access to something is in no form of what changes."""

import json
from typing import Any

import pytest

from comb_compiler.changes import CombChanges, Told
from comb_compiler.changes.as_json import changes_json
from comb_compiler.changes.compare import compare
from comb_compiler.changes.markdown import comments
from comb_compiler.changes.pages import changes_html
from comb_compiler.changes.sides import side_of_files
from comb_compiler.render import emit

_KEY = "hunter2-" + "x" * 24
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWhlcmU"


def shown(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    """All forms of a change, one after the other."""
    old, new = (
        side_of_files({f"{n}.yaml": emit(one).encode() for n, one in enumerate(each)}) for each in (before, after)
    )
    found = compare(old, new)
    told = CombChanges("a", "staging", Told("east", "n"), found.objects, found.effects, found.unchanged, found.reworded)
    return json.dumps(changes_json(told)) + "".join(comments("x", [told])) + changes_html("x", [told])


def thing(kind: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", "namespace": "n"}, **more}


def pod(**container: Any) -> dict[str, Any]:
    return thing("Deployment", spec={"template": {"spec": {"containers": [{"name": "c", **container}]}}})


SECRETS = {
    "a Secret": thing("Secret", stringData={"greeting": _KEY}),
    "a Secret's data": thing("Secret", data={"greeting": _KEY}),
    "a sealed one": thing("SealedSecret", spec={"encryptedData": {"greeting": _KEY}}),
    "by the name of a key": thing("ConfigMap", data={"db.password": _KEY}),
    "by the name of a key in JSON": thing("ConfigMap", data={"c.json": json.dumps({"a": {"apiKey": _KEY}})}),
    "all of a file of them": thing("ConfigMap", data={"credentials.json": json.dumps({"me": _KEY})}),
    "a line of a file": thing("ConfigMap", data={"c.ini": f"[db]\nuser = me\npassword = {_KEY}\n"}),
    "a variable": pod(env=[{"name": "DB_PASSWORD", "value": _KEY}]),
    "a key of a cloud": pod(env=[{"name": "AWS_SECRET_ACCESS_KEY", "value": _KEY}]),
    "an argument": pod(args=[f"--auth-token={_KEY}"]),
    "an address": pod(env=[{"name": "URL", "value": f"postgres://me:{_KEY}@db/x"}]),
    "a signed address": pod(env=[{"name": "URL", "value": f"https://s/x?X-Amz-Signature=1&sig={_KEY}"}]),
    "a header": pod(env=[{"name": "HEADER", "value": f"Bearer {_KEY}"}]),
    "what was applied before": thing("ConfigMap") | {
        "metadata": {
            "name": "a",
            "namespace": "n",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": f'{{"x":"{_KEY}"}}'},
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_shown_neither_new_nor_gone_nor_changed(name: str) -> None:
    one = SECRETS[name]
    other = json.loads(json.dumps(one).replace(_KEY, _KEY[::-1]))
    for before, after in (([], [one]), ([one], []), ([one], [other]), ([other], [one])):
        text = shown(before, after)
        assert _KEY not in text
        assert _KEY[::-1] not in text
        assert "(hidden)" in text


@pytest.mark.parametrize(
    "value",
    ["-----BEGIN RSA PRIVATE KEY-----\nabc", "AKIA" + "A" * 16, "ghp_" + "a" * 36, "glpat-" + "a" * 20, _JWT],
    ids=["PEM", "AWS", "GitHub", "GitLab", "JWT"],
)
def test_what_looks_like_a_secret_is_hidden_whatever_it_is_called(value: str) -> None:
    text = shown([], [thing("ConfigMap", data={"greeting": value})])
    assert value.split("\n")[-1] not in text
    assert "(hidden)" in text


def test_names_that_only_tell_where_a_secret_is_are_shown() -> None:
    asked = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "credentials", "key": "token"}}}
    text = shown([], [pod(env=[asked])])
    assert "credentials" in text
    assert "(hidden)" not in text


def test_nothing_on_a_page_is_read_as_markup() -> None:
    bad = "<script>alert(1)</script>"
    text = shown([], [thing("ConfigMap", data={"greeting": f"{bad}`````\n@someone"})])
    html = text[text.index("<!doctype") :]
    assert bad not in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_what_is_invisible_or_turns_the_direction_of_writing_is_shown_by_its_name() -> None:
    after = thing("ConfigMap", data={"greeting": "harm\u202eless\u200b", "one\u202etwo": "a\rb"})
    text = shown([thing("ConfigMap", data={"greeting": "harmless", "one\u202etwo": "ab"})], [after])
    pages = text[text.index("<!-- comb plan") :]
    assert not {"\u202e", "\u200b", "\r"} & {*pages}
    assert pages.count("U+202E") >= 4
