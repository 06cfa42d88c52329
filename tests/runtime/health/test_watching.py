"""Which requests are looked at, and what that costs."""

import threading
from collections.abc import Callable
from itertools import pairwise
from time import process_time, thread_time
from types import SimpleNamespace
from typing import Any

from comb_compiler.runtime import Parcel
from comb_compiler.runtime.engine import Probe
from comb_compiler.runtime.health.watching import Glance, Sampling, Watching


def request(request_id: str = "", values: tuple[Any, ...] = ("a",), codes: tuple[int, ...] = (0,)) -> Any:
    return SimpleNamespace(request_id=request_id, arm="", request="r", values=values, codes=codes)


def watching(look: Callable[[Glance], None], **sampling: Any) -> Watching:
    return Watching(Sampling(**sampling), look, seed=5)


def test_about_the_share_is_looked_at_at_random_gaps() -> None:
    seen: list[int] = []
    number = 0
    one = watching(lambda glance: None, share=0.01, seconds=1.0, pending=10_000)
    for number in range(50_000):
        before = one.requests
        one.ended(request())
        if one.requests != before:
            seen.append(number)
    one.close()
    assert 420 < len(seen) < 580
    assert one.looked_at == len(seen)
    assert len({later - earlier for earlier, later in pairwise(seen)}) > 100
    assert one.requests == seen[-1] + 1


def test_nothing_is_looked_at_where_the_share_is_nothing() -> None:
    one = watching(lambda glance: None, share=0.0)
    for _ in range(1000):
        one.ended(request())
    one.close()
    assert (one.looked_at, one.requests) == (0, 0)


def test_probes_are_never_looked_at() -> None:
    seen: list[Glance] = []
    one = watching(seen.append, share=1.0, seconds=1.0, pending=100)
    for _ in range(10):
        one.ended(request(Probe("golden/x")))
    one.ended(request("golden/x"))
    one.close()
    assert (len(seen), one.requests) == (1, 1)


def test_cpu_time_stays_within_its_bound_whatever_the_share() -> None:
    def work(glance: Glance) -> None:
        until = thread_time() + 0.001
        while thread_time() < until:
            pass

    one = watching(work, share=1.0, seconds=20e-6, pending=1000)
    for number in range(5000):
        one.ended(request())
        if number % 50 == 0:
            settle(one)
    one.close()
    assert one.requests == 5000
    assert one.looked_at + one.left_out == 5000
    assert one.looked_at > 0
    assert one.spent <= 20e-6 * 5000 + 51 * 0.0015  # those that were pending when the bound was reached


def settle(one: Watching) -> None:
    while not one._queue.empty():
        pass


def test_what_waits_is_bounded() -> None:
    gate = threading.Event()

    def look(glance: Glance) -> None:
        gate.wait()

    one = watching(look, share=1.0, seconds=1.0, pending=3)
    for _ in range(100):
        one.ended(request())
    assert one.left_out >= 96
    gate.set()
    one.close()
    assert one.looked_at + one.left_out == 100


def test_a_request_that_cannot_be_looked_at_harms_no_other(caplog: Any) -> None:
    seen: list[Glance] = []

    def look(glance: Glance) -> None:
        seen.append(glance)
        if len(seen) == 1:
            raise RuntimeError("broken")

    one = watching(look, share=1.0, seconds=1.0, pending=100)
    for _ in range(3):
        one.ended(request())
    one.close()
    assert len(seen) == 3
    assert "could not be looked at" in caplog.text


def test_what_failed_is_left_out_and_bytes_beside_a_message_too() -> None:
    seen: list[Glance] = []
    one = watching(seen.append, share=1.0, seconds=1.0, pending=100)
    parcel = Parcel("message", {"image": b"1"})
    one.ended(request(values=("a", "fallback", None, parcel), codes=(0, 14, -2, 0)))
    one.close()
    assert seen == [Glance("", "r", ["a", None, None, "message"])]


def test_a_request_that_is_not_taken_costs_next_to_nothing() -> None:
    one = watching(lambda glance: None, share=1e-9)
    ended, a_request = one.ended, request()
    began = process_time()
    for _ in range(100_000):
        ended(a_request)
    assert (process_time() - began) / 100_000 < 2e-6
