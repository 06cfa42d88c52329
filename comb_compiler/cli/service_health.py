"""What a running service says of its models' health, asked over HTTP."""

import argparse
import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from comb_compiler.cli.addresses import Address, read_address
from comb_compiler.cli.exits import UsageError
from comb_compiler.runtime.client import CannotAsk
from comb_compiler.runtime.client.tls import Certificates, hung_up, refusal
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.runtime.health import Report

__all__ = ["of_service"]

_STATUS = "/v1/status"
_OTHER_PORT = "is that the service's HTTP port, not gRPC's, and does it want TLS (--tls-ca, or https://)?"
_SECONDS = 10.0
_MOST_BYTES = 32 * 1024 * 1024


def of_service(arguments: argparse.Namespace) -> "tuple[str, Report]":
    """The comb's name and the report, of the service at `arguments.target`. Raises UsageError, OutsideFailure."""
    from comb_compiler.runtime.health import BadReport, read_report

    target = arguments.target
    address = read_address(target, ("http", "https"))
    if address is None:
        raise UsageError(f"{target}: there is no such file, and it is no HOST:PORT or URL of a service")
    if arguments.samples or arguments.reference or arguments.save_reference:
        raise UsageError("--samples, --reference and --save-reference are for a comb.yaml: a service has its own")
    certificates = _certificates(arguments, address)
    url = f"{'http' if certificates is None else 'https'}://{address.place}{_STATUS}"
    status = _fetched(url, certificates)
    if "health" not in status:
        raise OutsideFailure(f"{url} says nothing of health", "this service watches no health")
    try:
        report = read_report(status["health"])
    except BadReport as bad:
        raise OutsideFailure(f"what {url} says of health cannot be used: {bad}") from bad
    return str(status.get("comb", target)), _with_reasons(report, status.get("reasons"))


def _certificates(arguments: argparse.Namespace, address: Address) -> Certificates | None:
    """For TLS; None where it is not spoken. Raises UsageError."""
    certificates = Certificates(arguments.tls_ca, arguments.tls_certificate, arguments.tls_key)
    if address.scheme == "http" and any(certificates):
        raise UsageError(f"{arguments.target} is without TLS, and --tls-… are for it: write https://")
    return certificates if address.scheme == "https" or any(certificates) else None


def _with_reasons(report: "Report", said: object) -> "Report":
    """With all that keeps the service from being ready, such as processes that it cannot reach."""
    reasons = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    return report._replace(not_ready=tuple(dict.fromkeys((*report.not_ready, *reasons))))


def _fetched(url: str, certificates: Certificates | None) -> Mapping[str, Any]:
    request = Request(url, headers={"accept": "application/json"})  # noqa: S310
    try:
        secure = None if certificates is None else certificates.context()
        with urlopen(request, timeout=_SECONDS, context=secure) as response:  # noqa: S310
            content = response.read(_MOST_BYTES + 1)
    except CannotAsk as wrong:
        raise UsageError(str(wrong)) from wrong
    except (URLError, HTTPException, OSError, ValueError) as problem:
        raise _failed(url, problem, certificates) from problem
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise OutsideFailure(f"{url} gave no JSON") from problem
    if not isinstance(value, dict):
        raise OutsideFailure(f"{url} gave no status")
    return value


def _failed(url: str, problem: Exception, certificates: Certificates | None) -> OutsideFailure:
    reason = problem.reason if isinstance(problem, URLError) else problem
    if isinstance(reason, ssl.SSLError):
        return OutsideFailure(*refusal(url.removesuffix(_STATUS), reason))
    if certificates is not None and isinstance(reason, ConnectionError) and not isinstance(problem, URLError):
        return OutsideFailure(*hung_up(url.removesuffix(_STATUS), certificates))
    if isinstance(problem, HTTPException):  # what came is no HTTP: its text is whatever was sent
        return OutsideFailure(f"what listens at {url} does not speak HTTP", _OTHER_PORT)
    return OutsideFailure(f"{url} cannot be had: {reason}")
