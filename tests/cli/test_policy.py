"""`comb policy list`, `explain` and `test`, as a user runs them."""

import argparse
import io
import json
from pathlib import Path

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.policy import explaining
from tests.architecture.imports import ROOT
from tests.cli.conftest import COMB as WHOLE, Comb

RULE = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: sized.example
  annotations: {comb.dev/description: "Every claim is of a size \\e[31mthat the platform takes, \
and so on until this is longer than any terminal that anybody has is wide, which takes many more words than one thinks"}
spec:
  failurePolicy: Ignore
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConditions: [{name: small, expression: "object.metadata.name != 'large'"}]
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [persistentvolumeclaims]}
  variables: [{name: size, expression: "object.spec.resources.requests.storage"}]
  validations:
  - {expression: "variables.size != ''", message: no size}
  - {expression: "variables.size != '1Ti'", messageExpression: "'too large: ' + string(variables.size)"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: sized.example}
spec:
  policyName: sized.example
  paramRef: {name: sizes, namespace: rules, parameterNotFoundAction: Deny}
  validationActions: [Warn, Audit]
"""
TOO_LARGE = """\
must hold:
  variables.size != '1Ti'
else it says what this gives:
  'too large: ' + string(variables.size)"""
ABOUT = """\
about: persistentvolumeclaims
if broken: Warn, Audit
if it cannot be judged: it passes
params: ConfigMap sizes in rules"""
COMBS = """\
apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: named.example}
spec:
  environments: [production]
  params: {team: welcome}
  validations: [{expression: "comb.metadata.team == params.team", message: another team's}]
"""
LARGE = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: a}
spec: {resources: {requests: {storage: 1Ti}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sizes, namespace: rules}
"""


@pytest.fixture
def rules(checkout: Path) -> Path:
    folder = checkout / "rules"
    (folder / "tests" / "sized").mkdir(parents=True)
    (folder / "sized.yaml").write_text(RULE, encoding="utf-8")
    (folder / "named.yaml").write_text(COMBS, encoding="utf-8")
    (folder / "tests" / "sized" / "allow-small.yaml").write_text("apiVersion: v1\nkind: Pod\n", encoding="utf-8")
    return folder


def test_those_of_comb_are_listed_with_what_they_are_for(comb: Comb) -> None:
    ran = comb("policy", "list")
    assert (ran.code, ran.err) == (0, "")
    head, *rows = ran.out.rstrip("\n").split("\n")
    assert head.split("  ")[0] == "policy"
    names = [row.split(" ")[0] for row in rows if not row.startswith(" ")]
    assert names == sorted(f"{file.stem}.comb.dev" for file in (ROOT / "policies").glob("*.yaml"))
    assert max(map(len, rows)) <= 100


def test_those_of_a_folder_are_listed(comb: Comb, rules: Path) -> None:
    ran = comb("policy", "list", "rules")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    named, sized, *more = [line.split() for line in ran.out.rstrip("\n").split("\n")[1:]]
    assert named == ["named.example", "Deny"]
    assert sized[:5] == ["sized.example", "Warn,", "Audit", "Every", "claim"]
    assert more[-1][-1] == "thinks"


def test_a_list_is_data_too(comb: Comb, rules: Path) -> None:
    ran = comb("policy", "list", "rules", "--format", "json")
    assert ran.code == 0
    named, sized = json.loads(ran.out)["policies"]
    assert named == {
        "name": "named.example",
        "kind": "CombPolicy",
        "file": "rules/named.yaml",
        "about": ["combs in production"],
        "actions": ["Deny"],
        "description": "",
    }
    assert sized["about"] == ["persistentvolumeclaims"]
    assert sized["actions"] == ["Warn", "Audit"]


def test_a_policy_is_shown_with_all_that_it_asks(comb: Comb, rules: Path) -> None:
    ran = comb("policy", "explain", "sized.example", "rules")
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    blocks = ran.out.rstrip("\n").split("\n\n")
    assert blocks[0].startswith("sized.example, a ValidatingAdmissionPolicy in rules/sized.yaml\n  Every claim")
    assert blocks[1:] == [
        ABOUT,
        "only where:\n  object.metadata.name != 'large'",
        "variables.size =\n  object.spec.resources.requests.storage",
        "must hold:\n  variables.size != ''\nelse it says:\n  no size",
        TOO_LARGE,
        "fixtures:\n  allow-small.yaml",
    ]


def test_a_policy_over_combs_is_shown_with_its_params(comb: Comb, rules: Path) -> None:
    ran = comb("policy", "explain", "named.example", "rules")
    assert ran.code == 0
    head = "named.example, a CombPolicy in rules/named.yaml\n\nabout: combs in production\nif broken: Deny\n"
    assert ran.out.startswith(f"{head}params.team: welcome\n")
    assert ran.out.endswith("fixtures:\n  none\n")


def test_every_policy_of_comb_can_be_shown() -> None:
    for file in (ROOT / "policies").glob("*.yaml"):
        out, err = io.StringIO(), io.StringIO()
        arguments = argparse.Namespace(name=f"{file.stem}.comb.dev", folders=[])
        assert explaining.run(arguments, Console(out, err)) == 0
        assert err.getvalue() == ""
        assert "must hold:" in out.getvalue()
        assert "\n  deny-" in out.getvalue()


def test_a_name_that_is_none_is_told_with_what_was_meant(comb: Comb) -> None:
    ran = comb("policy", "explain", "limit.comb.dev")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no policy `limit.comb.dev`: did you mean `limits.comb.dev`?" in ran.err


def test_a_policy_that_is_wrong_is_told_of_where_it_is_asked_for(comb: Comb, rules: Path) -> None:
    (rules / "named.yaml").write_text(COMBS.replace("comb.metadata", "como.metadata"), encoding="utf-8")
    ran = comb("policy", "explain", "named.example", "rules")
    assert (ran.code, ran.out) == (2, "")
    assert "named.yaml:7" in ran.err
    assert "CEL refuses this: undeclared reference to 'como.metadata.team'\n" in ran.err
    assert "there is no policy `named.example` that is right: see above" in ran.err
    listed = comb("policy", "list", "rules")
    assert listed.code == 1
    assert "named.yaml:7" in listed.err
    assert "sized.example" in listed.out


def test_a_folder_that_is_none_is_told(comb: Comb) -> None:
    for command in (("list",), ("test",), ("explain", "named.example")):
        ran = comb("policy", *command, "elsewhere")
        assert (ran.code, ran.out) == (2, "")
        assert "elsewhere: there is no such folder" in ran.err
    ran = comb("policy", "test", "comb.yaml")
    assert (ran.code, ran.err) == (2, "comb: comb.yaml: this is a file: name its folder\n")


def test_fixtures_are_counted(comb: Comb, rules: Path) -> None:
    ran = comb("policy", "test", "rules")
    assert ran.code == 1
    assert ran.out.count("untested-policy") == 2
    assert ran.err == "2 policies, 1 of 1 fixture as it says\n"
    (rules / "named.yaml").unlink()
    (rules / "tests" / "sized" / "deny-large.yaml").write_text(LARGE, encoding="utf-8")
    ran = comb("policy", "test", "rules")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "1 policy, 2 of 2 fixtures as they say\n"


def test_a_fixture_that_passes_since_nobody_asks_is_told_why(comb: Comb, rules: Path) -> None:
    (rules / "sized.yaml").write_text(RULE[: RULE.index("---")], encoding="utf-8")
    (rules / "tests" / "sized" / "deny-large.yaml").write_text(LARGE, encoding="utf-8")
    (rules / "named.yaml").write_text(COMBS.replace("[production]", "[prodution]"), encoding="utf-8")
    (rules / "tests" / "named").mkdir()
    (rules / "tests" / "named" / "deny-other.yaml").write_text(WHOLE.replace("welcome", "other"), encoding="utf-8")
    out = " ".join(comb("policy", "test", "rules").out.split())
    assert "nothing binds `sized.example`: put a ValidatingAdmissionPolicyBinding beside it" in out
    assert "`named.example` is asked in `prodution`, and this is of `production`" in out


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("small.yaml", LARGE, "the file of a fixture is named allow-… or deny-…"),
        ("deny-a.yaml", "kind: Comb\n", "a fixture begins with an object, which has an `apiVersion` and a `kind`"),
    ],
)
def test_what_is_no_fixture_is_told(comb: Comb, rules: Path, name: str, content: str, told: str) -> None:
    (rules / "tests" / "sized" / name).write_text(content, encoding="utf-8")
    assert f"bad-policy: {told}" in " ".join(comb("policy", "test", "rules").out.split())


