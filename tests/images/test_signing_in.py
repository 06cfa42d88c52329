"""Who we are to a registry: docker's own configuration and its helpers, against registries that want to know."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from comb_compiler.images.authorisation import Challenge, answer, parse_challenge
from comb_compiler.images.credentials import Credential, docker_credential
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.names import Reference
from tests.conftest import RequiresTool
from tests.images.test_pushing import layered, push
from tests.servers import engine as servers

ANN = Credential("ann", "a secret")
_HTPASSWD = "ann:$2b$04$iE0gQa.FhAEFEjK7gW4qa.WKyvhRB3VSpCC8fISZV8xBVenX0zoPa\n"
"""The same with bcrypt, as htpasswd has it."""
_CHALLENGE = Challenge("bearer", "https://auth.example.com/token?x=1", "the registry", "repository:a:pull,push")


@pytest.fixture(scope="module")
def closed(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that lets only `ann` in."""
    directory = tmp_path_factory.mktemp("closed")
    (directory / "users").write_text(_HTPASSWD, encoding="utf-8")
    more = [f"auth: {{htpasswd: {{realm: test, path: {json.dumps(str(directory / 'users'))}}}}}"]
    with servers.registry(requires_tool("docker-registry"), directory, more) as host:
        yield host


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write docker's configuration, and a helper that knows what it is told."""

    def write(configuration: object, helper: str = "") -> None:
        (tmp_path / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        if helper:
            program = tmp_path / "docker-credential-test"
            program.write_text(f"#!/bin/sh\n{helper}\n", encoding="utf-8")
            program.chmod(0o755)
            monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return write


def test_a_closed_registry_takes_images_from_who_may_send_them(closed: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path, b"one", b"two" * 1000)
    (pushed,) = push(layout, Reference(closed, "mine", digest), credential=ANN)
    assert len(pushed.sent) == 2


@pytest.mark.parametrize(
    ("credential", "said"),
    [(None, "does not know who we are"), (Credential("ann", "something else"), "does not take the credential")],
)
def test_others_are_told_how_to_sign_in(closed: str, credential: Credential | None, said: str, tmp_path: Path) -> None:
    layout, digest = layered(tmp_path, b"one")
    with pytest.raises(RegistryFailed, match=f"{closed}/mine: the registry {said}") as failed:
        push(layout, Reference(closed, "mine", digest), credential=credential)
    assert failed.value.hint == f"try `docker login {closed}`"
    assert "something else" not in str(failed.value)


def test_docker_login_is_what_is_taken(configured: Callable[..., None]) -> None:
    login = base64.b64encode(b"ann:a secret").decode()
    configured({"auths": {"registry.example.com": {"auth": login}, "other.example.com": {"identitytoken": "t"}}})
    assert docker_credential("registry.example.com") == ANN
    assert docker_credential("other.example.com") == Credential("", "", "t")
    assert docker_credential("elsewhere.example.com") is None


def test_a_helper_is_asked(configured: Callable[..., None]) -> None:
    configured(
        {"credHelpers": {"registry.example.com": "test", "token.example.com": "test"}},
        'read host; [ "$host" = token.example.com ] && user="<token>" || user=ann\n'
        'printf \'{"ServerURL": "%s", "Username": "%s", "Secret": "a secret"}\' "$host" "$user"',
    )
    assert docker_credential("registry.example.com") == ANN
    assert docker_credential("token.example.com") == Credential("", "", "a secret")


@pytest.mark.parametrize(
    ("configuration", "helper"),
    [
        ({"credsStore": "not-installed"}, ""),
        ({"credsStore": "test"}, "echo a secret; exit 1"),
        ({"credsStore": "test"}, "echo no JSON"),
        ({"auths": {"registry.example.com": {"auth": "no base64"}}}, ""),
        ({"auths": {"registry.example.com": []}}, ""),
    ],
)
def test_what_cannot_be_read_is_said_without_it(
    configuration: object, helper: str, configured: Callable[..., None]
) -> None:
    configured(configuration, helper)
    with pytest.raises(RegistryFailed, match=r"no credential for registry\.example\.com that can be read") as failed:
        docker_credential("registry.example.com")
    assert "secret" not in str(failed.value)


class Tokens:
    """An authority that gives tokens, as far as it is asked in the right way."""

    def __init__(self, status: int = 200, content: bytes = b'{"token": "t"}') -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes | None]] = []
        self._answer = (status, content)

    def __call__(self, method: str, url: str, headers: object, body: bytes | None) -> tuple[int, bytes]:
        self.asked.append((method, url, dict(headers), body))  # type: ignore[call-overload]
        return self._answer


def test_a_token_is_asked_for_with_the_credential() -> None:
    tokens = Tokens()
    assert answer("registry.example.com", _CHALLENGE, ANN, tokens) == "Bearer t"
    ((method, url, headers, body),) = tokens.asked
    asked = parse_qs(urlsplit(url).query)
    assert (method, body) == ("GET", None)
    assert asked == {"x": ["1"], "service": ["the registry"], "scope": ["repository:a:pull,push"]}
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"ann:a secret"


def test_a_token_that_stands_for_a_user_is_traded_in() -> None:
    tokens = Tokens(content=b'{"access_token": "u"}')
    assert answer("registry.example.com", _CHALLENGE, Credential("", "", "identity"), tokens) == "Bearer u"
    ((method, _, _, body),) = tokens.asked
    assert body is not None
    told = parse_qs(body.decode())
    assert (method, told["grant_type"], told["refresh_token"]) == ("POST", ["refresh_token"], ["identity"])


def test_whoever_has_no_credential_asks_as_nobody() -> None:
    tokens = Tokens()
    assert answer("registry.example.com", _CHALLENGE, None, tokens) == "Bearer t"
    assert tokens.asked[0][2] == {}


def test_credentials_never_go_where_others_can_read_them() -> None:
    tokens = Tokens()
    with pytest.raises(RegistryFailed, match="others can read them"):
        answer("registry.example.com", _CHALLENGE._replace(realm="http://auth.example.com/token"), ANN, tokens)
    assert tokens.asked == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"no JSON", b'{"token": null}'])
def test_a_token_that_cannot_be_read_is_said(content: bytes) -> None:
    with pytest.raises(RegistryFailed, match="tokens that cannot be read"):
        answer("registry.example.com", _CHALLENGE, None, Tokens(content=content))


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ('Basic realm="x"', Challenge("basic", "x", "", "")),
        ('bearer realm="https://a/b",service="c",scope="d"', Challenge("bearer", "https://a/b", "c", "d")),
        ("Negotiate", None),
        ("", None),
    ],
)
def test_challenges_are_read(header: str, challenge: Challenge | None) -> None:
    assert parse_challenge(header) == challenge
