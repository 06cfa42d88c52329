"""What it costs to ask all policies about one object, beside reading the same object from its JSON.

The bar (issue "Policies and `comb plan`"): all policies that match one object are evaluated in at most 0.5 ms. CPU of
one process; the policies are Comb's own, the objects what the example renders. Measured in turn, object by object: the
policies as they are asked; the same with every expression asked by itself, as it is where one does not hold; and
`json.loads`, for a measure of the machine.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from comb_compiler.policy.admission import Decision, decide  # noqa: E402
from comb_compiler.policy.library import CelLibrary  # noqa: E402
from comb_compiler.policy.matching import Asked, matches  # noqa: E402
from comb_compiler.policy.model import PolicySet  # noqa: E402
from comb_compiler.policy.platform import platform_params  # noqa: E402
from comb_compiler.release.images import UNBUILT  # noqa: E402
from tests.cluster.rendering import example_platform, render_example, written  # noqa: E402
from tests.policy.own import NAMESPACE, own_set  # noqa: E402

RESULT = Path(__file__).parent / "results" / "policies.md"
BAR = 0.5
_HEAD = ("object", "characters", "policies", "refuse it", "asked", "one by one", "one by one / asked", "`json.loads`")
_EVALUATOR = CelLibrary()


class Row(NamedTuple):
    """One object: its size, how many policies are about it and refuse it, and milliseconds of each way."""

    kind: str
    size: int
    policies: int
    refusals: int
    asked: float
    singly: float
    read: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        policies, objects = _made(Path(scratch))
    table = _table([_measured(policies, one, arguments.runs) for one in objects], arguments.runs)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _made(scratch: Path) -> tuple[PolicySet, list[dict[str, Any]]]:
    """The policies with the platform's params, and the largest object of each kind that some policy is about."""
    sources = written(example_platform() | {"policies": ["comb.dev"]}, scratch)
    rendered = render_example("frame-moderation", sources, "production")
    platform_ = rendered[0].platform
    policies = own_set()._replace(params=(platform_params(platform_, own_set().params),))
    text = json.dumps([one for each in rendered for one in each.comb.values() if "metadata" in one])
    built = json.loads(text.replace(f'"{UNBUILT}/', f'"{platform_.registry.push}/'))
    largest: dict[str, dict[str, Any]] = {}
    for one in sorted(built, key=lambda one: len(json.dumps(one))):
        if _about(policies, one):
            largest[one["kind"]] = one
    return policies, [*sorted(largest.values(), key=lambda one: -len(json.dumps(one))), _wrong(largest["Deployment"])]


def _wrong(deployment: dict[str, Any]) -> dict[str, Any]:
    """With a container that one policy refuses, for its image."""
    text = json.dumps(deployment)
    document: dict[str, Any] = json.loads(text)
    document["spec"]["template"]["spec"]["containers"][0]["image"] = "elsewhere/image@sha256:" + "0" * 64
    return document


def _about(policies: PolicySet, document: Mapping[str, Any]) -> int:
    asked = Asked(document, namespace=NAMESPACE)
    own = (one for one in policies.policies if not one.is_of_combs)
    return sum(bool(matches(one.spec["matchConstraints"], asked)) for one in own)


def _measured(policies: PolicySet, document: Mapping[str, Any], runs: int) -> Row:
    """Medians of ways that take turns."""
    rules = (one.rule._replace(together=lambda: None, bound=lambda _: None) for one in policies.policies)
    single = tuple(one._replace(rule=rule) for one, rule in zip(policies.policies, rules, strict=True))
    text = json.dumps(document)
    ways: tuple[Callable[[], Any], ...] = (
        lambda: _said(policies, document),
        lambda: _said(policies._replace(policies=single), document),
        lambda: json.loads(text),
    )
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(runs):
        for way, kept in zip(ways, times, strict=True):
            begin = time.process_time_ns()
            way()
            kept.append((time.process_time_ns() - begin) / 1e6)
    refusals = len({one.policy.name for one in _said(policies, document)})
    about = _about(policies, document)
    return Row(document["kind"], len(text), about, refusals, *(statistics.median(one) for one in times))


def _said(policies: PolicySet, document: Mapping[str, Any]) -> tuple[Decision, ...]:
    return decide(policies, Asked(document, namespace=NAMESPACE), _EVALUATOR)


def _table(rows: list[Row], runs: int) -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# Asking policies",
        "",
        f"{datetime.now(tz=UTC).date()} · {machine} · CPU, medians of {runs} runs that take turns in one process",
        "",
        f"| {' | '.join(_HEAD)} |",
        "|---" * len(_HEAD) + "|",
    ]
    for row in rows:
        times = (f"{row.asked:.2f} ms", f"{row.singly:.2f} ms", f"{row.singly / row.asked:.1f} ×", f"{row.read:.3f} ms")
        lines.append(f"| {' | '.join((row.kind, f'{row.size:,}', str(row.policies), str(row.refusals), *times))} |")
    passing, refused = (_against_bar(row for row in rows if row.refusals == wrong) for wrong in (0, 1))
    lines += ["", f"The most for one object, against {BAR} ms: {passing}. One that a policy refuses: {refused}."]
    return "\n".join(lines) + "\n\nRepeat: `.venv/bin/python benchmarks/policies.py --record`\n"


def _against_bar(rows: Iterable[Row]) -> str:
    most = max(row.asked for row in rows)
    return f"{most:.2f} ms, {'met' if most <= BAR else 'missed'}"


if __name__ == "__main__":
    main()
