"""What watching health costs: CPU time for each request of the engine, at the default share of 1%.

    .venv/bin/python benchmarks/health.py [--record]

The messages are those of examples/frame-moderation: a frame of 100 kB with eight lines, 36 kB of pixels each. Bar
(issue "A real service"): 20 µs for each request, on average, all work included.
"""

import argparse
import gc
import platform
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from comb_compiler.compiler import compile_comb
from comb_compiler.runtime.health.drift import Stream, Windows
from comb_compiler.runtime.health.features import Feature
from comb_compiler.runtime.health.observations import Observations
from comb_compiler.runtime.health.watching import Sampling, Watching
from comb_compiler.runtime.messages import open_messages
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "health.md"
_REQUESTS = 400_000
_ROUNDS = 5


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write results/health.md")
    rows = [_not_taken(), *_looked_at(), _window(), _memory()]
    table = "".join(f"| {what} | {value} |\n" for what, value in rows)
    page = f"# Watching health\n\n{_machine()}\n\n| what | measured |\n|---|---|\n{table}\n{_NOTES}"
    print(page)
    if parser.parse_args().record:
        RESULT.write_text(page, encoding="utf-8")


_NOTES = """CPU time of the whole process (`time.process_time`), so that other programs count as little as they can.
Bar: 20 µs for each request on average, all work included; beyond that, requests are left out.

Repeat: `.venv/bin/python benchmarks/health.py --record`.
"""


def _machine() -> str:
    date = datetime.now(UTC).date().isoformat()
    return f"{date} · {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _cost(work: Any) -> float:
    """Seconds of CPU time of the best of several rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        gc.collect()
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _requests(watching: Watching, request: Any, count: int) -> None:
    ended = watching.ended
    for _ in range(count):
        ended(request)


def _not_taken() -> tuple[str, str]:
    watching = Watching(Sampling(share=1e-9), lambda glance: None)
    empty = _cost(lambda: [None for _ in range(_REQUESTS)])
    cost = _cost(lambda: _requests(watching, None, _REQUESTS)) - empty
    return "a request that is not looked at, in the loop", f"{cost / _REQUESTS * 1e9:.0f} ns"


def _looked_at() -> list[tuple[str, str]]:
    plan = compile_comb(load_sources(Checkout(str(ROOT)), "examples/frame-moderation/comb.yaml")).plan
    assert plan is not None
    messages = open_messages(plan.descriptors)
    observations = Observations(plan, messages, Windows(reference=200, size=50, seconds=0.0))
    request = _example(messages)
    watching = Watching(Sampling(share=1.0, seconds=1.0, pending=10**6), observations.look)
    looks = 300

    def all_of_them() -> None:
        _requests(watching, request, looks)
        watching.close()

    each = _cost(all_of_them) / looks
    watching = Watching(Sampling(pending=10**6), observations.look)

    def a_share() -> None:
        for _ in range(200):
            _requests(watching, request, 100)
            while not watching._queue.empty():
                time.sleep(0.001)
        watching.close()

    amortised = _cost(a_share) / 20_000
    drawn = watching.left_out + watching.looked_at
    return [
        ("one that is looked at: six messages of frame-moderation, drift windows included", f"{each * 1e6:.0f} µs"),
        ("for each request, on average, at 1%", f"{amortised * 1e6:.1f} µs"),
        (
            "requests left out of that 1% for their cost",
            f"{watching.left_out} of {drawn}",
        ),
    ]


def _example(messages: Any) -> Any:
    pixels = bytes(range(256)) * 144
    corner = {name: {"x": 10.0, "y": 20.0} for name in ("top_left", "top_right", "bottom_right", "bottom_left")}
    box = {"outline": corner, "score": 0.9, "crop": {"width": 256, "height": 48, "pixels": pixels}, "angle": 1}
    boxes = messages["moderation.v1.Boxes"](boxes=[box] * 8)
    line = {"text": "free coins", "score": 0.9, "outline": corner}
    lines = messages["moderation.v1.Lines"](lines=[line] * 8)
    score = messages["moderation.v1.UnsafeScore"](score=0.1)
    verdict = messages["moderation.v1.Verdict"](decision=2, lines=[line] * 8, reasons=[{"code": 2, "decision": 2}])
    request = messages["moderation.v1.CheckRequest"](frame={"image": bytes(100_000)}, check_nudity=True)
    values = (boxes, score, boxes, lines, verdict)
    return SimpleNamespace(request_id="", arm="control", request=request, values=values, codes=(0,) * len(values))


def _stream(features: int) -> Stream:
    return Stream({index: Feature(f"f{index}") for index in range(features)}, Windows(), 1e-6, 0)


def _window() -> tuple[str, str]:
    random = Random(0)
    stream = _stream(64)
    for _ in range(2000 + 499):
        stream.add([random.random() for _ in range(64)], 0.0)
    began = time.process_time()
    stream.add([random.random() for _ in range(64)], 600.0)
    assert stream.windows == 1
    return "the end of a window of 64 figures, 500 observations each", f"{(time.process_time() - began) * 1e3:.0f} ms"


def _memory() -> tuple[str, str]:
    random = Random(0)
    rows = [[random.random() for _ in range(64)] for _ in range(50)]
    tracemalloc.start()
    stream = _stream(64)
    for number in range(2000 + 5000):
        stream.add([value + number for value in rows[number % 50]], 0.0)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return "memory of a stream of 64 figures, reference and window full", f"{held / 1e6:.1f} MB"


if __name__ == "__main__":
    main()
