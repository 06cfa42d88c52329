"""What `comb run` serves: a comb that is clean, with what is given beside it; and what is said of it."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.models import model_locator
from comb_compiler.cli.opening import Clean, comb_file, open_clean
from comb_compiler.cli.processes import Hosting

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Addresses, Source

__all__ = ["Opened", "Opening", "greeting", "open_comb", "opened_of", "told_of"]

_PICTURES = (".jpg", ".jpeg", ".png", ".webp")


class Opened(NamedTuple):
    """A clean comb: where it is, what a service is made from, and the digest of its operators' code."""

    path: str
    directory: Path
    source: "Source"
    code_digest: str


def open_comb(path: str, console: Console, *, parted: bool = False, environment: str = "") -> Opened | None:
    """Check a comb.yaml, and show what there is to say; None where it has mistakes.

    The plan has one process, or, `parted`, one for each group of operators; it is as an `environment` makes it, if one
    is named.
    """
    from comb_compiler.compiler import parted_by_groups

    path = comb_file(path)
    clean = open_clean(path, console, "can run", environment)
    if clean is None:
        return None
    return opened_of(clean._replace(plan=parted_by_groups(clean.compiled)) if parted else clean, path)


def opened_of(clean: Clean, path: str) -> Opened:
    """What a service is made from, of a comb that was opened by `path`."""
    from comb_compiler.runtime.service import Source
    from comb_compiler.workspace.operators import code_digest

    source = Source(clean.plan, model_locator(clean.checkout, clean.main), clean.directory)
    return Opened(path, clean.directory, source, code_digest(clean.checkout, clean.main))


class Opening(NamedTuple):
    """A comb, and all that is given beside it: read again for each change."""

    main: str
    arguments: argparse.Namespace
    console: Console

    def open(self) -> Opened | None:
        """Check and read it; None where it has mistakes, which are then shown. Raises UsageError for what is given."""
        from comb_compiler.runtime.health import NOTHING
        from comb_compiler.runtime.service import CannotServe
        from comb_compiler.runtime.service.given import read_goldens, read_reference

        given = self.arguments
        for directory in (given.goldens, given.workspace):
            if directory is not None and not directory.is_dir():
                raise UsageError(f"{directory}: there is no such directory")
        opened = open_comb(self.main, self.console, parted=given.processes, environment=given.environment)
        if opened is None:
            return None
        try:
            goldens = None if given.goldens is None else read_goldens(given.goldens)
            reference = NOTHING if given.reference is None else read_reference(given.reference)
        except CannotServe as error:
            self.console.note(f"comb: {error}")
            return None
        except OSError as problem:
            raise UsageError(f"{given.reference}: it cannot be read: {problem.strerror}") from problem
        beside = {"weights": given.weights, "workspace": given.workspace, "goldens": goldens, "reference": reference}
        return opened._replace(source=opened.source._replace(**beside))


def greeting(
    opened: Opened, addresses: "Addresses", others: Sequence[Hosting] = (), *, secure: bool, samples: str = ""
) -> str:
    """What one needs to ask it something: lines for other terminals. `samples` is the store that it records into."""
    from comb_compiler.runtime.service import curl_arguments

    plan = opened.source.plan
    method = f"{plan.method.service}/{plan.method.name}"
    scheme, plain = ("https", "-insecure") if secure else ("http", "-plaintext")
    told = [f"{plan.comb} answers {method}", f"  gRPC  {addresses.grpc}", f"  HTTP  {scheme}://{addresses.http}"]
    if plan.experiment is not None:
        arms = ", ".join(f"{arm.name} {arm.weight}" for arm in plan.experiment.arms)
        told.append(f"  arms  {arms} (choose one with the header comb-arm)")
    if opened.source.weights is not None:
        told.append(f"  weights are those of {opened.source.weights}, as soon as it is good, and change with it")
    if samples:
        kept = " and ".join([f"{plan.recording.sample * 100:.4g}% of requests", *_always(plan.recording.always)])
        told.append(f"  records  {kept}, into {samples}")
    told += [f"  {told_of(other)}" for other in others]
    picture = _picture(opened.directory)
    asked = curl_arguments(plan, f"{scheme}://{addresses.http}", picture or "FILE")
    health = f"{'https://' if secure else ''}{addresses.http}{' --tls-ca FILE' if secure else ''}"
    told += [
        "",
        f"  curl {'-k ' if secure else ''}{asked}",
        f"  grpcurl {plain} {addresses.grpc} describe {plan.method.service}",
        *([f"  comb health {health}"] if any(binding.model for binding in plan.bindings) else []),
    ]
    return "\n".join([*told, "", "Ctrl-C ends it."])


def _always(reasons: Sequence[str]) -> list[str]:
    return [f"each with {', '.join(reasons)}"] if reasons else []


def told_of(other: Hosting) -> str:
    """A process beside the one that answers, and where to look at it."""
    return f"{other.name} runs {', '.join(other.operators)}: pid {other.pid}, http://{other.http}/metrics"


def _picture(directory: Path) -> str | None:
    """A picture of the comb's samples, as a path from here."""
    for root, folders, files in os.walk(directory / "samples"):
        folders.sort()
        for file in sorted(files):
            if file.endswith(_PICTURES):
                return os.path.relpath(os.path.join(root, file))
    return None
