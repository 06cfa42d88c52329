"""A process that serves and records as fast as it can, until it is killed: it says each request that was answered.

python -m tests.runtime.recording.recording_process STORE FIRST [PAUSE]
"""

import asyncio
import os
import sys
from pathlib import Path

from comb_compiler.release import Recording
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.recording.recorder import Bounds, Recorder
from comb_compiler.runtime.recording.stores import opened_late
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request


async def main(store: Path, first: int, pause: float) -> None:
    plan = chain("shout", 2, recording=Recording(1.0, ("error",)))
    recorder = Recorder(plan, opened_late(store), store.with_name("spool"), bounds=Bounds(grace=30))
    async with Engine(plan, observers=[recorder]) as engine:
        recorder.start(engine.messages)
        print(f"lost {sum(recorder.losses.counts.values())}", flush=True)
        number = first
        while pause:
            run = await engine.run(Request(letter=Letter(text="x" * (number % 700))), request_id=f"r{number}")
            assert run.error is None
            os.write(1, b"r%d\n" % number)
            number += 1
            if number % 8 == 0:
                await asyncio.sleep(pause)
    await asyncio.to_thread(recorder.close)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
