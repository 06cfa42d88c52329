"""Does operators' code declare what comb.yaml says? Compared with what `comb_compiler.runtime.describe` prints."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.places import format_path
from comb_compiler.spec.unusable import unusable
from comb_compiler.spec.wording import listed

__all__ = ["Question", "code_findings", "questions"]


class Question(NamedTuple):
    """What is asked of an entry point: whether these sets of parameters fit its code."""

    entry: str
    params: tuple[Mapping[str, Any], ...]


def questions(combs: Sequence[Comb]) -> tuple[Question, ...]:
    """What is to be asked of the code of a comb and its variants, each entry point once."""
    asked: dict[str, list[Mapping[str, Any]]] = {}
    for comb in combs:
        for operator in comb.operators.values():
            if operator.run is not None:
                params = asked.setdefault(operator.run, [])
                given = _params(comb, operator)
                if given is not None and given not in params:
                    params.append(given)
    return tuple(Question(entry, tuple(params)) for entry, params in asked.items())


def code_findings(
    bound: Bound[Comb], comb: Comb, answers: Mapping[str, Mapping[str, Any]], asked: Sequence[Question]
) -> Iterator[Diagnostic]:
    """Everything in which the code and comb.yaml differ; `answers` are those of `describe`, by entry point.

    Looks at the operators of a variant that differ from the comb as written, and of the comb at all.
    """
    params = {question.entry: question.params for question in asked}
    operators = (bound.to_check or comb).operators
    yield from unusable(bound, comb.interface, operators, answers)
    for name, operator in operators.items():
        answer = answers.get(operator.run or "")
        if operator.run is None or answer is None or answer["reasons"]:
            continue
        comparison = _Comparison(bound, name, operator, answer)
        yield from comparison.ports()
        yield from comparison.answer()
        yield from comparison.ways()
        if comb.storage.workspace is None:
            yield from comparison.workspace()
        given = _params(comb, operator)
        if given is not None:
            yield from comparison.parameters(answer["misfits"][params[operator.run].index(given)])


def _params(comb: Comb, operator: Operator) -> Mapping[str, Any] | None:
    """The parameters that an operator's model version has; None where it has no model, or none that is declared."""
    if operator.model is None:
        return None
    model, version = operator.model
    found = comb.models[model].versions.get(version) if model in comb.models else None
    return found.params if found is not None else None


class _Comparison:
    """One operator and its code."""

    def __init__(self, bound: Bound[Comb], name: str, operator: Operator, answer: Mapping[str, Any]) -> None:
        self._bound = bound
        self._name = name
        self._operator = operator
        self._answer = answer
        self._ports = {port["name"]: port for port in answer.get("ports", ())}

    def ports(self) -> Iterator[Diagnostic]:
        renamed = self._renamed()
        for name, port in self._operator.inputs.items():
            at: Path = ("operators", self._name, "in", name)
            coded = self._ports.get(name)
            if renamed is not None and coded is None:
                hint = f"write `{renamed}` here and in `graph`, or change the code"
                yield self._differ(at, f"the code calls the port `{renamed}`, not `{name}`", hint, at_key=True)
            elif coded is None:
                hint = f"its ports are {listed(self._ports)}" if self._ports else "it takes nothing"
                yield self._differ(at, f"the code has no port `{name}`", hint, at_key=True)
            elif coded["type"] != port.type:
                message = f"the code takes `{coded['type']}` by the port `{name}`, not `{port.type}`"
                yield self._differ(at, message, f"write `{coded['type']}`, or change the code")
            elif port.optional and not coded["optional"]:
                message = f"the port `{name}` may be left out here, and the code cannot do without it"
                hint = f"write `{name}: {_short(coded['type'])} | None` in the code"
                yield self._differ(at, message, hint, at_key=True)
        for name in self._undeclared():
            if name != renamed:
                message = f"the code needs the port `{name}`, which `{self._name}` does not declare"
                hint = f"write `{name}: {self._ports[name]['type']}`"
                yield self._differ(("operators", self._name, "in"), message, hint, at_key=True)

    def _undeclared(self) -> list[str]:
        """The ports that the code cannot do without and comb.yaml does not have."""
        return [
            name for name, port in self._ports.items() if name not in self._operator.inputs and not port["optional"]
        ]

    def _renamed(self) -> str | None:
        """What the code calls the only port that it does not know, if its own only further port is like it."""
        unknown = [port for name, port in self._operator.inputs.items() if name not in self._ports]
        undeclared = self._undeclared()
        if len(unknown) != 1 or len(undeclared) != 1 or unknown[0].optional:
            return None
        return undeclared[0] if self._ports[undeclared[0]]["type"] == unknown[0].type else None

    def answer(self) -> Iterator[Diagnostic]:
        given = self._answer["out"]["type"]
        if given != self._operator.out:
            message = f"the code answers with `{given}`, not `{self._operator.out}`"
            yield self._differ(("operators", self._name, "out"), message, f"write `{given}`, or change the code")

    def ways(self) -> Iterator[Diagnostic]:
        """How it is called."""
        if self._operator.batch is not None and not self._answer["batch"]:
            message = "requests are to be run together, and the code takes one at a time"
            hint = "write the batch form, `@operator(batch=True)`, or take `batch` away"
            yield self._differ(("operators", self._name, "batch"), message, hint, at_key=True)
        if self._operator.retries and not self._answer["retrySafe"]:
            message = "failed calls are to be repeated, and the code does not say that this does no harm"
            hint = "write `@operator(retry_safe=True)` if it does none, or take `retries` away"
            yield self._differ(("operators", self._name, "retries"), message, hint)
        if self._operator.workers is not None and self._answer["execution"] == "loop" and not self._answer["async"]:
            message = "several calls are to run at once, and the code runs in the engine's loop, one after the other"
            hint = 'write `@operator(execution="thread")`, or take `workers` away'
            yield self._differ(("operators", self._name, "workers"), message, hint)
        if self._operator.model is None and self._answer["needsModel"]:
            message = f"the code wants a model, and `{self._name}` is given none"
            yield self._differ(("operators", self._name), message, "write `model: name@version`", at_key=True)

    def workspace(self) -> Iterator[Diagnostic]:
        """What it is given, where the comb has no workspace."""
        if self._answer["needsWorkspace"]:
            message = f"the code of `{self._name}` wants a workspace, and the comb has none"
            hint = "write `storage: {workspace: {size: 10Gi}}`, with the size that it needs"
            yield self._differ(("operators", self._name), message, hint, at_key=True)

    def parameters(self, misfits: Sequence[str]) -> Iterator[Diagnostic]:
        assert self._operator.model is not None
        model, version = self._operator.model
        for misfit in misfits:
            at: Path = ("models", model, "versions", version, "params")
            message = f"the parameters of `{model}@{version}` do not fit the code of `{self._name}`: {misfit}"
            yield self._differ(at, message, f"`{self._operator.run}` says which parameters it takes")

    def _differ(self, path: Path, message: str, hint: str, *, at_key: bool = False) -> Diagnostic:
        place = self._bound.place(*path)
        run = self._bound.place("operators", self._name, "run")
        return diagnose(
            codes.CODE_MISMATCH,
            message,
            place.key_span if at_key or place.path != path else place.span,
            related=(*place.related, Label(run.span, "the code")),
            path=format_path(path),
            hints=(hint,),
        )


def _short(type_name: str) -> str:
    return type_name.rpartition(".")[2]
