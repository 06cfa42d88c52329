"""Bytes → text: UTF-8 only, bounded, and refused with a reason when it is not text at all."""

from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.limits import DEFAULT_LIMITS, Limits

__all__ = ["SourceFile", "decode"]


class SourceFile(NamedTuple):
    """A file's text, without its byte order mark; `path` is POSIX, from the root of the checkout."""

    path: str
    text: str


def decode(path: str, content: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[SourceFile | None, list[Diagnostic]]:
    """The text of a file, or the reason why it is none; `path` only names it."""
    if len(content) > limits.bytes:
        return None, [_too_large(path, len(content), limits)]
    if not content.strip():
        hint = "run `comb init`, or begin with `apiVersion: comb.dev/v1` and `kind: Comb`"
        return None, [_whole(codes.EMPTY_FILE, path, "the file is empty", hint)]
    if b"\x00" in content[:4] and _looks_like_utf16_or_32(content):
        return None, [_not_utf8(path, "UTF-16 or UTF-32")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        return None, [_undecodable(path, content, problem.start)]
    if "\x00" in text:
        return None, [_whole(codes.BINARY_FILE, path, "the file holds NUL bytes, so it is not text", _NAME_THE_YAML)]
    return SourceFile(path, text.removeprefix("\ufeff")), []


_NAME_THE_YAML = "name the YAML file itself; models and pictures are named inside it"


def _looks_like_utf16_or_32(content: bytes) -> bool:
    head = content[:4]
    return head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) or head.count(0) in (2, 3)


def _undecodable(path: str, content: bytes, at: int) -> Diagnostic:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _not_utf8(path, "UTF-16")
    if b"\x00" in content:
        return _whole(codes.BINARY_FILE, path, "the file is binary, not text", _NAME_THE_YAML)
    before = content[:at].decode("utf-8").removeprefix("\ufeff")
    start = Lines(before).position(len(before))
    span = Span(path, start, start)
    return diagnose(
        codes.NOT_UTF8,
        f"byte 0x{content[at]:02x} is not valid UTF-8",
        span,
        hints=("save the file as UTF-8 (in most editors: Save with Encoding)",),
    )


def _not_utf8(path: str, encoding: str) -> Diagnostic:
    return _whole(codes.NOT_UTF8, path, f"the file is {encoding}, not UTF-8", "save the file as UTF-8")


def _too_large(path: str, size: int, limits: Limits) -> Diagnostic:
    message = f"the file has {size:,} bytes, more than the {limits.bytes:,} that Comb reads"
    return _whole(codes.FILE_TOO_LARGE, path, message, "keep data out of the file: name it by path or URI instead")


def _whole(code: codes.Code, path: str, message: str, hint: str) -> Diagnostic:
    return diagnose(code, message, Span.whole_file(path), hints=(hint,))
