"""Services that answer, die, slow down, or are asked for more than can be sent; and a service of Comb's own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import psutil
import pytest

from comb_compiler.load import GRPC, HTTP, Generator, GeneratorFailed, Input, Job, Step, Target
from tests.architecture.imports import ROOT
from tests.load.hostile import listening
from tests.load.serving import PATH, job, serving
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.service.processes import process
from tests.runtime.service.serving import METHOD, letter, simple

STEP = Step(rate=50.0, seconds=0.6, timeout=10.0, arrivals="constant")
SENT = 30


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    with Generator() as one:
        yield one


def test_each_different_answer_is_kept_with_how_often_it_came(generator: Generator) -> None:
    inputs = Input(b"text"), Input(b"other", weight=2.0)
    with serving("echo") as port:
        same = generator.run(job(port, *inputs), STEP)
    assert {body for _, body in same.answers} == {b"text", b"other"}
    assert sum(same.answers.values()) == SENT
    assert same.answers[0, b"text"] < same.answers[1, b"other"]
    with serving("count") as port:
        other = generator.run(job(port), STEP)
    assert other.answers == {(0, b"%d" % number): 1 for number in range(SENT)}
    assert (same.unkept, other.unkept) == (0, 0)


def test_large_messages_go_both_ways(generator: Generator) -> None:
    """Longer than frames, windows and the buffers of sockets are."""
    body = os.urandom(3_000_000)
    with serving("echo") as port:
        found = generator.run(job(port, Input(body)), Step(rate=4.0, seconds=1.0, timeout=60.0, arrivals="constant"))
    assert found.whole.codes == {"OK": 4}
    assert found.answers == {(0, body): 4}


def test_calls_are_spread_over_several_connections(generator: Generator) -> None:
    with serving("echo") as port:
        found = generator.run(job(port, connections=4), STEP)
    assert found.whole.codes == {"OK": SENT}


def test_one_that_dies_under_load_is_unreachable_from_then_on(generator: Generator) -> None:
    with serving("die", "10") as port:
        found = generator.run(job(port), STEP)
    assert found.whole.codes.keys() <= {"OK", "UNREACHABLE"}
    assert found.whole.codes["UNREACHABLE"] >= SENT - 9, "those before may be under way when it dies"
    assert {text.partition(":")[0] for text in found.said} == {"UNREACHABLE"}
    assert found.faults == () or "did not keep its schedule" in found.faults[0]


def test_one_that_is_too_slow_is_seen_to_be(generator: Generator) -> None:
    """25 requests per second is all that it can do of 50; those that come later wait longer."""
    with serving("queue", "0.04") as port:
        found = generator.run(job(port), Step(rate=50.0, seconds=4.0, timeout=20.0, arrivals="constant"))
    assert found.whole.codes == {"OK": 200}
    assert not found.settled
    assert max(second.latency.quantile(0.5) for second in found.timeline) > 2.5


def test_a_step_that_cannot_be_sent_in_time_is_the_generators_fault(generator: Generator) -> None:
    with serving("echo") as port:
        found = generator.run(job(port), Step(rate=200_000.0, seconds=0.2, timeout=1.0))
    assert any("did not keep its schedule" in fault for fault in found.faults)


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_a_comb_is_loaded_by_both_of_its_protocols(generator: Generator, tmp_path: Path, protocol: str) -> None:
    with process(simple("shout"), tmp_path) as service:
        request = letter("a")
        if protocol == GRPC:
            host, _, port = service.grpc.rpartition(":")
            target = Target(GRPC, host, int(port), METHOD)
            body = request.SerializeToString()
        else:
            target = Target(HTTP, "127.0.0.1", service.http, METHOD)
            body = json.dumps({"letter": {"text": "a"}}).encode()
        found = generator.run(Job(target, (Input(body, metadata=(("x-user-id", "one"),)),)), STEP)
    assert found.whole.codes == {"OK": SENT}
    ((_, answer),) = found.answers
    text = Letter.FromString(answer).text if protocol == GRPC else json.loads(answer)["text"]
    assert text == "A"


def wait_for_requests(port: int, many: int) -> None:
    """Until a service that counts has been asked so often by others."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ask = channel.unary_unary(PATH)
        for own in range(10_000):
            if int(ask(b"", timeout=60)) - own >= many:
                return
            time.sleep(0.02)
    raise AssertionError(f"{many} requests never came")


