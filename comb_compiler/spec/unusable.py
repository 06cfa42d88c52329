"""Code that cannot be used as operators: one finding for one cause, however many operators it keeps from running."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb, Interface
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.places import format_path

__all__ = ["unusable"]

_GENERATED = "_pb2"
_LOOKED_FOR = "entry points are looked for in the directory of comb.yaml, and in what is installed"
_MOST_SHOWN = 4


def unusable(
    bound: Bound[Comb],
    interface: Interface,
    operators: Mapping[str, Operator],
    answers: Mapping[str, Mapping[str, Any]],
) -> Iterator[Diagnostic]:
    """What keeps the code of `operators` from being used; `answers` are those of `describe`, by entry point."""
    causes: dict[tuple[str, str], list[str]] = {}
    for name, operator in operators.items():
        answer = answers.get(operator.run or "", {})
        missing = answer.get("missing", "")
        for reason in (missing,) if missing else answer.get("reasons", ()):
            causes.setdefault((missing, reason), []).append(name)
    for (missing, reason), names in causes.items():
        run = operators[names[0]].run or ""
        message, hint = _missing(missing, run, interface) if missing else _refused(run, reason)
        yield _finding(bound, names, message, hint)


def _refused(run: str, reason: str) -> tuple[str, str]:
    return f"`{run}` cannot be used as an operator: {reason}", _LOOKED_FOR


def _missing(module: str, run: str, interface: Interface) -> tuple[str, str]:
    """A module that is nowhere: one that is to be generated, the operator's own, or one that it needs."""
    own = run.partition(":")[0]
    if module.endswith(_GENERATED):
        message = f"the module `{module}` is missing, which protoc makes of a .proto file"
        return message, f"beside comb.yaml, run `{_protoc(module, interface)}`"
    if own == module or own.startswith(f"{module}."):
        return f"`{run}` cannot be used as an operator: there is no module `{module}`", _LOOKED_FOR
    return f"`{own}` imports `{module}`, which is not installed here", "install it in the environment that runs `comb`"


def _finding(bound: Bound[Comb], names: Sequence[str], message: str, hint: str) -> Diagnostic:
    first, *others = (bound.place("operators", name, "run") for name in names)
    label = f"and {len(names) - 1} more operators need it" if len(names) > _MOST_SHOWN + 1 else ""
    return diagnose(
        codes.BAD_OPERATOR_CODE,
        message,
        first.span,
        label=label,
        related=tuple(Label(place.span, "the same here") for place in others[:_MOST_SHOWN]),
        path=format_path(first.path),
        hints=(hint,),
    )


def _protoc(module: str, interface: Interface) -> str:
    """How modules of generated classes come to be: all that the interface names at once, since one is seldom alone."""
    directory, slash, _ = interface.proto.rpartition("/")
    name = module.removesuffix(_GENERATED).replace(".", "/") + ".proto"
    named = [path for path in (interface.proto, *interface.types) if path.startswith(directory + slash)]
    files = dict.fromkeys((directory + slash + name, *named))
    return f"python -m grpc_tools.protoc -I {directory or '.'} --python_out . {' '.join(files)}"
