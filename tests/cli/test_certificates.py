"""`comb call` and `comb health` over TLS: with whom they speak, and what they say of whom they do not trust."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.cli.addresses import Address, read_address
from comb_compiler.compiler import compile_comb
from comb_compiler.release import ExecutionPlan
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.architecture.imports import ROOT
from tests.cli.conftest import Comb
from tests.runtime.service.certificates import Authority
from tests.runtime.service.processes import process

HELLO = ROOT / "examples" / "hello"
ASK = '{"name": "Ada"}'


def hello() -> ExecutionPlan:
    """The smallest comb's plan."""
    plan = compile_comb(load_sources(Checkout(ROOT), "examples/hello/comb.yaml")).plan
    assert plan is not None
    return plan


class Service(NamedTuple):
    """Where a service listens, and the files of a caller that it lets in."""

    grpc: str
    http: str
    own: tuple[str, ...]


@pytest.fixture(scope="module", params=["open", "mutual"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that speaks TLS; `mutual` lets in only who shows a certificate of its authority."""
    directory = tmp_path_factory.mktemp("tls")
    authority = Authority()
    certificate, key = authority.issue(directory)
    trusted = str(authority.trusted(directory))
    mutual: tuple[str, ...] = ()
    own: tuple[str, ...] = ("--tls-ca", trusted)
    if request.param == "mutual":
        mine, my_key = authority.issue(directory, "caller")
        mutual, own = ("--tls-client-ca", trusted), (*own, "--tls-certificate", str(mine), "--tls-key", str(my_key))
    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key), *mutual)
    with process(hello(), directory, "--code", str(HELLO), *flags, "--settle", "0") as running:
        yield Service(running.grpc, f"127.0.0.1:{running.http}", own)


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """The file of an authority that has signed nothing here."""
    return str(Authority("stranger").trusted(tmp_path))


@pytest.mark.slow
def test_who_trusts_its_authority_is_answered(service: Service, comb: Comb) -> None:
    ran = comb("call", service.grpc, ASK, *service.own)
    assert (ran.code, ran.out.split("\n")[0]) == (0, "text: Hello, Ada!")
    assert comb("call", f"grpcs://{service.grpc}/", ASK, *service.own).code == 0
    for address in (service.http, f"https://{service.http}"):
        ran = comb("health", address, *service.own)
        assert ran.code == 4
        assert f"comb: https://{service.http}/v1/status says nothing of health" in ran.err


@pytest.mark.slow
def test_who_does_not_trust_it_is_told_that_it_is_the_certificate(service: Service, comb: Comb, stranger: str) -> None:
    for arguments in (("call", service.grpc, ASK), ("health", service.http)):
        ran = comb(*arguments, "--tls-ca", stranger)
        assert (ran.code, ran.out) == (4, "")
        assert (
            f"the certificate of {'https://' if 'health' in arguments else ''}{arguments[1]} is not trusted: "
            in ran.err
        )
        assert "say whom to trust by --tls-ca" in ran.err
    ran = comb("call", f"grpcs://{service.grpc}", ASK)
    assert (ran.code, ran.out) == (4, "")
    assert "is not trusted: " in ran.err


@pytest.mark.slow
def test_who_speaks_no_tls_is_told_that_it_does(service: Service, comb: Comb) -> None:
    ran = comb("call", service.grpc, ASK)
    assert (ran.code, ran.out) == (4, "")
    assert f"{service.grpc} speaks TLS\n  = help: say whom to trust by --tls-ca" in ran.err
    ran = comb("health", service.http)
    assert (ran.code, ran.out) == (4, "")
    assert "--tls-ca" in ran.err


@pytest.mark.slow
def test_who_shows_no_certificate_is_told_where_one_is_wanted(service: Service, comb: Comb) -> None:
    if "--tls-certificate" not in service.own:
        pytest.skip("this service lets everybody in")
    for arguments in (("call", service.grpc, ASK), ("health", service.http)):
        ran = comb(*arguments, *service.own[:2])
        assert (ran.code, ran.out) == (4, "")
        assert f"{arguments[1]} wants to see a certificate" in ran.err
        assert "show one by --tls-certificate and --tls-key" in ran.err


@pytest.mark.slow
def test_tls_with_who_speaks_none_is_told(tmp_path: Path, comb: Comb, stranger: str) -> None:
    with process(hello(), tmp_path, "--code", str(HELLO), "--settle", "0") as running:
        for arguments in (("call", running.grpc, ASK), ("health", f"127.0.0.1:{running.http}")):
            ran = comb(*arguments, "--tls-ca", stranger)
            assert (ran.code, ran.out) == (4, "")
            assert f"{arguments[1]} speaks no TLS" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("health", "127.0.0.1:1", "--tls-ca", "missing.pem"),
            "missing.pem: TLS cannot be had from that: No such",
        ),
        (("health", "http://127.0.0.1:1", "--tls-ca", "x.pem"), "is without TLS"),
        (("call", "127.0.0.1:1", ASK, "--tls-ca", "missing.pem"), "missing.pem: the file cannot be read: No such"),
        (("call", "127.0.0.1:1", ASK, "--tls-ca", "comb.yaml"), "comb.yaml: TLS cannot be had from that"),
        (("call", "127.0.0.1:99999", ASK), "it is no HOST:PORT"),
        (("call", "grpcs://localhost", ASK), "it is no HOST:PORT"),
        (("health", "127.0.0.1:0"), "it is no HOST:PORT"),
    ],
)
def test_what_makes_no_sense_is_the_command_lines_fault(comb: Comb, arguments: tuple[str, ...], said: str) -> None:
    ran = comb(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:80", Address("", "localhost", 80)),
        ("https://a.example/", Address("https", "a.example", None)),
        ("https://[::1]:8080", Address("https", "[::1]", 8080)),
        ("localhost", None),
        ("ftp://a.example", None),
        ("a b:80", None),
        ("a:65536", None),
        ("::1:80", None),
    ],
)
def test_an_address_is_a_host_with_a_port_or_a_scheme(text: str, address: Address | None) -> None:
    assert read_address(text, ("http", "https")) == address
    assert json.dumps(read_address(text, ())) == json.dumps(address if address and not address.scheme else None)
