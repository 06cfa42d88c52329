"""What a hop costs in Ray Serve and BentoML: run by engine.py with a Python that has them; prints JSON.

PYTHON benchmarks/engine_peers.py ray-local|ray-processes|bentoml
"""

import asyncio
import json
import os
import statistics
import sys
import time
from typing import Any

HOPS = 10


def median(seconds: list[float]) -> float:
    """Microseconds per hop."""
    return statistics.median(seconds) / HOPS * 1e6


async def chain(hops: Any, requests: int) -> list[float]:
    """Hop after hop."""
    times = []
    for _ in range(requests):
        began, text = time.perf_counter(), "text"
        for hop in hops:
            text = await hop.remote(text)
        times.append(time.perf_counter() - began)
    return times


async def fan(hops: Any, requests: int) -> list[float]:
    """All hops at once."""

    async def call(hop: Any) -> str:
        return await hop.remote("text")

    times = []
    for _ in range(requests):
        began = time.perf_counter()
        await asyncio.gather(*(call(hop) for hop in hops))
        times.append(time.perf_counter() - began)
    return times


def ray(*, local: bool, requests: int) -> dict[str, float]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray as runtime
    from ray import serve

    if not local:
        own = {"address": "local", "_node_ip_address": "127.0.0.1"}  # not what an earlier attempt may have left
        runtime.init(**own, include_dashboard=False, num_cpus=16, log_to_driver=False)

    @serve.deployment(ray_actor_options={"num_cpus": 0})
    class Same:
        async def __call__(self, text: str) -> str:
            return text

    @serve.deployment(ray_actor_options={"num_cpus": 0})
    class Driver:
        def __init__(self, *hops: Any) -> None:
            self.hops = hops

        async def chain(self, requests: int) -> list[float]:
            return await chain(self.hops, requests)

        async def fan(self, requests: int) -> list[float]:
            return await fan(self.hops, requests)

    hops = [Same.options(name=f"same{index}").bind() for index in range(HOPS)]
    more = {"_local_testing_mode": True} if local else {}
    handle = serve.run(Driver.bind(*hops), route_prefix=None, **more)
    handle.chain.remote(requests // 10).result()
    found = {
        "chain": median(handle.chain.remote(requests).result()),
        "fan": median(handle.fan.remote(requests).result()),
    }
    if not local:
        serve.shutdown()
        runtime.shutdown()
    return found


def bento(requests: int) -> dict[str, float]:
    import bentoml

    @bentoml.service
    class Same:
        @bentoml.api
        def same(self, text: str) -> str:
            return text

    service = Same()
    looked_up_once = service.same
    times: list[float] = []
    bare: list[float] = []
    for _ in range(requests):
        began, text = time.perf_counter(), "text"
        for _ in range(HOPS):
            text = service.same(text)
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(HOPS):
            text = looked_up_once(text)
        bare.append(time.perf_counter() - began)
    return {"chain": median(times), "chain, the method looked up once": median(bare)}


if __name__ == "__main__":
    peers = {
        "ray-local": lambda: ray(local=True, requests=300),
        "ray-processes": lambda: ray(local=False, requests=200),
        "bentoml": lambda: bento(5000),
    }
    found = peers[sys.argv[1]]()
    print("\n" + json.dumps(found), flush=True)
    os._exit(0)  # threads that the peers leave behind are not to be waited for
