"""Ask a comb something, and read what it answers and what took how long.

The comb is a running service, by the HOST:PORT of its gRPC, or a comb.yaml whose operators are started here. The
request is a file (a picture or other bytes, or JSON), the directory of a sample, JSON itself, or `-` for stdin.

example:
  comb call 127.0.0.1:50051 frame.jpg --set check_nudity=true    a picture, to a running service
  comb call examples/frame-moderation examples/frame-moderation/samples/rotated/followers --arm rotate
  comb call 127.0.0.1:50051 '{"checkNudity": true}' --file frame.image=frame.jpg --format json
"""

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import quantiles
from typing import Any

from comb_compiler.cli.addresses import add_certificates, read_address
from comb_compiler.cli.calling.asked import Asked
from comb_compiler.cli.calling.request import Wanted, read_request
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.patience import patient
from comb_compiler.runtime.client import CannotAsk, Outcome, Terms, Unreachable
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]

_NAME = re.compile(r"(?!.*-bin$)[0-9a-z_.-]+", re.IGNORECASE)
"""A header's, as gRPC takes it; after one that ends in `-bin` come bytes."""
_BESIDE = (("comb-arm", "arm"), ("comb-release", "release"), ("x-request-id", "request"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("target", metavar="ADDRESS|COMB", help="HOST:PORT of a service; else a comb.yaml or its directory")
    add("input", metavar="INPUT", nargs="?", help="a file, the directory of a sample, JSON, or -")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="set a field, by its path")
    add("--file", action="append", default=[], metavar="FIELD=FILE", help="set a field to what a file has")
    add("--arm", metavar="NAME", help="ask this arm of the experiment")
    add("--header", action="append", default=[], metavar="NAME=VALUE", help="send a header, such as a user's id")
    add("--timeout", type=float, default=60.0, metavar="SECONDS", help="how long to wait (default: 60)")
    add("--patient", action="store_true", help="let the steps of a COMB take a minute each: this machine is slow")
    add("--repeat", type=int, default=1, metavar="N", help="ask N times, one after the other")
    add("--method", metavar="SERVICE/METHOD", help="of a service that has several")
    add_certificates(parser)
    add("--format", choices=("text", "json"), default="text", help="what is written (default: text)")


def _must_be_sensible(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.timeout < 86_400:
        raise UsageError("--timeout: write a number of seconds, more than 0")
    if not 1 <= arguments.repeat <= 1_000_000:
        raise UsageError("--repeat: write a number from 1 on")
    if arguments.arm is not None and not _is_sayable(arguments.arm):
        raise UsageError(f"--arm {arguments.arm}: no arm is called that")


def run(arguments: argparse.Namespace, console: Console) -> int:
    _must_be_sensible(arguments)
    from comb_compiler.runtime.engine import run as run_loop

    opened = None
    if Path(arguments.target).exists():
        from comb_compiler.cli.running import open_comb

        opened = open_comb(arguments.target, console)
        if opened is None:
            return Exit.FINDINGS
        if arguments.patient:
            opened = opened._replace(source=opened.source._replace(plan=patient(opened.source.plan)))
    else:
        address = read_address(arguments.target, ("grpc", "grpcs"))
        if address is None or address.port is None:
            if arguments.target.startswith(("http://", "https://")):
                raise UsageError(f"{arguments.target}: a service is asked at its gRPC port: HOST:PORT, or grpcs://…")
            raise UsageError(f"{arguments.target}: there is no such file, and it is no HOST:PORT")
    try:
        outcomes = run_loop(_ask(arguments, opened, console))
    except Unreachable as away:
        raise OutsideFailure(str(away), away.hint) from away
    except CannotAsk as wrong:
        raise UsageError(str(wrong)) from wrong
    _show(outcomes, arguments, console)
    return Exit.FINDINGS if outcomes[-1].failed else Exit.CLEAN


async def _ask(arguments: argparse.Namespace, opened: Any, console: Console) -> list[Outcome]:
    asked: Asked
    if opened is None:
        from comb_compiler.runtime.client.remote import Certificates, open_remote

        certificates = Certificates(arguments.tls_ca, arguments.tls_certificate, arguments.tls_key)
        asked = await open_remote(arguments.target, arguments.method, certificates)
    else:
        from comb_compiler.cli.calling.local import open_local

        console.progress("starting operators and models …")
        asked = await open_local(opened)
        console.progress("")
    try:
        request = _request(asked, arguments, console)
        terms = Terms(arguments.arm, dict(_header(one) for one in arguments.header), arguments.timeout)
        outcomes = []
        for number in range(arguments.repeat):
            outcomes.append(await asked.ask(request, terms))
            if arguments.repeat > 1:
                console.progress(f"{number + 1} of {arguments.repeat}")
        console.progress("")
        return outcomes
    finally:
        await asked.close()


def _request(asked: Asked, arguments: argparse.Namespace, console: Console) -> Any:
    from comb_compiler.runtime import OperatorError
    from comb_compiler.runtime.service.web.codec import from_dict

    kind = asked.request_type
    given = read_request(Wanted(arguments.input, arguments.set, arguments.file), kind.DESCRIPTOR, sys.stdin)
    console.note(given.note)
    try:
        return from_dict(given.value, kind)
    except OperatorError as error:
        raise UsageError(error.message) from error


def _header(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not _is_sayable(value):
        raise UsageError(f"--header {given}: write NAME=VALUE, in printable ASCII")
    name = name.strip()
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"--header {given}: a name is made of letters, digits, `-`, `_` and `.`, and ends in no `-bin`"
        )
    return name, value.strip()


def _is_sayable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _show(outcomes: list[Outcome], arguments: argparse.Namespace, console: Console) -> None:
    last = outcomes[-1]
    if arguments.format == "json":
        console.result(json.dumps(_as_json(outcomes), indent=2, ensure_ascii=False))
        return
    from comb_compiler.cli.calling.showing import answer_lines, waterfall
    from comb_compiler.diagnostics.render.printable import printable

    if last.failed:
        console.result(f"{last.code}: {printable(last.message)}")
    else:
        console.result("\n".join(answer_lines(last.answer)) or "(an empty answer: every field has its default)")
    beside = [f"{title} {printable(last.told[name])}" for name, title in _BESIDE if last.told.get(name)]
    console.result("")
    if beside:
        console.result(", ".join(beside))
    console.result("\n".join(waterfall(last, console.width, colour=console.colour, unicode=console.unicode)))
    if len(outcomes) > 1:
        console.result(_summary(outcomes))


def _summary(outcomes: list[Outcome]) -> str:
    took = sorted(one.seconds * 1000 for one in outcomes)
    parts = quantiles(took, n=100, method="inclusive")
    failed = sum(one.failed for one in outcomes)
    said = f", {failed} failed" if failed else ""
    return f"\n{len(outcomes)} calls: p50 {parts[49]:.1f} ms, p95 {parts[94]:.1f} ms, most {took[-1]:.1f} ms{said}"


def _as_json(outcomes: list[Outcome]) -> dict[str, Any]:
    from comb_compiler.runtime import OperatorError
    from comb_compiler.runtime.service.web.codec import to_json

    last = outcomes[-1]
    told = {title: last.told[name] for name, title in _BESIDE if last.told.get(name)}
    steps = [{"name": one.name, "start": one.start, "seconds": one.seconds, "code": one.code} for one in last.steps]
    shown: dict[str, Any] = {"version": 1, "code": last.code, **told, "seconds": last.seconds, "steps": steps}
    if last.failed:
        return {**shown, "message": last.message}
    try:
        shown["answer"] = json.loads(to_json(last.answer))
    except OperatorError as error:
        raise OutsideFailure(error.message, "as text its fields are shown") from error
    if len(outcomes) > 1:
        shown["calls"] = [{"seconds": one.seconds, "code": one.code} for one in outcomes]
    return shown
