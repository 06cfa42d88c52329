"""What people have → a request: JSON, a picture, the directory of a sample, and single fields."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.spec.suggest import did_you_mean

__all__ = ["Given", "Wanted", "read_request"]

_MOST_BYTES = 256 * 1024 * 1024


class Wanted(NamedTuple):
    """What of a request was given on the command line; `stdin` is read where the input is `-`."""

    input: str | None
    sets: Sequence[str] = ()
    files: Sequence[str] = ()


class Given(NamedTuple):
    """A request in Protobuf's JSON form, and what is to be said of how it was made."""

    value: dict[str, Any]
    note: str = ""


def read_request(wanted: Wanted, descriptor: Any, stdin: Any) -> Given:
    """The request for a message of `descriptor`. Raises UsageError for what cannot be one."""
    value, note = _input(wanted.input, descriptor, stdin)
    for option in wanted.files:
        path, content = _pair("--file", option)
        _put(value, path, descriptor, _from_file(Path(content)))
    for option in wanted.sets:
        path, text = _pair("--set", option)
        _put(value, path, descriptor, text)
    _must_be_known(value, descriptor, "")
    return Given(value, note)


def _must_be_known(value: Any, descriptor: Any, above: str) -> None:
    """Every name is a field's. What is below lists, maps and well-known types is Protobuf's to say."""
    if not isinstance(value, dict) or descriptor.full_name.startswith("google.protobuf."):
        return
    for name, below in value.items():
        field = _field(descriptor, name, f"{above}{name}")
        if field.message_type is not None and not field.is_repeated:
            _must_be_known(below, field.message_type, f"{above}{name}.")


def _input(given: str | None, descriptor: Any, stdin: Any) -> tuple[dict[str, Any], str]:
    if given is None:
        return {}, ""
    if given == "-":
        return _json(stdin.read(), "stdin"), ""
    if given.lstrip().startswith("{"):
        return _json(given.encode(), "the request"), ""
    path = Path(given)
    if _is_directory(path):
        return _sample(path), ""
    content = _content(path)
    if path.suffix == ".json":
        return _json(content, given), ""
    return _in_its_field(path, content, descriptor)


def _json(content: bytes | str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: this is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{name}: this is no JSON object, and a request is one")
    return value


def _sample(path: Path) -> dict[str, Any]:
    """The request of a sample: a directory with request.json and the files that it names."""
    from comb_compiler.samples import load_sample_set

    if not (path / "request.json").is_file():
        raise UsageError(f"{path}: a sample is a directory with a request.json")
    samples, flaws = load_sample_set(path.resolve().parent)
    name = path.resolve().name
    for flaw in flaws:
        if flaw.file.split("/")[0] == name:
            raise UsageError(f"{path.parent / flaw.file}: {flaw.message}")
    sample = next(sample for sample in samples.samples if sample.name == name)
    if sample.kept is not None:
        raise UsageError(f"{path}: its request is in a sample store: comb samples show {sample.kept.record} -o DIR")
    return dict(sample.request)


def _in_its_field(path: Path, content: bytes, descriptor: Any) -> tuple[dict[str, Any], str]:
    """A file's bytes, in the only field that takes bytes."""
    fields = list(_bytes_fields(descriptor, (), frozenset()))
    if len(fields) != 1:
        what = f"{', '.join(fields)} do" if fields else "no field does"
        raise UsageError(f"{path}: which field takes the file's bytes? {what}; say it by --file FIELD={path}")
    value: dict[str, Any] = {}
    _put(value, fields[0], descriptor, content)
    return value, f"{path} is sent as {fields[0]}"


def _bytes_fields(descriptor: Any, above: tuple[str, ...], seen: frozenset[str]) -> Iterator[str]:
    """Paths of the bytes fields that are not below a list, nor in a message within itself."""
    if descriptor.full_name.startswith("google.protobuf."):  # whose JSON has no fields
        return
    for field in descriptor.fields:
        path = (*above, field.name)
        if field.is_repeated:
            continue
        if field.type == field.TYPE_BYTES:
            yield ".".join(path)
        elif field.message_type is not None and field.message_type.full_name not in seen | {descriptor.full_name}:
            yield from _bytes_fields(field.message_type, path, seen | {descriptor.full_name})


def _pair(option: str, given: str) -> tuple[str, str]:
    path, equals, value = given.partition("=")
    if not equals or not path:
        raise UsageError(f"{option} {given}: write {option} FIELD=…, for example {option} frame.format=1")
    return path, value


def _put(value: dict[str, Any], path: str, descriptor: Any, content: bytes | str) -> None:
    """Set a field by its path. Text is read as the field's type wants it."""
    place: Any = value
    *parents, last = path.split(".")
    for name in parents:
        field = _field(descriptor, name, path)
        if field.message_type is None or field.is_repeated:
            raise UsageError(f"{path}: `{name}` is no message that has fields")
        descriptor, key = field.message_type, _key(place, field)
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise UsageError(f"{path}: `{name}` is given as something else already")
    field = _field(descriptor, last, path)
    place[_key(place, field)] = _value(field, path, content)


def _field(descriptor: Any, name: str, path: str) -> Any:
    by_name = {one.name: one for one in descriptor.fields} | {one.json_name: one for one in descriptor.fields}
    if name not in by_name:
        (hint,) = did_you_mean(name, [one.name for one in descriptor.fields], "field")
        raise UsageError(f"{path}: {descriptor.full_name} has no field `{name}`; {hint}")
    return by_name[name]


def _key(place: Mapping[str, Any], field: Any) -> str:
    """The name under which a field is in a JSON object already, else its own."""
    return str(field.json_name if field.json_name in place else field.name)


def _value(field: Any, path: str, content: bytes | str) -> Any:
    if isinstance(content, bytes):
        if field.type == field.TYPE_BYTES:
            return base64.b64encode(content).decode("ascii")
        return _text(content, path)
    if field.is_repeated or field.message_type is not None:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: write its value as JSON: {error}") from error
    if field.type == field.TYPE_BOOL:
        if content not in ("true", "false"):
            raise UsageError(f"{path}: it is true or false, not `{content}`")
        return content == "true"
    if field.type == field.TYPE_BYTES:
        return base64.b64encode(content.encode()).decode("ascii")
    if field.enum_type is not None and content.lstrip("-").isdigit():
        return int(content)
    return content


def _text(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: the file is no text in UTF-8") from error


def _from_file(path: Path) -> bytes:
    return _content(path)


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long is none, which reading it says
        return False


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path}: the file has more than {_MOST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{path}: the file cannot be read: {problem.strerror}") from problem
