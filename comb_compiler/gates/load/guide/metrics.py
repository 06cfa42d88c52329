"""Pages of metrics that a service gave before and after a load → what each step of its graph did meanwhile."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from comb_compiler.gates.load.guide.model import BatchSeen, OperatorSeen

__all__ = ["Page", "page_of", "seen_between"]

_LINE = re.compile(r"^(comb_(?:step_\w+|steps_total|batch\w+|workers))\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Page = Mapping[tuple[str, str, str, str], float]
"""Values by name, step, operator, and the label that is left (`le`, `code` or `size`); all arms together."""


class _Delta(NamedTuple):
    before: Page
    after: Page

    def of(self, name: str, step: str, operator: str, rest: str = "") -> float:
        """How much was added."""
        key = (name, step, operator, rest)
        return self.after.get(key, 0.0) - self.before.get(key, 0.0)


def page_of(content: bytes) -> Page:
    """What a page in Prometheus' text form has of steps and operators; what is none of that is passed over."""
    found: dict[tuple[str, str, str, str], float] = {}
    for name, written, value in _LINE.findall(content.decode("utf-8", "replace")):
        labels = dict(_LABEL.findall(written))
        rest = next((labels[one] for one in ("le", "code", "size") if one in labels), "")
        key = (name, labels.get("step", ""), labels.get("operator", ""), rest)
        found[key] = found.get(key, 0.0) + float(value)
    return found


def seen_between(before: Page, after: Page) -> tuple[OperatorSeen, ...]:
    """Every step that was called between two looks."""
    steps = [(step, operator) for name, step, operator, _ in after if name == "comb_step_seconds_count"]
    found = (_seen(_Delta(before, after), step, operator) for step, operator in dict.fromkeys(steps))
    return tuple(one for one in found if one.calls > 0)


def _seen(delta: _Delta, step: str, operator: str) -> OperatorSeen:
    def added(name: str, rest: str = "") -> float:
        return delta.of(f"comb_{name}", step, operator, rest)

    buckets = ("comb_step_seconds_bucket", step, operator)
    bounds = [rest for *key, rest in delta.after if tuple(key) == buckets]
    workers = delta.after.get(("comb_workers", "", operator, ""))
    return OperatorSeen(
        step,
        operator,
        added("step_seconds_count"),
        added("step_seconds_sum"),
        added("step_turns_total"),
        added("step_waiting_seconds_total"),
        added("step_timed_total"),
        added("step_cpu_seconds_total"),
        added("steps_total", "DEADLINE_EXCEEDED"),
        tuple((float(bound), added("step_seconds_bucket", bound)) for bound in bounds if bound != "+Inf"),
        None if workers is None else int(workers),
        _batches(delta.after, operator),
    )


def _batches(page: Page, operator: str) -> tuple[BatchSeen, ...]:
    sizes = [rest for name, _, of, rest in page if (name, of) == ("comb_batches_total", operator)]
    return tuple(
        BatchSeen(
            int(size), page["comb_batches_total", "", operator, size],
            page.get(("comb_batch_seconds_total", "", operator, size), 0.0),
        )
        for size in sizes
    )  # fmt: skip
