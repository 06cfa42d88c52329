"""Have every server here that the tests start, built where it is missing, and say what that took (`make servers`)."""

import signal
import sys
import time

from tests.servers.maven import JAVA_SERVERS, java_server
from tests.servers.pins import DEFINITIONS, PROGRAMS
from tests.servers.provision import definitions, locate_all
from tests.support.tools import Missing

__all__ = ["main"]


def main() -> int:
    """0 when all are there; 4 when one cannot be had: the tests that need it will say so too."""
    started, built = time.monotonic(), []

    def say(line: str) -> None:
        built.append(line)
        print(f"servers: {line}", flush=True)

    code = 0
    for name in JAVA_SERVERS:
        try:
            java_server(name, say)
        except Missing as missing:
            print(f"servers: {missing}", file=sys.stderr)
            code = 4
    try:
        for name in DEFINITIONS:
            definitions(name, say)
        programs = locate_all((name for name, one in PROGRAMS.items() if not one.for_trials), say)
    except Missing as missing:
        print(f"servers: {missing}", file=sys.stderr)
        return 4
    if built:
        homes = ", ".join(sorted({str(path.parent) for path in programs.values()}))
        print(f"servers: {len(programs)} programs are ready after {time.monotonic() - started:.0f} s, in {homes}")
    return code


if __name__ == "__main__":
    # `make test` starts it in the background, where a shell has it ignore Ctrl-C; told to end, it ends the build too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
