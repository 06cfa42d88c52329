"""A comb's process in a pod: `python -m comb_compiler.runtime.service PLAN.json --artifacts DIR --code DIR`.

The first process of the plan answers requests; with `--process` it is another, which hosts operators for it. Settings
come from flags, then from the environment (`COMB_GRPC_PORT`), then from defaults. SIGTERM ends it in order: it says
that it is going, serves on until balancers have heard it, and ends when nothing is under way. A second signal ends it
at once.

exit codes: 0 ended in order; 1 it cannot start, or requests were cut off, with a sentence that says so; 2 wrong usage.
"""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from comb_compiler.release import BadPlan, ExecutionPlan, parse_plan
from comb_compiler.runtime.codes import OperatorError
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.engine import CannotRun, run
from comb_compiler.runtime.health import NOTHING
from comb_compiler.runtime.service.artifacts import artifact_locator
from comb_compiler.runtime.service.assembly import Source
from comb_compiler.runtime.service.descriptors import with_room
from comb_compiler.runtime.service.face import CannotServe
from comb_compiler.runtime.service.given import read_goldens, read_reference
from comb_compiler.runtime.service.lifecycle import serve
from comb_compiler.runtime.service.service import Addresses
from comb_compiler.runtime.service.settings import SETTINGS, BadSettings, Setting, Settings, read_settings
from comb_compiler.runtime.telemetry.logs import Names, line_of_dropped, name_lines, names_of, write_logs
from comb_compiler.runtime.telemetry.outlet import outlets
from comb_compiler.runtime.telemetry.watching import observers_of

__all__ = ["main"]

_log = logging.getLogger("comb.service")
_PEER = "COMB_PEER_"
CANNOT = (BadPlan, BadOperator, CannotRun, CannotServe, OperatorError, OSError)
"""What keeps it from starting and is nobody's bug."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(vars(options), os.environ, Settings(log_format=_log_format()))
        peers = _peers(options.peer)
    except BadSettings as error:
        parser.error("; ".join(error.reasons))
    os.environ["COMB_LOG_FORMAT"] = settings.log_format  # worker processes log alike
    names = Names(options.process or "")
    streams = outlets(line_of_dropped(settings.log_format, names))
    logs = write_logs(format=settings.log_format, outlets=streams)
    name_lines(names)
    try:
        return _serve(options, with_room(settings), peers)
    finally:
        logs.close()
        sys.stdout.flush()
        sys.stderr.flush()
        for stream in streams:
            stream.close()


def _log_format() -> str:
    """JSON for who collects it, text for who looks on."""
    return "text" if sys.stderr.isatty() else "json"


def _serve(options: argparse.Namespace, settings: Settings, peers: dict[str, str]) -> int:
    try:
        plan = parse_plan(options.plan.read_bytes())
        name_lines(names_of(plan, options.process or ""))
        if not options.process or options.process == plan.processes[0].name:
            _say_who_is_missing(plan, peers)
            watching = observers_of(plan, os.environ, release=settings.release, share=settings.trace_share)
            source = _source(plan, options, peers)._replace(observers=watching)
            return 0 if run(serve(source, settings, _started)) else 1
        from comb_compiler.runtime.service.hosted import host

        return 0 if run(host(_source(plan, options, peers), options.process, settings, _started)) else 1
    except CANNOT as error:
        print(f"error: {_told(error, options.plan)}", file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m comb_compiler.runtime.service",
        usage="%(prog)s PLAN [options]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("plan", metavar="PLAN", type=Path, help="the file of the execution plan")
    parser.add_argument("--process", metavar="NAME", help="which of the plan's processes this is (default: the first)")
    parser.add_argument("--artifacts", metavar="DIR", type=Path, default=Path(), help="where models' files are")
    parser.add_argument("--code", metavar="DIR", type=Path, help="where operators' code is, unless it is installed")
    parser.add_argument("--workspace", metavar="DIR", type=Path, help="where operators may leave files")
    parser.add_argument("--weights", metavar="FILE", type=Path, help="weights of arms and releases; it is watched")
    parser.add_argument("--goldens", metavar="DIR", type=Path, help="a sample set that says whether models are well")
    parser.add_argument(
        "--reference", metavar="FILE", type=Path, help="what health is compared with: see `comb health`"
    )
    parser.add_argument(
        "--peer",
        metavar="NAME=HOST:PORT",
        action="append",
        default=[],
        help="where another of the plan's processes is; also COMB_PEER_NAME",
    )
    for setting in SETTINGS:
        parser.add_argument(setting.flag, metavar=setting.placeholder, help=f"{setting.meaning}{_default(setting)}")
    return parser


def _default(setting: Setting) -> str:
    default = setting.default
    if setting.name == "log_format":
        return " (default: text on a terminal, else json)"
    shown = str(default).lower() if isinstance(default, bool) else default
    return "" if default == "" else f" (default: {shown})"


def _source(plan: ExecutionPlan, options: argparse.Namespace, peers: dict[str, str]) -> Source:
    for directory in (options.artifacts, options.code, options.workspace):
        if directory is not None and not directory.is_dir():
            raise CannotServe(f"{directory}: there is no such directory")
    goldens = None if options.goldens is None else read_goldens(options.goldens)
    reference = NOTHING if options.reference is None else read_reference(options.reference)
    locate = artifact_locator(options.artifacts)
    return Source(plan, locate, options.code, options.workspace, peers, options.weights, goldens, reference)


def _peers(given: Sequence[str]) -> dict[str, str]:
    """The addresses of other processes, by name. Raises BadSettings."""
    said = {name.removeprefix(_PEER).lower(): value for name, value in os.environ.items() if name.startswith(_PEER)}
    for one in given:
        name, separator, address = one.partition("=")
        if not name or not separator or not address:
            raise BadSettings((f"--peer is {one!r}, and must be NAME=HOST:PORT",))
        said[name] = address
    return said


def _say_who_is_missing(plan: ExecutionPlan, peers: dict[str, str]) -> None:
    """A process that no `--peer` names is one that nobody asks: its calls fail, or are replaced, from the start."""
    for process in plan.processes[1:]:
        if process.name not in peers:
            _log.warning("nothing says where process `%s` is (--peer): its operators are UNAVAILABLE", process.name)


def _started(addresses: Addresses) -> None:
    gc.collect()
    gc.freeze()  # what is here now stays: to look through it for garbage would hold up requests, time and again
    _log.info("serving gRPC on %s, HTTP on %s", *addresses)


def _told(error: Exception, plan: Path) -> str:
    if isinstance(error, BadPlan):
        return f"{plan}: {error}; `comb graph COMB --format plan` writes one"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: it cannot be read: {error.strerror}"
    return str(error)
