"""`comb run --container`: the comb's images in containers, with the limits of comb.yaml."""

import argparse
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.cli.running import greeting, opened_of
from comb_compiler.release import ExecutionPlan, plan_bytes
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comb_compiler.images.containers import Asked, Contained, Limits
    from comb_compiler.images.engines import Engine
    from comb_compiler.runtime.service import Settings
    from comb_compiler.spec.comb.operators import Operator

__all__ = ["limits_of", "own_images", "run_contained", "wanted_images"]

_NOT_THERE = ("reload", "processes", "weights", "goldens", "reference", "workspace", "samples", "samples_spool")
_NOT_THERE_TLS = ("tls_certificate", "tls_key", "tls_client_ca")
_PATIENCE = 300.0
"""Seconds that operators and models may take to start."""
_LOOK_EVERY = 0.3
_CPU = "cpu"


def run_contained(path: str, arguments: argparse.Namespace, settings: "Settings", console: Console) -> int:
    """Run the images until a signal comes, or a process ends. Raises UsageError and OutsideFailure."""
    from comb_compiler.compiler import parted_by_groups
    from comb_compiler.images.containers import contained
    from comb_compiler.images.engines import EngineFailed, connect
    from comb_compiler.images.model import ImageError
    from comb_compiler.runtime.service.service import Addresses

    given = [name for name in (*_NOT_THERE, *_NOT_THERE_TLS) if getattr(arguments, name, None)]
    if given:
        raise UsageError(f"--container runs images as they are, and has no --{given[0].replace('_', '-')}")
    clean = open_clean(path, console, "can run", arguments.environment)
    if clean is None:
        return Exit.FINDINGS
    away = sorted(name for name, operator in _operators(clean).items() if operator.oip is not None)
    if away:
        raise UsageError(
            f"`{away[0]}` is on a server of its own, and containers have no network: leave --container out"
        )
    plan = _found(parted_by_groups(clean.compiled), clean)
    doors = f"{settings.host}:{settings.grpc_port}", f"{settings.host}:{settings.http_port}"
    try:
        with connect() as engine, _interrupted() as is_over:
            asked = wanted_images(engine, arguments.container, plan, limits_of(clean, plan), own_images(clean, plan))
            with contained(engine, plan_bytes(plan), asked, (), doors, console.progress) as running:
                if _is_up(running, console, is_over):
                    opened = opened_of(clean._replace(plan=plan), path)
                    console.result(greeting(opened, Addresses(running.grpc, running.http), secure=False))
                return _watched(running, console, is_over)
    except ImageError as problem:
        raise UsageError(str(problem)) from problem
    except EngineFailed as failure:
        raise OutsideFailure(str(failure), failure.hint) from failure


def _found(plan: ExecutionPlan, clean: Clean) -> ExecutionPlan:
    """The plan with the digest of every model, by which an image has it."""
    from comb_compiler.cli.models import model_locator, pinned

    return pinned(plan, model_locator(clean.checkout, clean.main))


def limits_of(clean: Clean, plan: ExecutionPlan) -> "Mapping[str, Limits]":
    """What each process of a plan may use, as comb.yaml says it; cores where it does."""
    from comb_compiler.images.containers import Limits
    from comb_compiler.plan.asked import cores_and_memory

    operators = _operators(clean)
    limits = {}
    for process in plan.processes:
        hosted = [operators[name] for name in {plan.bindings[one].operator for one in process.bindings}]
        cores, memory = cores_and_memory(hosted)
        limits[process.name] = Limits(float(cores) if any(one.resources.cpu for one in hosted) else None, memory)
    return limits


def own_images(clean: Clean, plan: ExecutionPlan) -> Mapping[str, str]:
    """Images that operators bring along, by process."""
    operators = _operators(clean)
    images = {
        process.name: next((operators[plan.bindings[one].operator].image for one in process.bindings), None)
        for process in plan.processes
    }
    return {name: image for name, image in images.items() if image}


def _operators(clean: Clean) -> "Mapping[str, Operator]":
    comb = clean.compiled.checked.comb
    assert comb is not None
    value = comb.environments.get(clean.compiled.environment, comb.base).value
    assert value is not None
    return value.operators


def wanted_images(
    engine: "Engine",
    place: Path,
    plan: ExecutionPlan,
    limits: "Mapping[str, Limits]",
    own: Mapping[str, str],
) -> "list[Asked]":
    """The processes of a plan with their images, which the engine then has: those of a layout, or of an images.json.

    Raises UsageError for a place that lacks one, and EngineFailed.
    """
    from comb_compiler.images.containers import Asked

    image_of = _of_layout(engine, place) if place.is_dir() else _of_file(engine, place)
    asked = []
    for process in plan.processes:
        name = process.name
        image = _pulled(engine, own[name]) if name in own else image_of(name)
        if image is None:
            raise UsageError(f"{place}: it has no image for the process `{name}`: build it by `comb image build`")
        asked.append(Asked(name, image, limits[name]))
    return asked


def _of_layout(engine: "Engine", place: Path) -> Callable[[str], str | None]:
    from comb_compiler.images.engines import load
    from comb_compiler.images.layout import ImageLayout

    layout = ImageLayout(place)
    by_name = {tuple(name.rsplit("/", 2)[-2:]): image for name, image in layout.images().items()}

    def image_of(process: str) -> str | None:
        devices = [device for named, device in by_name if named == process]
        device = _CPU if _CPU in devices else next(iter(sorted(devices)), None)
        return None if device is None else load(engine, layout, by_name[process, device])

    return image_of


def _of_file(engine: "Engine", place: Path) -> Callable[[str], str | None]:
    from comb_compiler.release.images import BadImages, parse_images

    try:
        images = parse_images(place.read_bytes())
    except OSError as problem:
        raise UsageError(f"--container {place}: it cannot be read: {problem.strerror}") from problem
    except BadImages as problem:
        raise UsageError(f"--container {place}: {problem}") from problem

    def image_of(process: str) -> str | None:
        devices = images.by_process.get(process, {})
        reference = devices.get(_CPU) or next((devices[one] for one in sorted(devices)), None)
        return None if reference is None else _pulled(engine, reference)

    return image_of


def _pulled(engine: "Engine", reference: str) -> str:
    from comb_compiler.images.engines import have

    have(engine, reference)
    return reference


@contextmanager
def _interrupted() -> "Iterator[Callable[[], bool]]":
    """Whether a signal asked to end, which then ends nothing by itself."""
    asked: list[int] = []
    ends = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda number, _: asked.append(number)) for one in ends}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_up(running: "Contained", console: Console, is_over: Callable[[], bool]) -> bool:
    """Wait until requests are answered; False where it is over before."""
    deadline = time.monotonic() + _PATIENCE
    console.progress("loading operators and models …")
    while not is_over() and not running.endings():
        try:
            with urllib.request.urlopen(f"http://{running.http}/readyz", timeout=5):
                console.progress("")
                return True
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise OutsideFailure(f"nothing is served after {_PATIENCE:.0f} seconds") from None
            time.sleep(_LOOK_EVERY)
    return False


def _watched(running: "Contained", console: Console, is_over: Callable[[], bool]) -> int:
    """Wait until a signal comes, or a process ends by itself, which is then said."""
    console.progress("")
    while not is_over():
        endings = running.endings()
        if endings:
            for ending in endings:
                console.note(f"comb: {ending.words}")
                said = running.said(ending.process).strip()
                if said:
                    console.note(said)
            return Exit.FINDINGS
        time.sleep(_LOOK_EVERY)
    return Exit.CLEAN
