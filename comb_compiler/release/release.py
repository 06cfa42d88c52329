"""`release.json`: what a directory of rendered files is, and what it was made from.

It holds nothing that merely moves: no time, no commit, no version of a compiler. The same comb, platform and images
give the same bytes, so that a release that differs in nothing is not published again.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from comb_compiler.release.records import BadRecord, record_bytes, record_from

__all__ = [
    "FILE",
    "BadRelease",
    "Devices",
    "Emergency",
    "Promise",
    "Release",
    "Rollout",
    "devices_of",
    "parse_devices",
    "parse_release",
    "release_bytes",
]

FILE = "release.json"
VERSION = 1

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


class BadRelease(Exception):
    """The bytes are no release.json that this Comb reads; the message is one sentence that says why."""


class Promise(NamedTuple):
    """What others rely on: the method, the full names of the messages between operators, and what declares them all.

    `method` is `package.Service/Method`, `descriptors` a serialised FileDescriptorSet.
    """

    method: str
    channels: tuple[str, ...]
    descriptors: bytes


class Rollout(NamedTuple):
    """A change on its way: from one release to another, by their digests, and the step that it is at, from 0.

    Where it is `aborted` the candidate has no users any more, and is about to go.
    """

    base: str
    candidate: str
    step: int
    aborted: bool = False


class Emergency(NamedTuple):
    """A release that nothing has proven: why, and until when that is to be made good (RFC 3339, in UTC)."""

    reason: str
    until: str

    @property
    def said(self) -> str:
        """Both in one line."""
        return f"until {self.until}: {self.reason}"


class Release(NamedTuple):
    """The rendered files of a comb in one cluster. Digests are SHA-256 in 64 hexadecimal digits.

    `subject` is what the gates prove of the comb as written, `arms` the same for each arm of its experiment. `plan` is
    the digest of the execution plan as pods have it, `platform` of what platform.yaml says that the files rest on.
    `images` are as images.json has them; `unbuilt` says that nothing vouches for them. `files` are all files of the
    directory but this one, by name; `flux` is the digest of the comb's file in `_flux`. `carried` are those of `files`
    that an earlier release made, and that are kept for pods that still run it. `replicas` are Deployments whose number
    of replicas an autoscaler takes over with this release, and the number that they have until then. An `emergency` let
    it past the gates. `source` is the directory that it was published from, by `directory_name`, if that is known.
    `devices` are the most devices, or shares of them, that all pods have here, by class, and `team` is whose they are.
    """

    comb: str
    environment: str
    cluster: str
    namespace: str
    subject: str
    arms: Mapping[str, str]
    plan: str
    platform: str
    images: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]
    flux: str
    carried: tuple[str, ...]
    rollout: Rollout | None
    promise: Promise
    unbuilt: bool = False
    replicas: Mapping[str, int] = {}
    emergency: Emergency | None = None
    source: str = ""
    team: str = ""
    devices: Mapping[str, int] = {}

    @property
    def digest(self) -> str:
        """What names the release in its cluster."""
        return sha256(release_bytes(self)).hexdigest()


class Devices(NamedTuple):
    """What a release says of devices: whose they are, how many it has of each class, and what its images are for."""

    comb: str
    environment: str
    team: str
    devices: Mapping[str, int]
    used: frozenset[str]


def release_bytes(release: Release) -> bytes:
    """The file; the same bytes for the same release."""
    return record_bytes(release, VERSION, indent=2)


def parse_release(content: bytes) -> Release:
    """A release from its file. Raises BadRelease; what is returned names no file outside its directory."""
    try:
        release: Release = record_from(Release, content, VERSION, "a release")
    except BadRecord as problem:
        raise BadRelease(str(problem)) from problem
    for field in ("comb", "environment", "cluster", "namespace"):
        _must(_NAME.fullmatch(getattr(release, field)) is not None, field, "a name", getattr(release, field))
    digests = {field: getattr(release, field) for field in ("subject", "plan", "platform", "flux")}
    digests |= {f"arms.{name}": digest for name, digest in release.arms.items()}
    digests |= {f"files.{name}": digest for name, digest in release.files.items()}
    for path, digest in digests.items():
        _must(_DIGEST.fullmatch(digest) is not None, path, "a digest", digest)
    for name in release.files:
        _must(_stays_below(name) and name != FILE, "files", "names of files in the directory", name)
    if release.emergency is not None:
        _must(
            _TIME.fullmatch(release.emergency.until) is not None, "emergency.until", "a time", release.emergency.until
        )
    for name in release.carried:
        _must(name in release.files, "carried", "some of `files`", name)
    return release


def parse_devices(content: bytes) -> Devices:
    """What of a release's file is about devices, as `parse_release` reads it: of all that is published this is asked,
    and to read the whole of it takes ten times as long. Raises BadRelease.
    """
    try:
        data = json.loads(content)
        found = _devices({**data, "devices": data.get("devices", {}), "team": data.get("team", "")})
        texts = {type(one) for one in found[:3]} | {type(data["version"])} - {int}
        if data["version"] == VERSION and texts == {str} and {*map(type, found.devices.values())} <= {int}:
            return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return devices_of(parse_release(content))


def devices_of(release: Release) -> Devices:
    """What a release says of devices."""
    return _devices(release._asdict())


def _devices(data: Mapping[str, Any]) -> Devices:
    used = frozenset(device for devices in data["images"].values() for device in devices.keys())  # noqa: SIM118  no text
    return Devices(data["comb"], data["environment"], data["team"], data["devices"], used)


def _stays_below(name: str) -> bool:
    parts = name.split("/")
    return bool(name) and "\0" not in name and "\\" not in name and not {"", ".", ".."} & set(parts)


def _must(holds: bool, path: str, wanted: str, found: str) -> None:
    if not holds:
        shown = json.dumps(found if len(found) <= 80 else f"{found[:79]}…")
        raise BadRelease(f"`{path}` must be {wanted}, not {shown}")
