"""A policy's own tests: objects that it has to let pass, and objects that it has to refuse."""

from collections.abc import Iterator, Mapping
from posixpath import basename, dirname
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, codes, has_errors
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.policy.admission import decide
from comb_compiler.policy.combs import CombFacts, as_data, judge_comb
from comb_compiler.policy.evaluator import Evaluator, Outcome
from comb_compiler.policy.fields import bad
from comb_compiler.policy.judging import Verdict
from comb_compiler.policy.matching import Asked, within
from comb_compiler.policy.model import Policy, PolicySet
from comb_compiler.policy.reading import read_documents
from comb_compiler.release.claims import Claim
from comb_compiler.source import Node
from comb_compiler.source.nodes import child
from comb_compiler.spec.binding import bind_node
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.wording import listed

__all__ = ["FOLDER", "Fixture", "Tried", "read_fixtures", "try_fixtures"]

OTHERS = "Others"
"""The kind of a document with what other combs claim."""
FOLDER = "tests"
"""Beside policies: `tests/NAME/allow-*.yaml` and `deny-*.yaml`, by the name of the policy's file; what is right below
`tests` is there for all of them."""


class Fixture(NamedTuple):
    """An object to be tried, and what has to come of it. `of` is the name of the policies' file, without its ending."""

    file: str
    of: str
    allowed: bool
    root: Node
    others: tuple[Mapping[str, Any], ...]


class Tried(NamedTuple):
    """What came of a fixture: whether it was let pass or refused, and what was said."""

    fixture: Fixture
    verdicts: tuple[Verdict, ...]

    @property
    def is_known(self) -> bool:
        """Whether everything could be evaluated."""
        return all(one.outcome in (Outcome.VALUE, Outcome.ERROR) for one in self.verdicts)

    @property
    def is_right(self) -> bool:
        """Whether it came as the file's name says."""
        return self.is_known and self.fixture.allowed == (not self.verdicts)


def read_fixtures(files: Mapping[str, bytes]) -> tuple[tuple[Fixture, ...], tuple[Diagnostic, ...]]:
    """The fixtures among the files of `tests` folders, by path."""
    found: list[Diagnostic] = []
    documents: dict[str, tuple[Node, ...]] = {}
    for file, content in sorted(files.items()):
        documents[file], told = read_documents(file, content)
        found += told
    shared = tuple(
        root.data for file, roots in documents.items() if basename(dirname(file)) == FOLDER for root in roots
    )
    wrong = [one for roots in documents.values() for root in roots for one in _wrong_others(root)]
    if wrong:
        return (), (*found, *wrong)
    fixtures = []
    for file, roots in documents.items():
        word = basename(file).partition("-")[0].partition(".")[0]
        if basename(dirname(file)) == FOLDER or not roots:
            continue
        if word not in ("allow", "deny"):
            found.append(bad("the file of a fixture is named allow-… or deny-…", roots[0].span))
            continue
        if not _is_object(roots[0].data):
            found.append(bad("a fixture begins with an object, which has an `apiVersion` and a `kind`", roots[0].span))
            continue
        others = (*(root.data for root in roots[1:]), *shared)
        fixtures.append(Fixture(file, basename(dirname(file)), word == "allow", roots[0], others))
    return tuple(fixtures), tuple(found)


def _wrong_others(root: Node) -> Iterator[Diagnostic]:
    """What is wrong with what others are said to claim."""
    if root.data.get("kind") != OTHERS:
        return
    combs = child(root, "combs")
    if combs is None or not isinstance(combs.data, list):
        yield bad(f"{OTHERS} have a list `combs`", (combs or root).span, "combs")
        return
    for index, one in enumerate(combs.data):
        devices = one.get("devices", {}) if isinstance(one, Mapping) else None
        if not isinstance(devices, Mapping) or not all(type(count) is int for count in devices.values()):
            place = child(combs, index) or combs
            message = "what another comb claims is `comb`, `team`, and `devices`: a number of each class"
            yield bad(message, place.span, format_path(("combs", index)))


def _is_object(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("kind"), str) and isinstance(data.get("apiVersion"), str)


def try_fixtures(
    policies: PolicySet, fixtures: tuple[Fixture, ...], evaluator: Evaluator
) -> tuple[tuple[Tried, ...], tuple[Diagnostic, ...]]:
    """Try every fixture with the policies of its file; what comes otherwise than it should is told."""
    found: list[Diagnostic] = []
    tried = []
    by_file: dict[str, list[Policy]] = {}
    for policy in policies.policies:
        by_file.setdefault(_stem(policy.file), []).append(policy)
    known = {_stem(file) for file in policies.files}
    for fixture in fixtures:
        if fixture.of not in by_file:
            if fixture.of not in known:  # else it has been said what is wrong with the policy
                found.append(bad(f"there is no policy in a file `{fixture.of}.yaml`", fixture.root.span))
            continue
        verdicts, told = _verdicts(policies._replace(policies=tuple(by_file[fixture.of])), fixture, evaluator)
        found += told
        if not told:
            one = Tried(fixture, verdicts)
            tried.append(one)
            found += _findings(one, tuple(_unasked(by_file[fixture.of], policies, fixture)))
    found += _untested(by_file, fixtures)
    return tuple(tried), tuple(found)


