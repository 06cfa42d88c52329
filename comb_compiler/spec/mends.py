"""Bad values → what was probably meant, where that can be told from the text alone."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import PydanticCustomError

from comb_compiler.diagnostics import Applicability, Edit, Fix, Span
from comb_compiler.source import Node, Scalar
from comb_compiler.source.scalars import resolve
from comb_compiler.spec.amounts import cores_meant, duration_meant, gpu_memory_meant, share_meant, size_meant
from comb_compiler.spec.respelling import NOTHING, Guess, Mend, spelled, written
from comb_compiler.spec.shape import Expected, choices, field_names
from comb_compiler.spec.shapes import Reader
from comb_compiler.spec.strays import stray
from comb_compiler.spec.suggest import closest
from comb_compiler.spec.wording import describe_value

__all__ = ["mend", "mended_name"]


def mend(kind: str, context: Mapping[str, Any], node: Node, expected: Expected | None) -> Mend:
    """The repair of the value at `node`, which pydantic refused as `kind`."""
    if not isinstance(node, Scalar) or node.data is None:
        return NOTHING
    strayed = stray(node)
    if strayed != NOTHING:
        return strayed
    reading = _BY_FORM.get(context.get("form", "")) if kind in ("form", "too_long_text") else _BY_KIND.get(kind)
    return reading(node, expected) if reading else NOTHING


def mended_name(form: str, text: str) -> str | None:
    """The name that `text` was to be; None where none can be told."""
    separator = "_" if form == "identifier" else "-"
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", separator, text)
    if "/" in text:
        return None  # `nvidia.com/gpu` is a name of another kind
    name = re.sub(r"[^a-z0-9]+", separator, spaced.lower()).strip(separator)
    lengths = (1, *range(3, 41)) if form == "comb-name" else range(1, 64)
    return name if name[:1].isalpha() and len(name) in lengths and name != text else None


def _quoted(node: Scalar, expected: Expected | None) -> Mend:
    """Where text is wanted and YAML reads a plain scalar as something else, quotes may be all that is missing."""
    if not node.plain or not _is_taken(expected.field.annotation if expected and expected.field else None, node.text):
        return NOTHING
    fix = Fix("quote it", (Edit(node.span, f'"{node.text}"'),))
    return fix, (f"YAML reads unquoted `{node.text}` as {describe_value(node.data)}: quote it",)


def _is_taken(annotation: Any, text: str) -> bool:
    """Whether none of the readers in the annotation of a field refuses `text`."""
    for part in get_args(annotation):
        if isinstance(part, Reader):
            try:
                part.read(text)
            except PydanticCustomError:
                return False
        elif not _is_taken(part, text):
            return False
    return True


def _whole(node: Scalar, expected: Expected | None) -> Mend:
    """`90%` where a whole number is weighed against others, and `1k` for 1000."""
    found = re.fullmatch(r"(?P<number>[0-9]{1,9})(?P<unit>%|k|K)", node.text)
    if found is None:
        return _unquoted_number(node, expected)
    text = found["number"] + ("000" if found["unit"] in "kK" else "")
    return spelled(node, text, text, safe=False), ("it is a number without a unit",)


def _rate(node: Scalar, _: Expected | None) -> Mend:
    """`2/s` where requests per second are counted."""
    found = re.fullmatch(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?)\s*(/\s*(s|sec|second)|qps|rps|req/s)", node.text)
    if found is None:
        return NOTHING
    return spelled(node, found["number"], found["number"], safe=False), ("it is a number without a unit",)


def _unquoted_number(node: Scalar, expected: Expected | None) -> Mend:
    """`"2"` for 2, and `8.0` for 8."""
    value = resolve(node.text).value if isinstance(node.data, str) else node.data
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return NOTHING
    if isinstance(value, float) and (expected is None or expected.type is int):
        return NOTHING
    return spelled(node, str(value), str(value), safe=True), ()


def _truth(node: Scalar, _: Expected | None) -> Mend:
    """`yes`, which is true to tools that read YAML 1.1, and text by YAML 1.2; `"true"`, and 1."""
    word = node.text.lower()
    if word in ("true", "false"):
        return spelled(node, word, word, safe=True), () if node.plain else ("the quotes make it a text: drop them",)
    for truth, words in (("true", ("yes", "y", "on", "1")), ("false", ("no", "n", "off", "0"))):
        if word in words:
            is_word = node.plain and word.isalpha()
            hints = (f"`{node.text}` is {truth} in YAML 1.1 only: in YAML 1.2, as Comb reads it, it is a text",)
            return spelled(node, truth, truth, safe=False), hints if is_word else ()
    return NOTHING


def _listed(node: Scalar, _: Expected | None) -> Mend:
    """`devices: nvidia-t4`, whose brackets are missing."""
    if set(node.text) & set("[]{}#") or ": " in node.text or node.start.line != node.end.line:
        return NOTHING
    span = node.span
    edits = (Edit(Span(span.file, span.start, span.start), "["), Edit(Span(span.file, span.end, span.end), "]"))
    return Fix("write it as a list", edits, Applicability.UNSAFE), ()


def _spaced(node: Scalar, expected: Expected | None) -> Mend:
    """`name:ocr` where a mapping is wanted, which lacks the space behind its colon."""
    key, colon, _ = node.text.partition(":")
    if not (colon and node.plain and expected and key in field_names(expected.type)):
        return NOTHING
    at = node.part(len(key) + 1, len(key) + 1)
    if at == node.span:
        return NOTHING
    hint = f"a space must follow the `:` of `{key}`, else all of it is one text"
    return Fix("put a space after the `:`", (Edit(at, " "),), Applicability.UNSAFE), (hint,)


_ALONE = {"Arm": "weight", "Gpu": "count", "Batch": "max", "Workspace": "size"}
"""The field that a value alone was meant to be, by the model whose mapping is wanted."""


def _wrapped(node: Scalar, expected: Expected | None) -> Mend:
    """`gpu: 1` for `gpu: {count: 1}`, and `scale: 3` for as many at least and at most."""
    model = getattr(expected.type, "__name__", "") if expected else ""
    if model == "Gpu" and isinstance(node.data, float) and 0 < node.data < 1:
        part = f"{{compute: {node.data * 100:g}%}}"
        return spelled(node, part, part, safe=False), (f"write `{part}`, and how much `memory` of it",)
    if not node.plain or (model != "Workspace" and not isinstance(node.data, int)) or isinstance(node.data, bool):
        return NOTHING
    if model == "Scale":
        text = f"{{min: {node.text}, max: {node.text}}}"
    elif model in _ALONE:
        text = f"{{{_ALONE[model]}: {node.text}}}"
    else:
        return NOTHING
    return spelled(node, text, text, safe=False), (f"write `{text}`",)


def _first(*guesses: Guess) -> Guess:
    def first(node: Scalar, expected: Expected | None) -> Mend:
        return next((found for guess in guesses if (found := guess(node, expected)) != NOTHING), NOTHING)

    return first


_CHOICES = {"pytorch": "torchscript", "torch": "torchscript", "pt": "torchscript", "tensorflow": "saved-model",
            "tf": "saved-model", "trt": "tensorrt", "tensorrt_plan": "tensorrt", "sklearn": "custom",
            "xgboost": "custom", "lightgbm": "custom", "python": "custom"}  # fmt: skip
"""What others call a choice."""


def _chosen(node: Scalar, expected: Expected | None) -> Mend:
    words = choices(expected.type) if expected else ()
    match = _CHOICES.get(node.text.lower())
    match = match if match in words else closest(node.text, words)
    return (written(node, match), (f"did you mean `{match}`?",)) if match else NOTHING


def _named(form: str) -> Guess:
    def named(node: Scalar, _: Expected | None) -> Mend:
        name = mended_name(form, node.text)
        return (written(node, name), ()) if name else NOTHING

    return named


def _digest(node: Scalar, _: Expected | None) -> Mend:
    digits = node.text.removeprefix("sha256:").lower()
    is_digest = re.fullmatch(r"[0-9a-f]{64}", digits)
    return (written(node, digits, safe=True), ()) if is_digest and digits != node.text else NOTHING


def _substituted(pattern: str, replacement: str) -> Guess:
    """A form that is reached by one substitution in the whole text."""
    compiled = re.compile(pattern)

    def substituted(node: Scalar, _: Expected | None) -> Mend:
        text = compiled.sub(replacement, node.text)
        return (written(node, text), ()) if text != node.text else NOTHING

    return substituted


def _path(node: Scalar, _: Expected | None) -> Mend:
    r"""`protos\ocr.proto`"""
    if re.match(r"[A-Za-z]:[\\/]|~", node.text):
        return None, ("it is a path of one machine: write where the file is from here, with `/`",)
    text = re.sub(r"\\+", "/", node.text)
    return (written(node, text), ()) if text != node.text else NOTHING


def _url(node: Scalar, _: Expected | None) -> Mend:
    """`git@git.example.com:team/repository.git`"""
    short = re.fullmatch(r"(?P<user>[\w.-]+)@(?P<host>[-\w.]+):(?P<path>[^\s:@]+)", node.text, re.ASCII)
    if short is None:
        return NOTHING
    meant = f"ssh://{short['user']}@{short['host']}/{short['path'].lstrip('/')}"
    return None, (f"it is Git's short form: a repository is named in full, as `{meant}`",)


def _message_type(node: Scalar, _: Expected | None) -> Mend:
    """`.ocr.v1.Boxes` and `ocr/v1/Boxes` for `ocr.v1.Boxes`."""
    text = node.text.lstrip("./").replace("/", ".")
    is_right = re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", text) and text != node.text
    return (written(node, text), ()) if is_right else NOTHING


def _entry_point(node: Scalar, expected: Expected | None) -> Mend:
    """`operators.text.Read` and `operators/text.py:Read` for `operators.text:Read`."""
    if node.text.endswith(".py"):
        module = node.text.removesuffix(".py").replace("/", ".").lstrip(".")
        return None, (f"name the class or function in it, too: `{module}:Name`",)
    module, _, name = node.text.partition(":") if ":" in node.text else node.text.rpartition(".")
    text = f"{module.removesuffix('.py').replace('/', '.')}:{name}"
    is_right = re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", text) and ".." not in text
    return (written(node, text), ()) if is_right and text != node.text else NOTHING


_BY_KIND: dict[str, Guess] = {
    "string_type": _quoted,
    "int_type": _whole,
    "int_from_float": _unquoted_number,
    "float_type": _first(_rate, _whole),
    "bool_type": _truth,
    "list_type": _listed,
    "dict_type": _spaced,
    "model_type": _first(_spaced, _wrapped),
    "enum": _chosen,
    "literal_error": _chosen,
    "duration": duration_meant,
    "size": size_meant,
    "size_small": size_meant,
    "gpu_memory": gpu_memory_meant,
    "gpu_memory_small": gpu_memory_meant,
    "percentage": share_meant,
    "cores": cores_meant,
}
_BY_FORM: dict[str, Guess] = {
    "name": _named("name"),
    "comb-name": _named("comb-name"),
    "identifier": _named("identifier"),
    "digest": _digest,
    "entry-point": _entry_point,
    "method": _substituted(r"\A/?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)[./]([A-Za-z_]\w*)\Z", r"\1/\2"),
    "message-type": _message_type,
    "sticky-key": _substituted(
        r"\A(?:(?:request\.)?headers?[./:\[]['\"]?)?([A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+)['\"]?\]?\Z", r"header/\1"
    ),
    "path": _path,
    "uri": _path,
    "url": _url,
    "repository": _substituted(
        r"\A(?:https?|oci|docker)://([a-z0-9][-.a-z0-9]*(?::[0-9]{1,5})?(?:/[a-z0-9][-._a-z0-9]*)+)/?\Z", r"\1"
    ),
    "model-reference": _substituted(r"\A([a-z][-a-z0-9]*)[:/]([A-Za-z0-9][-+._A-Za-z0-9]*)\Z", r"\1@\2"),
}
