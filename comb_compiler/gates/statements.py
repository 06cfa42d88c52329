"""A gate report → an in-toto statement of it; several statements → the one that is signed.

schemas/evidence.v1.schema.json has their form. A statement says nothing by itself: whoever signs it makes it evidence,
until when it counts, and has worked out anew what it is about.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from comb_compiler.gates.load.results import LoadFound
from comb_compiler.gates.results import GateReport
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.gates.weakening import Weakening
from comb_compiler.release.evidence import ISOLATIONS, PREDICATE, STATEMENT

__all__ = ["BadStatement", "merged", "statement_of"]


class BadStatement(Exception):
    """Statements that cannot be signed; the message says why."""


def statement_of(report: GateReport, names: Sequence[str], repository: str, builder: str) -> dict[str, Any]:
    """What gates found, about all that the subject is called by: a comb, and arms that are the same as it."""
    verdict = {Verdict.PASSED: "passed", Verdict.BLOCKED: "failed"}.get(report.verdict, "undecided")
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": report.subject}} for name in names],
        "predicateType": PREDICATE,
        "predicate": {
            "repository": repository,
            "builder": builder,
            "isolation": report.isolation,
            "images": dict(report.images),
            "verdict": verdict,
            "baseline": dict(report.baseline),
            "exam": report.exam,
            "weakened": [_weakened(one) for one in report.weakened],
            "gates": [
                {
                    "gate": one.gate,
                    "verdict": one.ruling.verdict.value,
                    "samples": one.samples,
                    "digest": one.digest,
                    "asked": one.asked,
                    **({} if one.load is None else _loaded(one.load)),
                }
                for one in report.gates
            ],
        },
    }


def _loaded(load: LoadFound) -> dict[str, Any]:
    """What was promised (seconds, by `p95`), and what was found at each rate: `saturation` is that there is room."""
    return {
        "machine": load.machine,
        "resources": load.resources,
        "promised": dict(load.promised),
        "steps": [
            {
                "rate": step.rate,
                "seconds": step.seconds,
                "found": [
                    {"aspect": one.aspect, "what": one.what, "verdict": one.verdict.value, "why": one.why}
                    for one in step.findings
                ],
            }
            for step in load.steps
        ],
    }


def _weakened(one: Weakening) -> dict[str, Any]:
    waiver = one.waiver
    if waiver is None:
        return {"field": one.field, "said": one.said}
    said = {"name": waiver.name, "by": waiver.by, "why": waiver.why, "until": waiver.until.isoformat()}
    return {"field": one.field, "said": one.said, "waiver": said}


def merged(
    statements: Sequence[Mapping[str, Any]],
    subjects: Mapping[str, str],
    gates_of: Mapping[str, Collection[str]],
    expires: datetime,
    resources: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """One statement about all `subjects`, digests by name, which counts until then.

    `gates_of` has the gates that each subject has to have passed, and `resources` the digest of what operators have in
    each: a load says nothing of others. Raises BadStatement where one did not pass, or was
    asked less, or is about something else, or none is about one of the subjects.
    """
    for one in statements:
        _check(one)
        for part in one["subject"]:
            left_out = set(gates_of.get(part["name"], ())) - {gate["gate"] for gate in one["predicate"]["gates"]}
            if left_out:
                raise BadStatement(
                    f"`{part['name']}` was not asked all that its gates ask: {', '.join(sorted(left_out))}"
                )
            has = resources.get(part["name"])
            if has is not None and any(gate.get("resources", has) != has for gate in one["predicate"]["gates"]):
                raise BadStatement(f"`{part['name']}` was loaded with other resources than its operators have here")
    first = statements[0]["predicate"]
    for one in statements[1:]:
        asked = one["predicate"]["repository"]
        if asked != first["repository"]:
            raise BadStatement(f"the statements differ in `repository`: {first['repository']}, {asked}")
    proven = {(part["name"], part["digest"]["sha256"]) for one in statements for part in one["subject"]}
    for name, digest in subjects.items():
        if (name, digest) not in proven:
            what = "another subject" if any(known == name for known, _ in proven) else "nothing of that name"
            raise BadStatement(f"`{name}` is {digest[:12]}… here, and what the gates asked was {what}")
    isolation = min((one["predicate"]["isolation"] for one in statements), key=ISOLATIONS.index)
    gates = [gate for one in statements for gate in one["predicate"]["gates"]]
    predicate: dict[str, Any] = {**first, "isolation": isolation, "gates": gates, "expires": expires.isoformat()}
    predicate["images"] = _images(statements)
    compared = {part["name"] for one in statements if not _is_new(one) for part in one["subject"]}
    predicate["new"] = sorted(subjects.keys() - compared)
    predicate["builder"] = ", ".join(dict.fromkeys(one["predicate"]["builder"] for one in statements))
    about = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())]
    return {"_type": STATEMENT, "subject": about, "predicateType": PREDICATE, "predicate": predicate}


def _is_new(statement: Mapping[str, Any]) -> bool:
    """Whether its gates held it against nothing, as what was never there before."""
    return not statement["predicate"].get("baseline")


def _images(statements: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The images that the gates asked, by process: one for each, whatever was asked of it."""
    images: dict[str, str] = {}
    for one in statements:
        for process, digest in one["predicate"]["images"].items():
            if images.setdefault(process, digest) != digest:
                raise BadStatement(f"the statements differ in the image of `{process}`")
    return images


def _check(statement: Mapping[str, Any]) -> None:
    try:
        of_gates = statement["_type"] == STATEMENT and statement["predicateType"] == PREDICATE
        verdict, isolation = statement["predicate"]["verdict"], statement["predicate"]["isolation"]
        names = [(one["name"], one["digest"]["sha256"]) for one in statement["subject"]]
        texts = [statement["predicate"]["repository"], statement["predicate"]["builder"], *sum(names, ())]
        of_gates &= bool(names) and all(isinstance(one, str) for one in texts) and bool(texts[1])
        of_gates &= all(isinstance(one["gate"], str) for one in statement["predicate"]["gates"])
        of_gates &= all(isinstance(one, str) for one in statement["predicate"]["images"].values())
    except (KeyError, TypeError, AttributeError) as error:
        raise BadStatement("this is no statement of what gates found: `comb gate --report` writes one") from error
    if not of_gates:
        raise BadStatement("this is no statement of what gates found: `comb gate --report` writes one")
    if verdict != "passed":
        raise BadStatement(f"the gates of `{names[0][0]}` did not pass: {verdict}")
    if isolation not in ISOLATIONS:
        raise BadStatement(f"what answered for `{names[0][0]}` is not known to be it: its isolation is {isolation}")
