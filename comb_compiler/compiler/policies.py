"""The policies that a platform names: read once, and asked about combs and about what is rendered of them."""

import json
from collections.abc import Callable, Iterator, Mapping, Set as AbstractSet
from functools import lru_cache
from hashlib import sha256
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Any

from comb_compiler.diagnostics import Diagnostic, codes, has_errors
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.policy.combs import CombFacts, as_data, asks_others, plan_data
from comb_compiler.policy.findings import comb_findings, object_findings
from comb_compiler.policy.library import CelLibrary
from comb_compiler.policy.model import PolicySet
from comb_compiler.policy.platform import platform_params
from comb_compiler.policy.reading import read_policies
from comb_compiler.policy.straying import stray_environments
from comb_compiler.render.manifest import Manifest
from comb_compiler.render.platform.grounds import Grounds
from comb_compiler.render.platform.namespaces import namespaces
from comb_compiler.source import SourceSet, Unavailable
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.source.sourceset import YAML_ENDINGS
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.variants import Findings

if TYPE_CHECKING:
    from comb_compiler.compiler.check import Checked
    from comb_compiler.compiler.render import RenderedCluster
    from comb_compiler.plan.model import Plan
    from comb_compiler.release.claims import Claim

    Claims = Mapping[str, tuple[Claim, ...]]

__all__ = ["check_beside", "check_comb", "check_manifests", "platform_policies"]

_EVALUATOR = CelLibrary()


def platform_policies(
    sources: SourceSet, platform: Bound[Platform], memo: Memo = NOTHING_KEPT
) -> tuple[PolicySet, tuple[Diagnostic, ...]]:
    """The policies of the folders that a platform names, whose files are among its sources, and what is wrong there.

    What types their expressions give is taken from `memo`, if it is there.
    """
    files = {name: content for name, content in sources.files.items() if name != sources.main}
    written = ((name, content) for name, content in files.items() if name.endswith(YAML_ENDINGS))
    read = tuple(sorted((name, content) for name, content in written if isinstance(content, bytes)))
    policies, found = _read(read)(memo)
    refused = {name: content for name, content in files.items() if isinstance(content, Unavailable)}
    homes = {dirname(name) or "." for name, _ in read}
    stray = stray_environments(policies, platform.value.environments) if platform.value is not None else ()
    return policies, (*_unread(sources.main, refused, homes, platform), *found, *stray)


def _unread(
    main: str, refused: Mapping[str, Unavailable], homes: AbstractSet[str], platform: Bound[Platform]
) -> Iterator[Diagnostic]:
    """What is not read of the folders that are named; `homes` are those of which some file is."""
    named = platform.root.data.get("policies")
    for index, folder in enumerate(named if isinstance(named, list) else ()):
        if not isinstance(folder, str) or not platform.is_sound("policies", index):
            continue
        home = normpath(join(dirname(main), folder))
        place = platform.place("policies", index)
        path = format_path(place.path)
        lost = [reason for name, reason in refused.items() if home in (name, dirname(name) or ".")]
        for reason in lost:
            hints = (reason.hint,) if reason.hint else ()
            yield diagnose(reason.code, reason.message, place.span, path=path, hints=hints)
        if not lost and not {home, folder} & homes:
            message = f"`{folder}` holds no policies, so that nothing is asked of a comb"
            hint = "policies are the files right in a folder whose names end in `.yaml`; tests are in folders below"
            yield diagnose(codes.BAD_POLICY, message, place.span, path=path, hints=(hint,))


_Files = tuple[tuple[str, bytes], ...]
_Read = tuple[PolicySet, tuple[Diagnostic, ...]]


@lru_cache(maxsize=4)
def _read(files: _Files) -> Callable[[Memo], _Read]:
    """What is read of these files, once, whichever memo is there then."""
    known: list[_Read] = []

    def read(memo: Memo) -> _Read:
        if not known:
            known.append(_read_with(files, memo))
        return known[0]

    return read


def _read_with(files: _Files, memo: Memo) -> _Read:
    key = sha256(repr(("policies", CelLibrary.version(), files)).encode()).hexdigest()
    kept = _recalled(memo.find(key))
    evaluator = CelLibrary(kept)
    read = read_policies(dict(files), evaluator)
    if evaluator.known != kept:
        memo.keep(key, json.dumps(evaluator.known).encode())
    return read


def _recalled(content: bytes | None) -> dict[str, str]:
    """What was kept; nothing where it is not of our form."""
    try:
        return {str(name): str(one) for name, one in json.loads(content or b"{}").items()}
    except (ValueError, AttributeError, RecursionError):
        return {}


def check_comb(
    policies: PolicySet,
    comb: Bound[Comb],
    platform: Bound[Platform],
    plan: "Plan",
    others: "tuple[Claim, ...] | None" = None,
) -> Iterator[Diagnostic]:
    """What policies over combs say of one in an environment; beside what `others` claim there, where that is known."""
    assert comb.value is not None
    if any(one.is_of_combs for one in policies.policies):
        facts = CombFacts(
            as_data(comb.value), as_data(platform.value), plan_data(plan), plan.environment, others=others
        )
        yield from comb_findings(policies, facts, comb, _EVALUATOR)


def check_beside(checked: "Checked", of_platform: "Checked", others: "Claims") -> tuple[Diagnostic, ...]:
    """What policies say of a comb beside `others`, which are what combs claim by environment: nothing of one that is
    wrong by itself. `checked` was checked against the platform.
    """
    comb, platform, policies = checked.comb, of_platform.platform, of_platform.policies
    if comb is None or platform is None or policies is None or has_errors(checked.diagnostics):
        return ()
    asking = policies._replace(policies=tuple(one for one in policies.policies if asks_others(one)))
    found = Findings()
    for plan in checked.plans:
        if plan.environment in others:
            variant = comb.environments.get(plan.environment, comb.base)
            found.add(check_comb(asking, variant, platform, plan, others[plan.environment]), variant.overlaid)
    return tuple(found.all)


def check_manifests(
    policies: PolicySet, rendered: "RenderedCluster", comb: Bound[Comb], platform: Bound[Platform], plan: "Plan"
) -> Iterator[Diagnostic]:
    """What policies say of the objects of one cluster, of each by itself and of all together."""
    assert comb.value is not None
    assert platform.value is not None
    if not policies.policies:
        return
    known = policies._replace(params=(platform_params(platform.value, policies.params), *policies.params))
    namespace = _namespace(platform.value, rendered.cluster, rendered.place.namespace)
    yield from object_findings(known, rendered.manifests, namespace, (comb, platform), _EVALUATOR)
    objects = tuple(dict(one.object) for one in rendered.manifests if "metadata" in one.object)
    facts = CombFacts(as_data(comb.value), as_data(platform.value), plan_data(plan), plan.environment, objects)
    yield from comb_findings(policies, facts, comb, _EVALUATOR, f" on {rendered.cluster}")


def _namespace(platform: Platform, cluster: str, name: str) -> dict[str, Any] | None:
    """The namespace as the cluster has it: with the label that every cluster adds."""
    found: Manifest | None = next(
        (one for one in namespaces(Grounds(platform, cluster)) if one.object["metadata"]["name"] == name), None
    )
    if found is None:
        return None
    metadata = dict(found.object["metadata"])
    labels = {**metadata["labels"], "kubernetes.io/metadata.name": name}
    return {**found.object, "metadata": {**metadata, "labels": labels}}
