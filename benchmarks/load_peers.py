"""Generators that Comb's is measured beside, each in a process of its own: as many calls as they can, in a closed loop.

Prints the calls, the CPU seconds and the seconds that they took, as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

USERS = 32
BODY = b'{"text": "text"}'


class Found(NamedTuple):
    calls: int
    cpu: float
    seconds: float


def http(port: int, seconds: float) -> Found:
    """Locust's FastHttpUser with nothing around it."""
    import gevent
    from locust import FastHttpUser, constant, task
    from locust.env import Environment

    class Caller(FastHttpUser):
        host = f"http://127.0.0.1:{port}"
        wait_time = constant(0)

        @task
        def call(self) -> None:
            self.client.post("/run", data=BODY)

    environment = Environment(user_classes=[Caller])
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(0.5)
    total = environment.stats.total
    calls, cpu = total.num_requests, time.process_time()
    gevent.sleep(seconds)
    found = Found(total.num_requests - calls, time.process_time() - cpu, seconds)
    assert total.num_failures == 0
    runner.quit()
    return found


def grpc(port: int, seconds: float) -> Found:
    """grpcio on gevent, as a locust user of one's own would have it."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    import grpc
    import grpc.experimental.gevent as grpc_gevent

    grpc_gevent.init_gevent()
    calls = 0
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary("/tests.v1.Load/Run")
        assert method(BODY, timeout=10.0) == BODY
        cpu, until = time.process_time(), time.perf_counter() + seconds

        def call() -> None:
            nonlocal calls
            while time.perf_counter() < until:
                assert method(BODY, timeout=10.0) == BODY
                calls += 1

        gevent.joinall([gevent.spawn(call) for _ in range(USERS)], raise_error=True)
        return Found(calls, time.process_time() - cpu, seconds)


def main(kind: str, port: str, seconds: str) -> None:
    peers: dict[str, Callable[[int, float], Found]] = {"http": http, "grpc": grpc}
    print(json.dumps(peers[kind](int(port), float(seconds))._asdict()))


if __name__ == "__main__":
    main(*sys.argv[1:])
