"""`comb gate` of a service at an address that speaks TLS: asked and loaded by it, or undecided with the reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.opening import open_clean
from tests.cli.test_gate import gate, verdicts
from tests.cli.test_gate_load import loaded
from tests.runtime.service.certificates import Authority
from tests.runtime.service.processes import process

ALONE = ("--baseline", "none")


class Served(NamedTuple):
    """A comb, where its service is, and the options by which each half of TLS is had."""

    comb: Path
    address: str
    trusted: tuple[str, ...]
    own: tuple[str, ...]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """It lets in only who shows a certificate of its authority."""
    directory = tmp_path_factory.mktemp("tls")
    made = loaded(directory / "greeting", '"Hello " + text')
    authority = Authority()
    certificate, key = authority.issue(directory)
    mine, my_key = authority.issue(directory, "caller")
    trusted = str(authority.trusted(directory))
    clean = open_clean(str(made / "comb.yaml"), Console(), "is served")
    assert clean is not None
    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-client-ca", trusted)
    with process(clean.plan, directory, "--code", str(made), "--settle", "0", *flags) as one:
        own = ("--tls-certificate", str(mine), "--tls-key", str(my_key))
        yield Served(made, one.grpc, ("--tls-ca", trusted), own)


def test_a_service_that_speaks_tls_is_asked_and_loaded_by_it(served: Served, tmp_path: Path) -> None:
    target = ("--target", f"grpcs://{served.address}", *served.trusted, *served.own)
    ran, report = gate(served.comb, "all", *ALONE, *target, "--history", str(tmp_path))
    assert verdicts(report)["availability"] == "passed", ran.out + ran.err
    (found,) = [one for one in report["gates"] if one["gate"] == "load"]
    assert found["load"]["steps"][0]["candidate"]["codes"].keys() == {"OK"}, ran.out
    assert report["isolation"] == "none"


@pytest.mark.parametrize("which", ["availability", "load"])
def test_one_that_cannot_be_agreed_with_is_undecided_with_the_reason(
    served: Served, tmp_path: Path, which: str
) -> None:
    stranger = ("--tls-ca", str(Authority("stranger").trusted(tmp_path)))
    for options, said in (
        ((*stranger, *served.own), "is not trusted"),
        (served.trusted, "wants to see a certificate; show one by --tls-certificate and --tls-key"),
    ):
        ran, report = gate(served.comb, which, *ALONE, "--target", served.address, *options)
        assert ran.code == 3
        (found,) = report["gates"]
        assert found["ruling"]["verdict"] == "undecided"
        assert said in found["ruling"]["why"][0], ran.out


def test_one_that_is_asked_without_tls_is_said_to_speak_it(served: Served) -> None:
    ran, report = gate(served.comb, "availability", *ALONE, "--target", served.address)
    assert ran.code == 3
    assert "speaks TLS" in report["gates"][0]["ruling"]["why"][0] or "hung up" in ran.out, ran.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target", "https://localhost:8443"], "at its gRPC port: HOST:PORT, or grpcs://HOST:PORT"),
        (["--target", "127.0.0.1:9", "--tls-ca", "none.pem"], "none.pem: TLS cannot be had from that"),
        (["--tls-ca", "none.pem"], "--tls-… are for what runs at an address"),
    ],
)
def test_what_makes_no_sense_of_tls_is_said(served: Served, options: list[str], said: str) -> None:
    ran, _ = gate(served.comb, "availability", *ALONE, *options)
    assert ran.code == 2
    assert said in ran.err
