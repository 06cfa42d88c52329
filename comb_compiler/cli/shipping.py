"""The processes of a comb with the images that ship as them, in an engine: what runs in containers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.opening import Clean
from comb_compiler.release import ExecutionPlan, Model
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.images.containers import Asked, Limits
    from comb_compiler.images.engines import Engine
    from comb_compiler.spec.comb.operators import Operator

__all__ = ["Shipped", "engine_for", "limits_of", "must_need_no_network", "own_images", "shipped"]

_CPU = "cpu"


class _Image(NamedTuple):
    """An image: its digest, `sha256:…`, and what the engine knows it by."""

    digest: str
    name: str


class Shipped(NamedTuple):
    """A comb as it ships: its plan, with the digest of every model, and its processes with images that an engine has.

    `images` are the digests of these by process, `sha256:…`, as images.json pins them. `files` are models that pods
    fetch, and no container without a network: by their paths inside, where they are on this machine.
    """

    plan: ExecutionPlan
    asked: "tuple[Asked, ...]"
    images: Mapping[str, str]
    files: Mapping[str, str]


@contextmanager
def engine_for(option: str) -> "Iterator[Engine]":
    """An engine for the block. Raises OutsideFailure where there is none, or it does not do as it is told.

    Raises UsageError for images that are none; `option` is what named them.
    """
    from comb_compiler.images.engines import EngineFailed, connect
    from comb_compiler.images.model import ImageError

    try:
        with connect() as engine:
            yield engine
    except ImageError as problem:
        raise UsageError(f"{option}: {problem}") from problem
    except EngineFailed as failure:
        raise OutsideFailure(str(failure), failure.hint) from failure


def must_need_no_network(clean: Clean) -> None:
    """Raises UsageError for a comb with operators on servers of their own, which no container reaches."""
    away = sorted(name for name, operator in _operators(clean).items() if operator.oip is not None)
    if away:
        raise UsageError(f"`{away[0]}` is on a server of its own, and containers have no network: run it without them")


def shipped(engine: "Engine", place: Path, clean: Clean, plan: ExecutionPlan, option: str) -> Shipped:
    """The processes of a plan with their images: those of a layout, or of an images.json, pulled by their digests.

    `plan` is one of the comb's. Raises UsageError for a place that lacks one, which `option` named, and EngineFailed.
    """
    from comb_compiler.cli.models import model_locator, pinned
    from comb_compiler.images.containers import Asked

    locate = model_locator(clean.checkout, clean.main)
    limits, own = limits_of(clean, plan), own_images(clean, plan)
    image_of = _of_layout(engine, place) if place.is_dir() else _of_file(engine, place, option)
    asked, images = [], {}
    for name in (process.name for process in plan.processes):
        image = _pulled(engine, own[name]) if name in own else image_of(name)
        if image is None:
            raise UsageError(
                f"{option} {place}: it has no image for the process `{name}`: `comb image build` makes those of an "
                "environment, whose groups of operators may be others than without --environment"
            )
        asked.append(Asked(name, image.name, limits[name]))
        images[name] = image.digest
    return Shipped(pinned(plan, locate), tuple(asked), images, _fetched(clean, plan, locate))


def _fetched(clean: Clean, plan: ExecutionPlan, locate: Callable[[Model], Path]) -> dict[str, str]:
    from comb_compiler.cli.image.contents import fetched_names
    from comb_compiler.render.layout import FETCHED

    names = fetched_names(clean)
    models = [one.model for one in plan.bindings if one.model is not None and one.model.name in names]
    return {f"{FETCHED}/{path.name}": str(path) for path in map(locate, models)}


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


def _of_layout(engine: "Engine", place: Path) -> Callable[[str], _Image | None]:
    from comb_compiler.images.engines import load
    from comb_compiler.images.layout import ImageLayout

    layout = ImageLayout(place)
    by_name = {tuple(name.rsplit("/", 2)[-2:]): image for name, image in layout.images().items()}

    def image_of(process: str) -> _Image | None:
        device = _best([device for named, device in by_name if named == process])
        if device is None:
            return None
        image = by_name[process, device]
        return _Image(image.digest, load(engine, layout, image))

    return image_of


def _of_file(engine: "Engine", place: Path, option: str) -> Callable[[str], _Image | None]:
    from comb_compiler.release.images import BadImages, parse_images

    try:
        images = parse_images(place.read_bytes())
    except OSError as problem:
        raise UsageError(f"{option} {place}: it cannot be read: {problem.strerror}") from problem
    except BadImages as problem:
        raise UsageError(f"{option} {place}: {problem}") from problem

    def image_of(process: str) -> _Image | None:
        devices = images.by_process.get(process, {})
        device = _best(list(devices))
        return None if device is None else _pulled(engine, devices[device])

    return image_of


def _best(devices: list[str]) -> str | None:
    """The class of device whose image runs here, where no device is handed in."""
    return _CPU if _CPU in devices else min(devices, default=None)


def _pulled(engine: "Engine", reference: str) -> _Image:
    from comb_compiler.images.engines import have

    have(engine, reference)
    return _Image(reference.rpartition("@")[2], reference)
