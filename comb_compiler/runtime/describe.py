"""What operator code declares, as JSON: `python -m comb_compiler.runtime.describe ENTRY… [--path DIR] [--params JSON]`.

It imports the code, so it is run in a process of its own. Whatever the code prints goes to standard error.

    {"version": 1, "operators": [{"entry": "operators.text:Detect", "reasons": [], "ports": [{"name": "frame",
      "type": "moderation.v1.Frame", "optional": false, "buffers": []}], "out": {"type": "moderation.v1.Boxes",
      "buffers": []}, "batch": false, "async": false, "execution": "thread", "retrySafe": false, "concurrency": null,
      "needsModel": true, "needsWorkspace": false, "misfits": [[]]}]}

`reasons` says why code is no operator; then nothing else is there. `--params` maps an entry to a list of
parameter sets, and `misfits` has for each what does not fit.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from comb_compiler.runtime.declaration import BadOperator, Declaration, Shape, load_entry
from comb_compiler.runtime.dying import die_with
from comb_compiler.runtime.params import BadParameters, fit
from comb_compiler.runtime.sdk import Model, Workspace

__all__ = ["describe", "main"]


def describe(entry: str, params: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What the code of one entry point declares; imports it. Never raises for what is wrong with the code."""
    try:
        declaration = load_entry(entry)
    except BadOperator as error:
        return {"entry": entry, "reasons": list(error.reasons), **_missing(error)}
    return {
        "entry": entry,
        "reasons": [],
        **_declared(declaration),
        "misfits": [_misfits(declaration, p) for p in params],
    }


def _missing(error: BadOperator) -> dict[str, str]:
    cause = error.__cause__
    return {"missing": cause.name} if isinstance(cause, ModuleNotFoundError) and cause.name else {}


def _declared(declaration: Declaration) -> dict[str, Any]:
    options = declaration.options
    needed = {kind for name, kind in declaration.given.items() if name not in declaration.spare}
    return {
        "ports": [{"name": port.name, **_shape(port), "optional": port.optional} for port in declaration.ports],
        "out": _shape(declaration.out),
        "batch": options.batch,
        "async": declaration.is_async,
        "execution": declaration.execution,
        "retrySafe": options.retry_safe,
        "concurrency": options.concurrency,
        "needsModel": Model in needed,
        "needsWorkspace": Workspace in needed,
    }


def _shape(shape: Shape) -> dict[str, Any]:
    return {"type": shape.full_name, "buffers": list(shape.buffers)}


def _misfits(declaration: Declaration, params: Mapping[str, Any]) -> list[str]:
    if declaration.params is None:
        return []
    try:
        fit(declaration.params, params)
    except BadParameters as error:
        return list(error.reasons)
    except Exception as error:  # the dataclass may check itself, in any way it likes
        return [f"{type(error).__name__}: {error}"]
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit code 0, whatever the code is like; 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m comb_compiler.runtime.describe")
    parser.add_argument("entries", nargs="+", metavar="ENTRY")
    parser.add_argument("--path", action="append", default=[], metavar="DIR", help="look for modules here first")
    parser.add_argument("--params", type=json.loads, default={}, metavar="JSON")
    options = parser.parse_args(arguments)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    sys.stdout.flush()
    os.dup2(2, 1)  # from here on, what prints prints to standard error
    sys.path[:0] = options.path
    asked = os.getpid()
    found = [describe(entry, options.params.get(entry, ())) for entry in options.entries]
    if os.getpid() != asked:
        os._exit(0)  # the code has forked, and this is the copy
    with answer:
        json.dump({"version": 1, "operators": found}, answer, ensure_ascii=False)
        answer.write("\n")
    return 0


if __name__ == "__main__":
    die_with(os.getppid())  # code that never ends being imported would outlive whoever asks
    status = main()
    sys.stderr.flush()
    os._exit(status)  # without waiting for threads that the code has started, or for what it does at an end
