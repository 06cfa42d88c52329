"""Which tests go together where pytest-xdist has two processes run them: a file's, and those of some folders.

What measures, or ends processes and counts what is left, goes one after the other in one of the processes: beside it
there is never more than one other test. Tests that share a server, or use Docker's, go together as well.
"""

from collections.abc import Mapping

__all__ = ["PARTS", "part_of", "turn"]

_MEASURES = "measures"
_ENGINES = "engines"
PARTS: Mapping[str, str] = {
    "tests/cli/test_gate_container.py": _ENGINES,
    "tests/gates/test_hostile.py": _ENGINES,
    "tests/cluster/": "cluster",
    "tests/examples/": "examples",
    "tests/gates/": _MEASURES,
    "tests/images/": _ENGINES,
    "tests/load/": _MEASURES,
    "tests/rollout/": _MEASURES,
    "tests/runtime/": _MEASURES,
    "tests/samples/production/": "stores",
    "tests/schemas/": "schemas",
    "tests/telemetry/": _MEASURES,
    "tests/templates/": "templates",
}


def part_of(node: str) -> str:
    """What a test goes together with, by its node id."""
    file = node.partition("::")[0]
    return next((part for folder, part in PARTS.items() if file.startswith(folder)), file)


def turn(node: str) -> int:
    """When it begins: at first what takes the longest, in the end, beside the cluster's, what needs an engine."""
    return {_MEASURES: 0, _ENGINES: 2}.get(part_of(node), 1)