def started(argument: str) -> list[psutil.Process]:
    """The processes of generators that this one has started with an argument."""
    return [one for one in psutil.Process().children() if argument in one.cmdline()]


def test_connections_that_the_service_ends_by_their_age_lose_no_call(generator: Generator, tmp_path: Path) -> None:
    with process(simple("shout"), tmp_path, "--connection-age", "1") as service:
        target = Target(GRPC, "127.0.0.1", int(service.grpc.rpartition(":")[2]), METHOD, connections=2)
        found = generator.run(Job(target, (Input(letter("a").SerializeToString()),)), STEP._replace(seconds=6.0))
    assert found.whole.codes == {"OK": 300}
    assert found.offences == {}


def test_a_worker_that_is_lost_under_load_spoils_the_step() -> None:
    with serving("count") as port, Generator(workers=2) as generator, ThreadPoolExecutor(1) as beside:
        assert generator.run(job(port), STEP).whole.scheduled == SENT
        running = beside.submit(generator.run, job(port), STEP._replace(seconds=6.0))
        wait_for_requests(port, SENT + 20)
        assert len(started("follow")) == 2
        started("follow")[0].kill()
        found = running.result()
        assert found.faults[0] == "1 of 2 workers were lost"
        assert found.whole.codes == {"OK": 150}
        with pytest.raises(GeneratorFailed, match="1 of 2 workers were lost"):
            generator.run(job(port), STEP)


def test_a_generator_that_ends_says_so() -> None:
    before = {one.pid for one in started("alone")}
    with serving("echo") as port, Generator() as generator:
        assert generator.run(job(port), STEP).whole.scheduled == SENT
        (own,) = (one for one in started("alone") if one.pid not in before)
        own.kill()
        with pytest.raises(GeneratorFailed, match="the load generator ended with status -9"):
            generator.run(job(port), STEP)


def test_what_cannot_be_sent_is_a_reason_and_spoils_nothing(generator: Generator) -> None:
    with serving("echo") as port:
        for step, asked, why in (
            (STEP._replace(rate=0.0), job(port), "0 requests per second for 0.6 seconds can be no step"),
            (STEP, job(port, Input(b"", weight=0.0)), "weights"),
            (STEP, job(port, Input(b"", metadata=(("a", "b\r\nc"),)), protocol=HTTP), "is not one line of text"),
            (STEP._replace(arrivals="sometimes"), job(port), "sometimes"),
        ):
            with pytest.raises(GeneratorFailed, match=why):
                generator.run(asked, step)
        assert generator.run(job(port), STEP).whole.codes == {"OK": SENT}


@pytest.mark.parametrize(("protocol", "allowed"), [(HTTP, 24), (GRPC, 0)])
def test_a_machine_without_room_for_connections_is_not_the_targets_fault(protocol: str, allowed: int) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    before = {one.pid for one in started("alone")}
    with listening(serve) as port, Generator() as generator:
        with serving("echo") as other:
            assert generator.run(job(other), STEP).whole.codes == {"OK": SENT}
        (own,) = (one for one in started("alone") if one.pid not in before)
        own.rlimit(psutil.RLIMIT_NOFILE, (own.num_fds() + allowed, 4096))
        asked = job(port, protocol=protocol)
        if allowed:
            found = generator.run(asked, STEP)
            assert found.faults[0].startswith("no connection could be opened: Too many open files")
        else:
            with pytest.raises(GeneratorFailed, match="Too many open files"):
                generator.run(asked, STEP)


def test_a_port_that_is_in_use_is_said_to_be() -> None:
    with serving("echo") as port:
        command = [sys.executable, "-m", "comb_compiler.load.process", "lead", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, input=b'"token"\n', capture_output=True, timeout=120)
    assert json.loads(done.stdout) == {"failed": f"nothing can listen on 127.0.0.1:{port}: Address already in use"}
