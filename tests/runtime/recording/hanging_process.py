"""A process that is at a request that comes to no end, until it is killed.

python -m tests.runtime.recording.hanging_process DIRECTORY SECRET
"""

import asyncio
import sys
from pathlib import Path

from comb_compiler.release import Recording
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.recording.recorder import Recorder
from comb_compiler.runtime.recording.stores import opened_late
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request

NODES = {
    "first": ("shout", {"letter": "request.letter"}),
    "second": ("hangs", {"letter": "first"}),
    "third": ("same", {"letter": "second"}),
}
RECORDING = Recording(0.0, ("oom",), redact=("request.letter.maybe",))


async def main(directory: Path, secret: str) -> None:
    a_plan = plan(NODES, "third", recording=RECORDING)
    recorder = Recorder(a_plan, opened_late(directory / "samples"), directory / "spool")
    request = Request(letter=Letter(text="hello", maybe=secret))
    async with Engine(a_plan, observers=[recorder]) as engine:
        recorder.start(engine.messages, lambda: engine.running)
        await engine.run(request, request_id="large", within=600.0, key="ann")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
