"""What is rendered for a cluster → its release.json."""

import json
from collections.abc import Mapping
from hashlib import sha256

from comb_compiler.plan.claims import devices_of
from comb_compiler.release.release import Promise, Release
from comb_compiler.release.subject import subjects_of
from comb_compiler.render import Rendering
from comb_compiler.render.grounds import platform_slice
from comb_compiler.spec.published import channels_of

__all__ = ["release_of"]


def release_of(rendering: Rendering, files: Mapping[str, bytes], flux: bytes, code: str) -> Release:
    """The release of `files` by name and of the comb's file in `_flux`. `code` is the digest of its operators' code."""
    subject, arms = subjects_of(rendering.execution, code)
    grounds = json.dumps(platform_slice(rendering), sort_keys=True, ensure_ascii=True).encode()
    comb = rendering.comb
    devices = devices_of((rendering.here,))
    return Release(
        comb=rendering.name,
        environment=rendering.plan.environment,
        cluster=rendering.here.cluster,
        namespace=rendering.namespace,
        subject=subject,
        arms=arms,
        plan=_digest(rendering.plan_file),
        platform=_digest(grounds),
        images=_used(rendering),
        files={name: _digest(content) for name, content in files.items()},
        flux=_digest(flux),
        carried=(),
        rollout=None,
        promise=Promise(comb.interface.method, channels_of(comb), rendering.execution.descriptors),
        unbuilt=rendering.images.unbuilt,
        replicas=rendering.kept,
        emergency=rendering.emergency,
        source=rendering.source,
        team=(rendering.plan.team or "") if devices else "",
        devices=devices,
    )


def _used(rendering: Rendering) -> dict[str, dict[str, str]]:
    """The images that pods of this cluster run: another entry of images.json is no part of the release."""
    used: dict[str, dict[str, str]] = {}
    for workload in rendering.here.workloads:
        process = rendering.process(workload.group)
        image = rendering.images.of(process, workload.device)
        assert image is not None
        used.setdefault(process, {})[workload.device] = image
    return used


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