def _stem(file: str) -> str:
    return basename(file).rpartition(".")[0]


def _verdicts(
    policies: PolicySet, fixture: Fixture, evaluator: Evaluator
) -> tuple[tuple[Verdict, ...], tuple[Diagnostic, ...]]:
    others = {one.get("kind"): one for one in reversed(fixture.others)}
    if fixture.root.data["kind"] == "Comb":
        bound = bind_node(fixture.root, Comb)
        if bound.value is None or has_errors(bound.diagnostics):
            return (), bound.diagnostics
        plan = others.get("Plan", {})
        objects = tuple(one for one in fixture.others if one.get("kind") not in ("Platform", "Plan", OTHERS))
        verdicts = []
        beside = tuple(_claims(others.get(OTHERS, {})))
        for shown in (None, objects):  # policies over objects are judged apart
            environment = _environment(fixture)
            facts = CombFacts(as_data(bound.value), others.get("Platform", {}), plan, environment, shown, beside)
            verdicts += [verdict for _, verdict in judge_comb(policies, facts, evaluator)]
        return tuple(verdicts), ()
    asked = _asked(fixture, others.get("Namespace"))
    known = policies._replace(params=(*policies.params, *fixture.others))
    return tuple(one.verdict for one in decide(known, asked, evaluator)), ()


def _claims(others: Mapping[str, Any]) -> Iterator[Claim]:
    """What other combs claim, as a fixture lists it: `combs: [{comb, team, devices: {CLASS: NUMBER}}]`."""
    for one in others.get("combs") or ():
        yield Claim(str(one.get("comb", "")), str(one.get("team", "")), within(one, "devices"))


def _asked(fixture: Fixture, namespace: Mapping[str, Any] | None) -> Asked:
    data = fixture.root.data
    if data["kind"] != "AdmissionReview":
        name = _home(data)
        return Asked(data, None, "CREATE", namespace or _namespace(name))
    request = within(data, "request")
    one = within(request, "object") or within(request, "oldObject")
    name = _home(one)
    return Asked(
        request.get("object"),
        request.get("oldObject"),
        request.get("operation", "UPDATE"),
        namespace or _namespace(name),
    )


def _home(document: Mapping[str, Any]) -> str:
    return str(within(document, "metadata").get("namespace", ""))


def _namespace(name: str) -> dict[str, Any]:
    """A namespace as Comb renders it."""
    labels = {"app.kubernetes.io/managed-by": "comb", "kubernetes.io/metadata.name": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _unasked(of_file: list[Policy], policies: PolicySet, fixture: Fixture) -> Iterator[str]:
    """Why nobody asks a policy of a fixture's file, whatever its rule says."""
    for policy in of_file:
        if policy.is_of_combs:
            asked, where = policy.spec.get("environments"), _environment(fixture)
            if asked and where not in asked:
                yield f"`{policy.name}` is asked in {listed(asked, 'or')}, and this is of `{where}`"
        elif not policies.bindings_of(policy):
            yield f"nothing binds `{policy.name}`: put a ValidatingAdmissionPolicyBinding beside it"


def _environment(fixture: Fixture) -> str:
    """The environment that a comb is tried in: that of a Plan beside it, or else production."""
    plan = next((one for one in fixture.others if one.get("kind") == "Plan"), {})
    return str(plan.get("environment", "production"))


def _findings(tried: Tried, unasked: tuple[str, ...]) -> Iterator[Diagnostic]:
    if tried.is_right:
        return
    span = tried.fixture.root.span._replace(end=tried.fixture.root.span.start)
    doubtful = [one for one in tried.verdicts if one.outcome in (Outcome.LACKING, Outcome.COSTLY)]
    for one in doubtful[:1]:
        code = codes.COSTLY_POLICY if one.outcome == Outcome.COSTLY else codes.UNSUPPORTED_POLICY
        where = one.source.node.span if one.source is not None else span
        yield diagnose(
            code, f"with this object the policy `{tried.fixture.of}` cannot be evaluated: {one.message}", where
        )
    if not doubtful and tried.fixture.allowed:
        yield diagnose(
            codes.CONTRADICTING_FIXTURE, f"this is to be let pass, and is refused: {tried.verdicts[0].message}", span
        )
    elif not doubtful:
        yield diagnose(codes.CONTRADICTING_FIXTURE, "this is to be refused, and is let pass", span, hints=unasked)


def _untested(by_file: Mapping[str, list[Policy]], fixtures: tuple[Fixture, ...]) -> Iterator[Diagnostic]:
    for name, policies in by_file.items():
        kinds = {one.allowed for one in fixtures if one.of == name}
        if kinds != {True, False}:
            missing = " or ".join(
                word for allowed, word in ((True, "passes"), (False, "is refused")) if allowed not in kinds
            )
            hint = f"put an object of each kind into {FOLDER}/{name}/, as allow-….yaml and deny-….yaml"
            root = policies[0].root
            span = root.span._replace(end=root.span.start)
            yield diagnose(codes.UNTESTED_POLICY, f"no fixture of the policy {missing}", span, hints=(hint,))
