"""Certificates that change while a service calls others: peers and a candidate are then shown the new ones."""

import json
from pathlib import Path

import grpc

from comb_compiler.release import Process
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.peers import Peer
from comb_compiler.runtime.service import Served, Service, Settings, Source, answering
from tests.runtime.plans import plan
from tests.runtime.service.certificates import Authority
from tests.runtime.service.serving import letter
from tests.runtime.waiting import run, until


def test_peers_and_a_candidate_are_called_by_the_certificates_as_they_are_now(tmp_path: Path) -> None:
    old, new = Authority("old"), Authority("new")
    nodes = {"one": ("shout", {"letter": "request.letter"}), "two": ("same_later", {"letter": "one"})}
    whole = plan(nodes, "two")
    parted = whole._replace(processes=(Process("main", (0,)), Process("far", (1,))))
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    both, only_new = tmp_path / "both.pem", tmp_path / "new.pem"
    both.write_bytes(old.pem + new.pem)
    only_new.write_bytes(new.pem)
    mine, my_key = old.issue(tmp_path / "here")
    theirs, their_key = new.issue(tmp_path / "there")
    ours = Settings(grpc_port=0, http_port=0, settle=0.0, drain=5.0, release="now", forced_arms=True)
    here = ours._replace(tls_certificate=str(mine), tls_key=str(my_key), tls_client_ca=str(both))
    there = ours._replace(tls_certificate=str(theirs), tls_key=str(their_key), tls_client_ca=str(only_new))
    pair = [(their_key.read_bytes(), theirs.read_bytes())]

    async def main() -> None:
        credentials = grpc.ssl_server_credentials(pair, new.pem, require_client_auth=True)
        async with (
            Service(there) as candidate,
            Engine(whole, release="next") as engine,
            Peer(parted, "far", credentials=credentials) as far,
        ):
            candidate.show(Served(whole, engine))
            weights = tmp_path / "weights.json"
            tried = {"weight": 100, "address": candidate.addresses.grpc, "release": "next"}
            weights.write_text(json.dumps({"candidate": tried}), encoding="utf-8")
            source = Source(parted, lambda model: Path(), peers={"far": far.address}, weights=weights)
            async with answering(source, here) as served:

                async def answered_by(name: str) -> bool:
                    finished = await served.answering.run(letter("a"))
                    return finished.release == name and finished.answer is not None

                (peers,) = served.ready
                assert not await answered_by("next")
                assert peers.reasons() == ("process `far` cannot be reached",)
                new.issue(tmp_path / "here")
                await until(lambda: not peers.reasons())
                finished = await served.answering.run(letter("a"), release="now")
                assert (finished.release, finished.answer.text) == ("now", "A")
                for _ in range(100):
                    if await answered_by("next"):
                        break
                assert await answered_by("next")

    run(main())
