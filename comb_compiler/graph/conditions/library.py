"""The official checker's word on conditions: it decides what is CEL. Loaded only when its word is not known yet."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from os import listdir
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cel import Mistake
from comb_compiler.cel.tokens import tokenise
from comb_compiler.graph.conditions.constants import Failure, find_failures
from comb_compiler.graph.conditions.failures import explain
from comb_compiler.graph.conditions.reading import Parsed
from comb_compiler.source.memo import Memo

if TYPE_CHECKING:
    from cel_expr_python import cel

__all__ = ["Asked", "ask_library", "library_version"]

_FORM = 3
_MOST_ASKED = 1_000
"""Parts without variables that are evaluated: 0.1 s. Nobody writes more."""
_ERROR = r"(?m)^(?:.*?INVALID_ARGUMENT: )?ERROR: <input>:(\d+):(\d+): (.*?)(?: \[INVALID_ARGUMENT\])?$"
_HINT = "see the language's definition: https://github.com/google/cel-spec/blob/master/doc/langdef.md"


class Asked(NamedTuple):
    """What the checker decides on: conditions, the messages of the variables that they name, and the types.

    Of `doubtful` texts something wrong is known: in these it only evaluates what names no variable.
    """

    conditions: tuple[Parsed, ...]
    doubtful: frozenset[str]
    variables: Mapping[str, str]
    descriptors: bytes


_Told = dict[str, list[Failure]]
"""By text: where something is wrong, and what; without a function where its checker refuses the text."""


def ask_library(asked: Asked, memo: Memo) -> dict[str, tuple[Mistake, ...]]:
    """By text, what the official library refuses or cannot evaluate. Texts that it accepts are left out."""
    conditions = {parsed.text: parsed for parsed in asked.conditions}
    texts = sorted(conditions)
    if not texts:
        return {}
    key = _key(texts, asked)
    told = _recalled(memo.find(key))
    if told is None:
        told = _told([conditions[text] for text in texts], asked)
        memo.keep(key, json.dumps(told).encode())
    return {text: tuple(_mistake(text, error) for error in told[text]) for text in texts if told.get(text)}


def _key(texts: list[str], asked: Asked) -> str:
    parts = ["condition", str(_FORM), library_version(), _digest(asked.descriptors)]
    content = json.dumps([parts, texts, sorted(asked.doubtful), sorted(asked.variables.items())])
    return hashlib.sha256(content.encode()).hexdigest()


@lru_cache(maxsize=8)
def _digest(descriptors: bytes) -> str:
    """What names descriptors: combs share them."""
    return hashlib.sha256(descriptors).hexdigest()


@cache
def library_version() -> str:
    """The library's version, from the name of the folder that says so: asking for metadata would take 50 ms."""
    spec = find_spec("cel_expr_python")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    around = [place.rpartition("cel_expr_python")[0] or "." for place in places]
    return " ".join(
        name for place in around for name in listdir(place) if re.fullmatch(r"cel_expr_python-.*\.dist-info", name)
    )


def _recalled(content: bytes | None) -> _Told | None:
    """What was kept; None where it is not of our form."""
    try:
        written = json.loads(content or b"")
        return {
            text: [Failure(int(start), int(end), str(said), str(name)) for start, end, said, name in errors]
            for text, errors in written.items()
        }
    except (ValueError, TypeError, AttributeError):
        return None


def _told(conditions: Iterable[Parsed], asked: Asked) -> _Told:
    from cel_expr_python import cel

    from comb_compiler.protos.decode import open_pool

    pool = open_pool(asked.descriptors)
    variables = {name: cel.Type(message) if message else cel.Type.DYN for name, message in asked.variables.items()}
    environment = cel.NewEnv(descriptor_pool=pool, variables=variables)
    answers: dict[str, str | None] = {}

    def ask(constant: str) -> str | None:
        if constant not in answers and len(answers) < _MOST_ASKED:
            answers[constant] = _failure(environment, constant)
        return answers.get(constant, "")

    refused = {
        parsed.text: _refused(environment, parsed.text) for parsed in conditions if parsed.text not in asked.doubtful
    }
    return {
        parsed.text: refused.get(parsed.text) or list(find_failures(parsed.text, parsed.root, ask))
        for parsed in conditions
    }


def _refused(environment: cel.Env, text: str) -> list[Failure]:
    try:
        result = environment.compile(text).return_type().name()
    except RuntimeError as error:
        found = [(_offset(text, int(line), int(column)), said) for line, column, said in re.findall(_ERROR, str(error))]
        first = [one for one in found if "'*error*'" not in one[1]] or found or [(0, "it cannot be checked")]
        return [Failure(*_token_at(text, at), said, "") for at, said in first]
    if result in ("BOOL", "DYN"):
        return []
    return [Failure(*_token_at(text, 0), f"it gives `{result.lower()}`, neither true nor false", "")]


def _failure(environment: cel.Env, constant: str) -> str | None:
    """What an expression without variables fails with: nothing where it has a value, None where its types are wrong."""
    from cel_expr_python import cel

    try:
        program = environment.compile(constant)
    except RuntimeError:
        return None
    try:
        value = program.eval(data={})
    except RuntimeError as error:
        return str(error).split("\n")[0]
    return str(value.value()) if value.type() == cel.Type.ERROR else ""


def _offset(text: str, line: int, column: int) -> int:
    """From a line and a column that count from 1, in code points."""
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return min(start + column - 1, len(text))


def _token_at(text: str, offset: int) -> tuple[int, int]:
    """The token that the checker points at."""
    found = ((token.start, token.end) for token in tokenise(text) if token.start <= offset < token.end)
    return next(found, (offset, offset))


def _mistake(text: str, failure: Failure) -> Mistake:
    if failure.function:
        return explain(text, failure)
    return Mistake(f"CEL refuses this: {failure.said}", failure.start, failure.end, _HINT)