def test_a_folder_without_policies_tests_nothing_and_says_so(comb: Comb, checkout: Path) -> None:
    (checkout / "rules").mkdir()
    ran = comb("policy", "test", "rules")
    assert (ran.code, ran.err) == (2, "comb: rules: no policy is there, so that nothing is tested\n")


@pytest.mark.parametrize("combs", ["5", "[7]", "[{comb: a, devices: 3}]", "[{comb: a, devices: {nvidia-t4: many}}]"])
def test_claims_of_others_that_are_none_are_found(comb: Comb, rules: Path, combs: str) -> None:
    fixture = f"apiVersion: v1\nkind: Pod\n---\napiVersion: comb.dev/v1\nkind: Others\ncombs: {combs}\n"
    (rules / "tests" / "sized" / "allow-small.yaml").write_text(fixture, encoding="utf-8")
    ran = comb("policy", "test", "rules")
    assert ran.code == 1
    assert " --> rules/tests/sized/allow-small.yaml:6:" in ran.out
    assert "error[COMB4503] bad-policy: " in ran.out


def test_params_are_fields(comb: Comb, rules: Path) -> None:
    (rules / "named.yaml").write_text(COMBS.replace("{team: welcome}", "welcome"), encoding="utf-8")
    ran = comb("policy", "explain", "named.example", "rules")
    assert ran.code == 2
    assert "error[COMB4503] bad-policy: `params` holds fields\n --> rules/named.yaml:6:11" in ran.err
