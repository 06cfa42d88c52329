"""Write the Kubernetes objects that load a comb from several pods at once, where one process cannot send enough.

Locust's master shares each step among its workers, and says in its log what came of it: one line of JSON a step. Steps
and requests are those of `gates.load`, or those that are named here. Images have comb-compiler[load]; the Secret holds
a token, under `token`, that only these pods know.

A service that speaks TLS is grpcs://HOST:PORT, or is named with Secrets: one with whom to trust (`ca.crt`), and one
with who asks (`tls.crt` and `tls.key`). They may be the same.

example:
  kubectl create secret generic load-token --from-literal=token=$(openssl rand -hex 32)
  comb load combs/ocr --target ocr.ocr.svc:50051 --image registry.example.com/load@sha256:… --workers 4 > load.yaml
  kubectl apply -f load.yaml && kubectl logs -f job/load-ocr
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.addresses import read_address
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import Clean, comb_file, open_clean

if TYPE_CHECKING:
    from comb_compiler.load.kubernetes import Certificates
    from comb_compiler.load.model import Input, Step
    from comb_compiler.spec.comb import Comb

__all__ = ["add_arguments", "run"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")
_SECRET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_TIMEOUT = 10.0
_MOST_INPUT_BYTES = 600_000
"""Of requests, which take a third more in a ConfigMap."""
_MOST_WORKERS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("path", metavar="COMB", help="a comb.yaml, or a directory with one")
    add("--target", metavar="HOST:PORT", required=True, help="where the service is, as pods reach it")
    add("--tls-ca-secret", metavar="SECRET", help="speak TLS, and trust the authorities in this Secret")
    add("--tls-client-secret", metavar="SECRET", help="speak TLS, as who has the certificate in this Secret")
    add("--image", required=True, help="what the pods run; it has comb-compiler[load]")
    add("--workers", metavar="N", type=int, default=2, help="how many pods send (default: 2)")
    add("--steps", metavar="RATE", type=float, nargs="+", help="requests a second (default: those of gates.load)")
    add("--hold", metavar="SECONDS", type=float, help="how long each step lasts (default: as gates.load has it)")
    add("--namespace", default="default", help="where the pods run (default: default)")
    add("--name", help="what the objects are called (default: load-COMB)")
    add("--secret", default="load-token", help="the Secret that holds the token (default: load-token)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    host, port, certificates = _asked(arguments)
    clean = open_clean(comb_file(arguments.path), console, "can be loaded")
    if clean is None:
        return Exit.FINDINGS
    for what in (arguments.namespace, _name(arguments, clean)):
        if _NAME.fullmatch(what) is None:
            raise UsageError(f"`{what}` is no name of Kubernetes: lower-case letters, digits and hyphens, at most 52")
    from comb_compiler.load.kubernetes import Shared, TooLarge, objects
    from comb_compiler.load.model import GRPC, Job, Target
    from comb_compiler.render.emit import emit

    inputs, of = _inputs(clean)
    path = f"/{clean.plan.method.service}/{clean.plan.method.name}"
    shared = Shared(
        _name(arguments, clean),
        arguments.namespace,
        arguments.image,
        arguments.secret,
        arguments.workers,
        Job(Target(GRPC, host, port, path), inputs),
        tuple(_steps(arguments, _comb(clean))),
        certificates,
    )
    try:
        made = objects(shared)
    except TooLarge as problem:
        raise UsageError(f"{problem}: name fewer --steps") from problem
    if len(inputs) < of:
        console.note(f"{len(inputs):,} of {of:,} samples are sent: a ConfigMap has no room for more")
    console.result("---\n".join(emit(one) for one in made).rstrip("\n"))
    return Exit.CLEAN


def _asked(arguments: argparse.Namespace) -> "tuple[str, int, Certificates | None]":
    """Where the target is, and how TLS is spoken to it; None where it is spoken to in the clear."""
    from comb_compiler.load.kubernetes import Certificates

    address = read_address(arguments.target, ("grpc", "grpcs"))
    if address is None or address.port is None:
        raise UsageError(f"--target {arguments.target}: HOST:PORT is wanted, or grpcs://HOST:PORT")
    for what in (arguments.secret, arguments.tls_ca_secret, arguments.tls_client_secret):
        if what is not None and _SECRET.fullmatch(what) is None:
            raise UsageError(f"`{what}` is no name of a Secret: lower-case letters, digits, hyphens and dots")
    if re.fullmatch(r"\S+", arguments.image) is None:
        raise UsageError(f"--image {arguments.image!r}: the name of an image is wanted")
    if not 1 <= arguments.workers <= _MOST_WORKERS:
        raise UsageError(f"--workers: a number from 1 to {_MOST_WORKERS:,}")
    named = Certificates(arguments.tls_ca_secret or "", arguments.tls_client_secret or "")
    is_sealed = any(named) or address.scheme == "grpcs"
    return address.host.strip("[]"), address.port, named if is_sealed else None


def _name(arguments: argparse.Namespace, clean: Clean) -> str:
    return str(arguments.name or f"load-{clean.plan.comb}")


def _comb(clean: Clean) -> "Comb":
    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    return comb.base.value


def _steps(arguments: argparse.Namespace, comb: "Comb") -> "Iterator[Step]":
    from comb_compiler.load.model import Step
    from comb_compiler.load.schedule import schedule

    asked = comb.gates.load
    rates = arguments.steps or (asked.steps if asked is not None else ())
    hold = arguments.hold or (asked.hold.total_seconds() if asked is not None else 30.0)
    timeout = comb.sla.deadline.total_seconds() if comb.sla.deadline is not None else _TIMEOUT
    if not rates:
        raise UsageError("comb.yaml has no `gates.load`: name --steps")
    for number, rate in enumerate(rates):
        step = Step(rate, hold, timeout, seed=number)
        try:
            schedule(step, [1.0])
        except ValueError as problem:
            raise UsageError(f"--steps and --hold: {problem}") from problem
        yield step


def _inputs(clean: Clean) -> "tuple[tuple[Input, ...], int]":
    """Requests that are right, as many as there is room for, and how many there are."""
    from comb_compiler.cli.gate.sample_sets import loaded, set_names
    from comb_compiler.load.model import Input
    from comb_compiler.spec.files import RECORDED

    places = set_names(_comb(clean).gates)
    gates = ("load", "replay.regular", "availability")
    named = [places[gate] for gate in gates if places.get(gate, RECORDED) != RECORDED]
    found = loaded(clean.directory / named[0]) if named else None
    right = [one.request for one in found.in_files.samples if one.error is None] if found is not None else []
    if not right:
        raise UsageError("there are no samples to load with: name a directory in `gates.load.samples`")
    kept, size = list[Input](), 0
    for body in _encoded(clean, right):
        size += len(body)
        if kept and size > _MOST_INPUT_BYTES:
            break
        kept.append(Input(body))
    return tuple(kept), len(right)


def _encoded(clean: Clean, requests: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    from comb_compiler.runtime import OperatorError
    from comb_compiler.runtime.messages import open_messages
    from comb_compiler.runtime.service.web.codec import from_dict

    kind: Any = open_messages(clean.plan.descriptors)[clean.plan.method.input]
    for request in requests:
        try:
            yield bytes(from_dict(dict(request), kind).SerializeToString())
        except OperatorError as problem:
            raise UsageError(f"a sample is none of the interface: {problem.message}") from problem
