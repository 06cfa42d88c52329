"""TLS on both ports: who is let in, who is not, and certificates that change while it runs."""

import asyncio
import resource
import shutil
import ssl
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from comb_compiler.runtime.service import CannotServe, Service, Settings
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.service.certificates import Authority
from tests.runtime.service.serving import METHOD, Running, letter, say, serving, simple
from tests.runtime.waiting import run, until


def tls(directory: Path, authority: Authority, **more: Any) -> dict[str, Any]:
    """Settings with a certificate of the authority."""
    certificate, key = authority.issue(directory)
    return {"tls_certificate": str(certificate), "tls_key": str(key), **more}


async def over_grpc(running: Running, authority: Authority, *own: bytes) -> str:
    """What a client that trusts the authority is answered."""
    credentials = grpc.ssl_channel_credentials(authority.pem, *own)
    async with grpc.aio.secure_channel(running.grpc, credentials) as channel:
        answer = await channel.unary_unary(METHOD)(letter("a").SerializeToString(), timeout=120)
        return Letter.FromString(answer).text


async def over_http(running: Running, authority: Authority, own: tuple[Path, Path] | None = None) -> tuple[bytes, Any]:
    """The answer to a client that trusts the authority, and the certificate that it was shown."""
    context = ssl.create_default_context(cadata=authority.pem.decode())
    if own is not None:
        context.load_cert_chain(own[0], own[1])
    async with asyncio.timeout(120):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.http, ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        try:
            received = await reader.read()
        finally:
            writer.close()
    if not received:
        raise ConnectionResetError
    return received, shown


def test_both_ports_speak_tls(tmp_path: Path) -> None:
    async def main() -> None:
        authority = Authority()
        async with serving(simple(), **tls(tmp_path, authority)) as running:
            assert await over_grpc(running, authority) == "A"
            assert (await over_http(running, authority))[0].endswith(b"alive\n")

    run(main())


def test_who_speaks_no_tls_or_trusts_another_gets_no_answer_and_others_do(tmp_path: Path) -> None:
    async def main() -> None:
        authority, stranger = Authority(), Authority("stranger")
        async with serving(simple(), head_seconds=1.0, **tls(tmp_path, authority)) as running:
            for port in (running.http, int(running.grpc.rpartition(":")[2])):
                received = await say(port, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
                assert b"alive" not in received
            with pytest.raises(grpc.aio.AioRpcError):
                await over_grpc(running, stranger)
            with pytest.raises(ssl.SSLError):
                await over_http(running, stranger)
            async with grpc.aio.insecure_channel(running.grpc) as channel:
                with pytest.raises(grpc.aio.AioRpcError):
                    await channel.unary_unary(METHOD)(b"", timeout=2)
            assert await over_grpc(running, authority) == "A"
            assert (await over_http(running, authority))[0].endswith(b"alive\n")

    run(main())


def test_a_half_of_a_handshake_is_ended_in_time(tmp_path: Path) -> None:
    async def main() -> None:
        authority = Authority()
        async with serving(simple(), head_seconds=1.0, **tls(tmp_path, authority)) as running:
            for port in (running.http, int(running.grpc.rpartition(":")[2])):
                await say(port, b"\x16\x03\x01\x02\x00", patience=120)
            assert await over_grpc(running, authority) == "A"

    run(main())


def test_clients_show_a_certificate_where_that_is_asked(tmp_path: Path) -> None:
    async def main() -> None:
        authority, clients, stranger = Authority(), Authority("clients"), Authority("stranger")
        trusted = clients.trusted(tmp_path)
        trusted.write_bytes("# Autorität für Clients\n".encode() + trusted.read_bytes())
        settings = tls(tmp_path, authority, tls_client_ca=str(trusted))
        async with serving(simple(), **settings) as running:
            files = clients.issue(tmp_path, "client")
            assert await over_grpc(running, authority, files[1].read_bytes(), files[0].read_bytes()) == "A"
            assert (await over_http(running, authority, files))[0].endswith(b"alive\n")
            others = stranger.issue(tmp_path, "other")
            with pytest.raises(grpc.aio.AioRpcError):
                await over_grpc(running, authority)
            with pytest.raises(grpc.aio.AioRpcError):
                await over_grpc(running, authority, others[1].read_bytes(), others[0].read_bytes())
            for own in (None, others):
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await over_http(running, authority, own)

    run(main())


@pytest.mark.slow
def test_certificates_that_change_are_taken_when_they_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way that a cluster renews them: another directory, and a link that is moved to it."""
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        old, new = Authority("old"), Authority("new")
        for name, authority in (("one", old), ("two", new)):
            (tmp_path / name).mkdir()
            authority.issue(tmp_path / name)
        link = tmp_path / "certificates"
        link.symlink_to(tmp_path / "one")
        settings = {"tls_certificate": "certificates/service.pem", "tls_key": "certificates/service.key"}

        def move(to: str) -> None:
            (tmp_path / "next").symlink_to(tmp_path / to)
            (tmp_path / "next").replace(link)

        async with serving(simple(), **settings) as running:
            _, first = await over_http(running, old)
            monkeypatch.chdir("/")  # as an operator may
            (tmp_path / "half").mkdir()
            shutil.copy(tmp_path / "two" / "service.pem", tmp_path / "half" / "service.pem")
            shutil.copy(tmp_path / "one" / "service.key", tmp_path / "half" / "service.key")
            move("half")
            await asyncio.sleep(2.5)
            assert (await over_http(running, old))[1] == first
            assert await over_grpc(running, old) == "A"
            move("two")
            await until(lambda: running.service.certificate_changes == 1)
            assert (await over_http(running, new))[1] != first
            assert await over_grpc(running, new) == "A"
            with pytest.raises(grpc.aio.AioRpcError):
                await over_grpc(running, old)

    run(main())


@pytest.mark.slow
def test_certificates_that_could_not_be_read_are_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        old, new = Authority("old"), Authority("new")
        async with serving(simple(), **tls(tmp_path, old)) as running:
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            new.issue(tmp_path)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))  # nothing more can be opened
            try:
                await until(lambda: "the new certificates are not taken" in caplog.text)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            await until(lambda: running.service.certificate_changes == 1)
            assert await over_grpc(running, new) == "A"
            assert (await over_http(running, new))[0].endswith(b"alive\n")

    run(main())


@pytest.mark.parametrize("what", ["missing", "garbage", "another key", "a key with a password", "no authority"])
def test_certificates_that_are_none_are_refused_with_a_sentence(tmp_path: Path, what: str) -> None:
    authority = Authority()
    certificate, key = authority.issue(tmp_path)
    trusted = authority.trusted(tmp_path)
    if what == "missing":
        key.unlink()
    elif what == "garbage":
        certificate.write_bytes(b"\x00garbage")
    elif what == "another key":
        (tmp_path / "sub").mkdir()
        key = authority.issue(tmp_path / "sub")[1]
    elif what == "no authority":
        trusted.write_bytes(b"")
    else:
        head = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        key.write_bytes(head + b"AAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(CannotServe, match="TLS cannot be had from"):
        Service(Settings(tls_certificate=str(certificate), tls_key=str(key), tls_client_ca=str(trusted)))
