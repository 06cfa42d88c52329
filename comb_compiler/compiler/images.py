"""Whether the images that are given are those that a plan needs, and come from where the platform lets them."""

from collections.abc import Iterator, Mapping

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.plan import Group, Plan, object_name, process_name
from comb_compiler.release.images import UNBUILT, Images
from comb_compiler.source import Path
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.suggest import closest

__all__ = ["image_findings", "needed_images", "to_build", "unbuilt_images", "with_own"]

_STAND_IN = "0" * 64


def needed_images(plan: Plan, comb: str) -> dict[str, dict[str, Group]]:
    """Who needs an image: by process and class of device, in the order of the plan."""
    needed: dict[str, dict[str, Group]] = {}
    for cluster in plan.clusters:
        for workload in cluster.workloads:
            devices = needed.setdefault(process_name(comb, workload.group), {})
            devices.setdefault(workload.device, workload.group)
    return needed


def with_own(images: Images, plan: Plan, comb: Comb) -> Images:
    """The images, with those that operators bring along in the places of their processes."""
    by_process = {process: dict(devices) for process, devices in images.by_process.items()}
    for process, devices in needed_images(plan, plan.comb).items():
        for device, group in devices.items():
            own = _own(group, comb)
            if own is not None:
                by_process.setdefault(process, {})[device] = own
    return images._replace(by_process=by_process)


def _own(group: Group, comb: Comb) -> str | None:
    return next((comb.operators[name].image for name in group.operators if comb.operators[name].image), None)


def to_build(plan: Plan, comb: Comb) -> dict[str, dict[str, Group]]:
    """Who needs an image that is built: as `needed_images`, without operators that bring theirs along."""
    needed = needed_images(plan, plan.comb)
    left = {
        process: {device: group for device, group in devices.items() if _own(group, comb) is None}
        for process, devices in needed.items()
    }
    return {process: devices for process, devices in left.items() if devices}


def unbuilt_images(plan: Plan, comb: str) -> Images:
    """Images that stand for those that are not built: nobody can pull them."""
    by_process = {
        process: dict.fromkeys(devices, f"{UNBUILT}/{process}@sha256:{_STAND_IN}")
        for process, devices in needed_images(plan, comb).items()
    }
    return Images(by_process, unbuilt=True)


def image_findings(images: Images, plan: Plan, comb: Bound[Comb], platform: Bound[Platform]) -> Iterator[Diagnostic]:
    """What is missing and what comes from elsewhere; where all is there, what nobody needs."""
    needed = needed_images(plan, plan.comb)
    wrong = [finding for one in needed.items() for finding in _of_process(images, *one, comb, platform)]
    yield from wrong or _unneeded(images, needed, comb)


def _of_process(
    images: Images, process: str, devices: Mapping[str, Group], comb: Bound[Comb], platform: Bound[Platform]
) -> Iterator[Diagnostic]:
    for device, group in devices.items():
        image = images.of(process, device)
        if image is None:
            yield _missing(images, process, device, group, comb, platform)
        elif not _is_allowed(image, images, platform):
            yield _from_elsewhere(image, process, platform)


def _path(group: Group) -> Path:
    return ("operators", group.operators[0]) if group.operators else ("graph",)


def _missing(
    images: Images, process: str, device: str, group: Group, comb: Bound[Comb], platform: Bound[Platform]
) -> Diagnostic:
    place = comb.place(*_path(group))
    given = images.by_process.get(process)
    meant = closest(process, images.by_process) if given is None else closest(device, given)
    push = platform.value.registry.push if platform.value is not None else "REGISTRY"
    entry = f'"{process}": {{"{device}": "{push}/{process}@sha256:…"}}'
    hints = (f"images.json has `{meant}`: is that meant?",) if meant else ()
    return diagnose(
        codes.MISSING_IMAGE,
        f"there is no image for the process `{process}` on `{device}`",
        place.key_span,
        path=format_path(place.path),
        hints=(*hints, f"write `{entry}` at `images` of images.json, or render with `--unbuilt` instead"),
    )


def _is_allowed(image: str, images: Images, platform: Bound[Platform]) -> bool:
    assert platform.value is not None
    registry = platform.value.registry
    allowed = (registry.push, *registry.allowed, *((UNBUILT,) if images.unbuilt else ()))
    return any(image.startswith((f"{one}/", f"{one}@")) for one in allowed)


def _from_elsewhere(image: str, process: str, platform: Bound[Platform]) -> Diagnostic:
    place = platform.place("registry")
    assert platform.value is not None
    registry = platform.value.registry
    name = image.partition("@")[0]
    return diagnose(
        codes.FOREIGN_IMAGE,
        f"the image of `{process}` is `{name}`, and images may not come from there",
        place.key_span,
        label="what may be used is said here",
        path=format_path(place.path),
        hints=(f"push it to `{registry.push}`, or have the platform name its registry in `registry.allowed`",),
    )


def _unneeded(images: Images, needed: dict[str, dict[str, Group]], comb: Bound[Comb]) -> Iterator[Diagnostic]:
    """Entries that look like this comb's and are not. A file may have those of other combs too."""
    assert comb.value is not None
    name = comb.value.metadata.name
    own = {object_name(name, operator) for operator in comb.value.operators}
    extra = [f"`{process}`" for process in images.by_process if process in own and process not in needed]
    for process, devices in needed.items():
        given = images.by_process.get(process, {})
        extra += [f"`{process}` on `{device}`" for device in given if device not in devices]
    if extra:
        place = comb.place("metadata", "name")
        message = f"images.json has images that `{name}` does not run: {', '.join(extra)}"
        hint = "leave it out: `comb plan` says which processes there are, and on which classes of device"
        yield diagnose(codes.UNUSED_IMAGE, message, place.span, path=format_path(place.path), hints=(hint,))
