"""A service that speaks TLS is loaded as any other; with one that cannot be agreed with, it is said why."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.load import GRPC, HTTP, Generator, GeneratorFailed, Input, Job, Refused, Step, Target, Tls
from tests.load.hostile import listening
from tests.load.serving import job
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.service.certificates import Authority
from tests.runtime.service.processes import Process, process
from tests.runtime.service.serving import METHOD, letter, simple

STEP = Step(rate=50.0, seconds=0.6, timeout=20.0, arrivals="constant")
SENT = 30
BOTH = pytest.mark.parametrize("protocol", [GRPC, HTTP])


class Files(NamedTuple):
    """Who is trusted, and two callers: the one that the service lets in, and another."""

    trusted: str
    stranger: str
    own: tuple[str, str]
    others: tuple[str, str]


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    with Generator() as one:
        yield one


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def files(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Files:
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    stranger = Authority("stranger")
    own, others = authority.issue(here, "caller"), stranger.issue(there, "caller")
    return Files(
        str(authority.trusted(here)), str(stranger.trusted(there)),
        (str(own[0]), str(own[1])), (str(others[0]), str(others[1])),
    )  # fmt: skip


@pytest.fixture(scope="module")
def open_service(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    directory = tmp_path_factory.mktemp("open")
    certificate, key = authority.issue(directory)
    with process(simple("shout"), directory, "--tls-certificate", str(certificate), "--tls-key", str(key)) as one:
        yield one


@pytest.fixture(scope="module")
def mutual_service(authority: Authority, files: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    directory = tmp_path_factory.mktemp("mutual")
    certificate, key = authority.issue(directory)
    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-client-ca", files.trusted)
    with process(simple("shout"), directory, *flags) as one:
        yield one


def asked(service: Process, protocol: str, tls: Tls | None, text: str = "a") -> Job:
    port = service.http if protocol == HTTP else int(service.grpc.rpartition(":")[2])
    as_json = json.dumps({"letter": {"text": text}}).encode()
    body = as_json if protocol == HTTP else letter(text).SerializeToString()
    return Job(Target(protocol, "127.0.0.1", port, METHOD, tls=tls), (Input(body),))


def text_of(answer: bytes, protocol: str) -> str:
    return str(json.loads(answer)["text"]) if protocol == HTTP else Letter.FromString(answer).text


@BOTH
def test_a_service_that_speaks_tls_is_loaded_by_it(
    generator: Generator, open_service: Process, files: Files, protocol: str
) -> None:
    found = generator.run(asked(open_service, protocol, Tls(files.trusted)), STEP)
    assert found.whole.codes == {"OK": SENT}
    ((_, answer),) = found.answers
    assert text_of(answer, protocol) == "A"
    assert found.offences == {}


@BOTH
def test_large_messages_go_both_ways_through_it(
    generator: Generator, open_service: Process, files: Files, protocol: str
) -> None:
    """Longer than records of TLS, frames, windows and the buffers of sockets are."""
    job = asked(open_service, protocol, Tls(files.trusted), "a" * 1_000_000)
    found = generator.run(job, Step(rate=4.0, seconds=1.0, timeout=60.0, arrivals="constant"))
    assert found.whole.codes == {"OK": 4}
    ((_, answer),) = found.answers
    assert text_of(answer, protocol) == "A" * 1_000_000


@BOTH
def test_who_lets_in_whom_it_knows_is_loaded_by_one_of_those(
    generator: Generator, mutual_service: Process, files: Files, protocol: str
) -> None:
    found = generator.run(asked(mutual_service, protocol, Tls(files.trusted, *files.own)), STEP)
    assert found.whole.codes == {"OK": SENT}
    for who in (Tls(files.trusted), Tls(files.trusted, *files.others)):
        with pytest.raises(Refused, match="it may want to see another certificate"):
            generator.run(asked(mutual_service, protocol, who), STEP)


@BOTH
def test_a_certificate_that_is_not_trusted_is_a_reason(
    generator: Generator, open_service: Process, files: Files, protocol: str
) -> None:
    for tls in (Tls(files.stranger), Tls()):
        with pytest.raises(Refused, match="its certificate is not trusted"):
            generator.run(asked(open_service, protocol, tls), STEP)


@BOTH
def test_who_speaks_no_tls_is_said_to_speak_none(generator: Generator, files: Files, protocol: str) -> None:
    with listening(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        target = job(port, protocol=protocol).target._replace(tls=Tls(files.trusted))
        with pytest.raises(Refused, match="it speaks no TLS"):
            generator.run(Job(target, (Input(b"text"),)), STEP)


@BOTH
def test_files_that_cannot_be_used_are_the_generators_trouble(
    generator: Generator, open_service: Process, files: Files, tmp_path: Path, protocol: str
) -> None:
    for tls in (Tls(str(tmp_path / "none.pem")), Tls(files.trusted, files.own[0], files.others[1])):
        with pytest.raises(GeneratorFailed):
            generator.run(asked(open_service, protocol, tls), STEP)
    assert generator.run(asked(open_service, protocol, Tls(files.trusted)), STEP).whole.codes == {"OK": SENT}
