"""What is wrong with scalars, by their types: texts to put in their place, and the code that each must be told by."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le

from comb_compiler.diagnostics import Code, codes
from comb_compiler.spec import names, units
from comb_compiler.spec.shapes import Reader
from tests.spec.fields import Field

__all__ = ["bad_keys", "bad_values", "wrong_types"]

Bad = tuple[tuple[str, Code], ...]
"""Texts in YAML, each with what it must be told by."""

_REFERENCE, _NAME, _PATH = codes.BAD_REFERENCE, codes.BAD_NAME, codes.BAD_PATH
_RANGE, _EMPTY, _LONG = codes.OUT_OF_RANGE, codes.EMPTY_VALUE, codes.TOO_LONG

_TEXTS: tuple[tuple[Any, Bad], ...] = (
    (names.CombName, (("Frame_Moderation", _NAME), ('""', _EMPTY), ("a" * 41, _LONG), ("a--b", _NAME), ("ab", _NAME))),
    (names.Name, (("Not a name", _NAME), ('" "', _EMPTY), ("a" * 64, _LONG), ("ends-with-", _NAME))),
    (names.Identifier, (("not-one", _NAME), ('""', _EMPTY), ("a" * 64, _LONG))),
    (names.Version, (("-1", _NAME), ("1.0_", _NAME), ('""', _EMPTY), ("1" * 64 + "a", _LONG))),
    (
        names.Label,
        (
            ("no label", _NAME),
            ("a/b/c", _NAME),
            ("a" * 64, _NAME),
            ("a" * 254 + "/a", _NAME),
            ("a" * 318, _LONG),
        ),
    ),
    (names.LabelValue, (("no value", _NAME), ("a" * 64, _LONG))),
    (names.Digest, (("abc", codes.BAD_DIGEST), ("A" * 64, codes.BAD_DIGEST), ("a" * 65, codes.BAD_DIGEST))),
    (names.TypeName, (("a/b", _REFERENCE), ("1a.B", _REFERENCE), ('""', _EMPTY), ("a" * 254, _LONG))),
    (names.MethodName, (("a.B", _REFERENCE), ("a.B/", _REFERENCE), ('""', _EMPTY))),
    (names.ModelReference, (("text-angle", _REFERENCE), ('"@1.4.0"', _REFERENCE), ("a" * 128 + "@1", _LONG))),
    (names.RelativePath, (("/etc/passwd", _PATH), ("a//b", _PATH), ('"a\\\\b"', _PATH), ("a" * 1025, _LONG))),
    (names.SampleSource, (("/etc/passwd", _PATH), ("a//b", _PATH), ('""', _EMPTY))),
    (names.Uri, (("/etc/passwd", _PATH), ("a//b", _PATH), ('""', _EMPTY), ("a" * 2049, _LONG))),
    (
        names.GitUrl,
        (("git@a:b", _PATH), ("https://me@a/b", _PATH), ("ssh://me:pw@a/b", _PATH), ("ssh://-o@a/b", _PATH)),
    ),
    (
        names.Url,
        (
            ("triton", _PATH),
            ('"grpc://user@triton"', _PATH),
            ("http://a:65536", _PATH),
            ("http://a:00", _PATH),
            ('""', _EMPTY),
        ),
    ),
    (names.ProfileName, (("1g 5gb", _NAME), ('"1g;"', _NAME), ('""', _EMPTY), ("1" * 59, _LONG))),
    (
        names.Endpoint,
        (("grpc://a:65536", _PATH), ("triton:8001", _PATH), ('"http://triton:8001"', _PATH), ('""', _EMPTY)),
    ),
    (names.EntryPoint, (("operators.text", _REFERENCE), ("a/b.py", _REFERENCE), ('""', _EMPTY))),
    (names.ImageReference, (('":tag"', _REFERENCE), ("UPPER/case", _REFERENCE), ('""', _EMPTY))),
    (names.TensorName, (('""', _EMPTY), ('"  "', _EMPTY), ("a" * 256, _LONG))),
    (names.FieldPath, (("request..frame", _REFERENCE), ("Request", _REFERENCE), ('""', _EMPTY))),
    (names.StickyKey, (("x-user-id", _REFERENCE), ("header/", _REFERENCE), ('""', _EMPTY))),
    (names.GitRef, (("a..b", _REFERENCE), ("-main", _REFERENCE), ('""', _EMPTY), ("a" * 256, _LONG))),
    (names.PublicKey, (("ssh-ed25519", _REFERENCE), ("AAAA", _REFERENCE), ('""', _EMPTY))),
    (
        names.ResourceName,
        (
            ("gpu", _REFERENCE),
            ("nvidia.com/", _REFERENCE),
            ("nvidia.com/" + "a" * 64, _REFERENCE),
            ("requests.nvidia.com/gpu", _REFERENCE),
            ("node.kubernetes.io/gpu", _REFERENCE),
            ('""', _EMPTY),
        ),
    ),
    (names.RepositoryPrefix, (("Registry/path", _REFERENCE), ("a//b", _REFERENCE), ('""', _EMPTY))),
    (names.HeaderName, (("x user", _REFERENCE), ("-x", _REFERENCE), ('""', _EMPTY), ("a" * 129, _LONG))),
    (names.Hostname, (("Acme.example", _REFERENCE), ("a..b", _REFERENCE), ('""', _EMPTY), ("a" * 254, _LONG))),
    (names.SeriesLabel, (("pod-name", _REFERENCE), ("1a", _REFERENCE), ('""', _EMPTY), ("a" * 129, _LONG))),
    (names.Date, (("tomorrow", _REFERENCE), ('"2027-02-30"', _REFERENCE), ('"2027-1-1"', _REFERENCE), ('""', _EMPTY))),
    (names.Text, (('""', _EMPTY), ('"  "', _EMPTY), ('"\\a"', codes.CONTROL_CHARACTER), ("a" * 8193, _LONG))),
)
_AMOUNTS: tuple[tuple[Any, Code, Bad], ...] = (
    (
        units.Duration,
        codes.BAD_DURATION,
        (("80", codes.BAD_DURATION), ("0s", _RANGE), ("9999d", _RANGE), ("-1s", _RANGE)),
    ),
    (units.Ratio, codes.BAD_PERCENTAGE, (("0.5", codes.BAD_PERCENTAGE), ("101%", _RANGE), ("-1%", _RANGE))),
    (
        units.Bytes,
        codes.BAD_SIZE,
        (
            *((size, codes.BAD_SIZE) for size in ("4 GB", "512", "512m", "0.5")),
            *((size, _RANGE) for size in ("0", "9000000Pi", "-1Gi")),
        ),
    ),
    (units.Cores, codes.BAD_CORES, (("two", codes.BAD_CORES), ("0", _RANGE), ("-500m", _RANGE))),
    (units.GpuMemory, codes.BAD_SIZE, (("half", codes.BAD_SIZE), ("0%", _RANGE), ("101%", _RANGE), ("0Gi", _RANGE))),
)
_WRONG = codes.WRONG_TYPE


def _reader(alias: Any) -> Any:
    return next(item.read for item in get_args(alias) if isinstance(item, Reader))


_BAD = {_reader(alias): bad for alias, bad in _TEXTS} | {_reader(alias): bad for alias, _, bad in _AMOUNTS}
_AMOUNT_CODES = {_reader(alias): code for alias, code, _ in _AMOUNTS}
_DECLARATIONS = {("apiVersion",): codes.UNKNOWN_API_VERSION, ("kind",): codes.UNKNOWN_KIND}


def bad_values(field: Field) -> Bad:
    """Values of the right type that a scalar field does not take. KeyError for a type that is not in the tables."""
    if field.path in _DECLARATIONS:
        return (("frobnicate/v7", _DECLARATIONS[field.path]),)
    if field.reader is not None:
        return _BAD[field.reader]
    if isinstance(field.type, type) and issubclass(field.type, Enum):
        return (("frobnicate", codes.UNKNOWN_CHOICE), ('""', codes.UNKNOWN_CHOICE))
    return _out_of_range(field) if field.type in (int, float) else {bool: (), str: ()}[field.type]


def _out_of_range(field: Field) -> Bad:
    """One step beyond each end."""
    bounds = [item for item in field.metadata if isinstance(item, Ge | Gt | Le)]
    beyond = {Ge: lambda item: item.ge - 1, Gt: lambda item: item.gt, Le: lambda item: item.le + 1}
    return tuple((str(beyond[type(item)](item)), _RANGE) for item in bounds)


def wrong_types(field: Field) -> Bad:
    """Values of another type than a scalar field takes."""
    code = _AMOUNT_CODES.get(field.reader, _WRONG)
    if field.reader is not None or field.type is str:
        other: Bad = (("true", code),)
        return ((_mapping(field), code), ("[wrong]", code), *other)
    if get_origin(field.type) is Literal or issubclass(field.type, Enum):
        return ((_mapping(field), codes.UNKNOWN_CHOICE), ("[wrong]", codes.UNKNOWN_CHOICE))
    return ((_mapping(field), code), ("[wrong]", code), ("wrong", code))


def _mapping(field: Field) -> str:
    return "{wrong: 1}"


def bad_keys(field: Field) -> Bad:
    """Keys that the mapping does not take in which `field` is an entry."""
    reader = next((item.read for item in get_args(field.key_type) if isinstance(item, Reader)), None)
    found: Sequence[tuple[str, Code]] = _BAD[reader] if reader is not None else ()
    return tuple(found)
