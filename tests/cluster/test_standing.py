"""What a cluster says of a comb becomes asked, applied, healthy, or what stands in the way."""

import copy
from typing import Any

import pytest

from comb_compiler.cluster import Objects, standing_of

REVISION = "main@sha1:1111111111111111111111111111111111111111"
BEFORE = "main@sha1:0000000000000000000000000000000000000000"
SINCE = "2026-11-26T20:00:00Z"


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": SINCE}


def source(revision: str = REVISION, ready: str = "True", message: str = "") -> dict[str, Any]:
    status = {"artifact": {"revision": revision}, "conditions": [condition("Ready", ready, "", message)]}
    return {"metadata": {"name": "flux-system"}, "status": status}


def kustomization(ready: dict[str, Any], attempted: str = REVISION, applied: str = REVISION) -> dict[str, Any]:
    status = {"lastAttemptedRevision": attempted, "lastAppliedRevision": applied, "conditions": [ready]}
    return {"spec": {}, "status": status}


def deployment(ready: int, wanted: int = 2, **more: Any) -> dict[str, Any]:
    status = {"observedGeneration": 3, "updatedReplicas": wanted, "availableReplicas": ready, **more}
    return {"metadata": {"name": "ocr--detect", "generation": 3}, "spec": {"replicas": wanted}, "status": status}


READY = condition("Ready", "True", "ReconciliationSucceeded", "Applied revision")
UNHEALTHY = condition(
    "Ready", "False", "HealthCheckFailed", "timeout waiting for: [Deployment/v/ocr status: 'InProgress']"
)


def test_what_is_applied_and_ready_is_healthy() -> None:
    standing = standing_of(Objects(kustomization(READY), source(), [(deployment(2), [])]), "v.ocr")
    assert standing.is_healthy
    assert (standing.asked, standing.applied, standing.since) == (REVISION, REVISION, SINCE)


def test_an_emergency_is_told() -> None:
    said = "until 2026-11-27T20:00:00Z: prices are shown wrongly"
    annotated = {**kustomization(READY), "metadata": {"annotations": {"event.toolkit.fluxcd.io/emergency": said}}}
    assert standing_of(Objects(annotated, source(), []), "v.ocr").emergency == said
    assert standing_of(Objects(kustomization(READY), source(), []), "v.ocr").emergency == ""


def test_what_is_not_applied_yet_is_not_healthy() -> None:
    old = kustomization(READY, attempted=BEFORE, applied=BEFORE)
    standing = standing_of(Objects(old, source(), [(deployment(2), [])]), "v.ocr")
    assert (standing.asked, standing.applied) == (REVISION, BEFORE)
    assert not standing.is_healthy
    assert not standing.has_failed  # it is on its way


def test_what_waits_for_its_pods_is_applied() -> None:
    unscheduled = {"status": {"conditions": [condition("PodScheduled", "False", "", "0/7 nodes are available")]}}
    waits = [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no\nsuch image"}}}]
    pods = [unscheduled, copy.deepcopy(unscheduled), {"status": {"containerStatuses": waits}}]
    flux = kustomization(UNHEALTHY, applied=BEFORE)
    standing = standing_of(Objects(flux, source(), [(deployment(1), pods)]), "v.ocr")
    assert standing.is_applied
    (trouble,) = standing.troubles
    assert (trouble.kind, trouble.name, trouble.is_final) == ("Deployment", "ocr--detect", False)
    assert trouble.message == "1 of 2 pods are ready: 0/7 nodes are available; ImagePullBackOff: no such image"


def test_pods_that_may_not_be_made_are_told() -> None:
    full = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: comb")
    late = condition("Progressing", "False", "ProgressDeadlineExceeded")
    one = deployment(0, conditions=[full, late])
    standing = standing_of(Objects(kustomization(UNHEALTHY), source(), [(one, [])]), "v.ocr")
    assert standing.troubles[0].message == "0 of 2 pods are ready: exceeded quota: comb"
    assert standing.has_failed


def test_what_is_on_its_way_may_mend_what_has_failed_before() -> None:
    late = condition("Progressing", "False", "ProgressDeadlineExceeded")
    stuck = deployment(0, conditions=[late])
    refused = condition("Ready", "False", "ReconciliationFailed", "Service/vision/ocr dry-run failed (Invalid)")
    for ready in (UNHEALTHY, refused):
        before = kustomization(ready, attempted=BEFORE, applied=BEFORE)
        standing = standing_of(Objects(before, source(), [(stuck, [])]), "v.ocr")
        assert (standing.is_healthy, standing.has_failed) == (False, False)
    changed = deployment(0, observedGeneration=2, conditions=[late])  # what is said is about the generation before
    assert not standing_of(Objects(kustomization(UNHEALTHY), source(), [(changed, [])]), "v.ocr").has_failed
    assert standing_of(Objects(kustomization(UNHEALTHY), source(), [(stuck, [])]), "v.ocr").has_failed


@pytest.mark.parametrize("generation", [2, 4])
def test_a_deployment_that_was_not_looked_at_is_not_ready(generation: int) -> None:
    one = deployment(2, observedGeneration=generation)
    standing = standing_of(Objects(kustomization(READY), source(), [(one, [])]), "v.ocr")
    assert not standing.is_healthy


def test_what_flux_could_not_apply_names_the_object() -> None:
    message = "Service/vision/ocr dry-run failed (Invalid): spec.ports: Required value"
    flux = kustomization(condition("Ready", "False", "ReconciliationFailed", message), applied=BEFORE)
    standing = standing_of(Objects(flux, source(), []), "v.ocr")
    assert standing.applied == BEFORE
    assert standing.troubles == (("Service", "ocr", message, True),)


def test_what_waits_for_the_platform_has_not_failed() -> None:
    message = "dependency 'flux-system/comb-platform' is not ready"
    flux = kustomization(condition("Ready", "False", "DependencyNotReady", message), applied=BEFORE)
    standing = standing_of(Objects(flux, source(), []), "v.ocr")
    assert [one.message for one in standing.troubles] == [message]
    assert not standing.has_failed


def test_what_flux_never_heard_of_may_still_come() -> None:
    standing = standing_of(Objects(None, source(), []), "v.ocr")
    assert standing.troubles[0][:2] == ("Kustomization", "v.ocr")
    assert not standing.is_healthy
    assert not standing.has_failed


def test_a_repository_that_cannot_be_fetched_is_told() -> None:
    standing = standing_of(Objects(kustomization(READY), source(ready="False", message="no route"), []), "v.ocr")
    assert [one.message for one in standing.troubles] == ["no route"]
    assert standing_of(Objects(None, None, []), "v.ocr").has_failed


def test_what_is_suspended_says_so() -> None:
    flux = kustomization(READY)
    flux["spec"]["suspend"] = True
    assert "suspended" in standing_of(Objects(flux, source(), []), "v.ocr").troubles[0].message
