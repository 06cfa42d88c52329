"""The expressions of a policy: read, checked and made ready to be evaluated, each in its scope."""

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.policy.evaluator import Evaluator, Program
from comb_compiler.policy.expressions import Expression, Problem, read_expression
from comb_compiler.policy.model import Compiled, Rule, Validation
from comb_compiler.source import Node, Scalar
from comb_compiler.source.nodes import child
from comb_compiler.spec.places import format_path

__all__ = ["Scope", "compile_rule"]

_UNKNOWN_HERE = {
    "request": ("userInfo", "uid", "options", "subResource", "requestSubResource", "requestKind", "requestResource"),
    "object": ("status",),
}
"""What only a cluster knows, by the name that it is asked of."""
_OF_METADATA = ("creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_REQUEST = ("dryRun", "kind", "name", "namespace", "operation", "resource", *_UNKNOWN_HERE["request"])
_OF_NAMESPACE = ("name", "labels", "annotations")


class Scope(NamedTuple):
    """The names that expressions are evaluated over, and what evaluates them. `in_cluster`: they are Kubernetes'."""

    evaluator: Evaluator
    names: tuple[str, ...]
    in_cluster: bool


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.found: list[Diagnostic] = []
        self._scope = scope
        self._types = dict.fromkeys(scope.names, "dyn")
        self._keys: dict[str, str] = {}
        self._roots = frozenset((*scope.names, "variables", "request", "params", "oldObject", "namespaceObject"))

    def variable(self, node: Node, path: str) -> Iterator[Compiled]:
        made = self._made(node, "expression", path, ())
        if made is not None:
            self._types[f"variables.{made.name}"] = made.program.result
            self._keys[made.name] = made.key
            yield made

    def condition(self, node: Node, path: str) -> Iterator[Compiled]:
        made = self._made(node, "expression", path, ("BOOL",))
        if made is not None:
            yield made

    def validation(self, node: Node, path: str) -> Iterator[Validation]:
        holds = self._made(node, "expression", path, ("BOOL",))
        says = None
        if "messageExpression" in node.data:
            says = self._made(node, "messageExpression", path, ("STRING",))
        if holds is not None:
            yield Validation(holds, node.data.get("message", ""), says, node.data.get("path", ""))

    def audit(self, node: Node, path: str) -> Iterator[Compiled]:
        made = self._made(node, "valueExpression", path, ("STRING", "NULL"))
        if made is not None:
            yield made

    def together(self, variables: tuple[Compiled, ...], asked: tuple[Compiled, ...]) -> Program | None:
        """All of these at once, over the variables that they rest on, in their order."""
        needed = {name for one in asked for name in one.needs}
        for variable in reversed(variables):
            needed |= set(variable.needs) if variable.name in needed else set()
        bound = {one.name: one.expression for one in variables if one.name in needed}
        names = {name: self._types[name] for name in self._scope.names}
        return self._scope.evaluator.together((one.expression for one in asked), bound, names)

    def _made(self, node: Node, key: str, path: str, results: tuple[str, ...]) -> Compiled | None:
        written = child(node, key)
        assert written is not None
        text = written.data
        read = read_expression(text, self._roots)
        if isinstance(read, Expression):
            read = _unknown_here(read, self._scope) or read
        program = self._scope.evaluator.compile(read, self._named(read)) if isinstance(read, Expression) else read
        if not isinstance(program, Problem) and results and program.result not in results:
            program = Problem(f"it gives `{program.result.lower()}`, and has to give {_either(results)}", 0, len(text))
        if isinstance(program, Problem):
            self.found.append(_finding(program, written, f"{path}.{key}"))
            return None
        assert isinstance(read, Expression)
        needs = dict.fromkeys(chain[0] for chain in read.below("variables"))
        key = "" if any(chain[0] == "params" for chain in read.fields) else self._key(read.text, tuple(needs))
        return Compiled(str(node.data.get("name", "")), read, program, written, tuple(needs), key)

    def _named(self, expression: Expression) -> dict[str, str]:
        """The types of what an expression is over, and of the variables that it names: few sets of names are dear."""
        asked = {f"variables.{chain[0]}" for chain in expression.below("variables")}
        return {name: one for name, one in self._types.items() if name in asked or name in self._scope.names}

    def _key(self, text: str, needs: tuple[str, ...]) -> str:
        """A digest of the text and of all variables that it rests on; nothing where one of them rests on params."""
        keys = [self._keys.get(name, "") for name in needs]
        whole = repr((text, tuple(zip(needs, keys, strict=True))))
        return sha256(whole.encode()).hexdigest() if all(keys) else ""


def _either(results: tuple[str, ...]) -> str:
    return " or ".join(one.lower() for one in results)


def _unknown_here(expression: Expression, scope: Scope) -> Problem | None:
    """What of a request nobody knows before there is one."""
    if not scope.in_cluster:
        return None
    for root, *steps in expression.fields:
        field = ".".join((root, *steps))
        if root == "request" and steps and steps[0] not in _REQUEST:
            return Problem(f"a request has no field `{steps[0]}`", *_at(expression, field))
        if _is_unknown(root, steps):
            return Problem(f"`{field}`, which only a cluster knows", *_at(expression, field), True)
    return None


def _is_unknown(root: str, steps: list[str]) -> bool:
    first, second = [*steps, "", ""][:2]
    if root == "namespaceObject":
        return first not in ("", "metadata") or second not in ("", *_OF_NAMESPACE)
    of_server = root in ("object", "oldObject") and first == "metadata" and second in _OF_METADATA
    return of_server or first in _UNKNOWN_HERE.get(root, ())


def _at(expression: Expression, field: str) -> tuple[int, int]:
    start = max(expression.text.find(field), 0)
    return start, start + len(field)


def _finding(problem: Problem, written: Node, path: str) -> Diagnostic:
    at = min(problem.start, len(written.data))
    span = written.part(at, max(problem.end, at)) if isinstance(written, Scalar) and problem.end else written.span
    if problem.is_lacking:
        message = f"Comb cannot evaluate {problem.message}"
        hint = "write it in another way: a policy that is not evaluated here proves nothing of what is rendered"
        return diagnose(codes.UNSUPPORTED_POLICY, message, span, path=path, hints=(hint,))
    return diagnose(codes.BAD_POLICY, problem.message, span, path=path)


def compile_rule(spec: Node, scope: Scope) -> tuple[Rule, tuple[Diagnostic, ...]]:
    """What a policy says, from its `spec`, whose fields are right; without the expressions that are told of."""
    made = _Compiler(scope)
    conditions = tuple(one for at in _each(spec, "matchConditions") for one in made.condition(*at))
    variables = tuple(one for at in _each(spec, "variables") for one in made.variable(*at))
    validations = tuple(one for at in _each(spec, "validations") for one in made.validation(*at))
    for at in _each(spec, "auditAnnotations"):
        tuple(made.audit(*at))
    fails = _data(spec).get("failurePolicy", "Fail") == "Fail"
    together = cache(lambda: made.together(variables, tuple(one.holds for one in validations)))
    by_text = {one.expression.text: one for each in validations for one in (each.holds, each.says) if one is not None}
    bound = cache(lambda text: made.together(variables, (by_text[text],)))
    return Rule(conditions, variables, validations, fails, together, bound), tuple(made.found)


def _each(spec: Node, key: str) -> Iterator[tuple[Node, str]]:
    for index in range(len(_data(spec).get(key) or ())):
        item = child(child(spec, key), index)
        assert item is not None
        yield item, format_path(("spec", key, index))


def _data(spec: Node) -> Mapping[str, Any]:
    data: Mapping[str, Any] = spec.data
    return data
