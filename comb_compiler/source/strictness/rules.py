"""The rules of YAML 1.2 that libyaml does not hold, one function each, over its tokens."""

import re
from collections.abc import Callable
from typing import Any

import yaml

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.strictness.indents import block_at_its_key, value_too_far_left
from comb_compiler.source.strictness.scan import FLOW_ENDS, FLOW_STARTS, Scan, is_block, is_quoted

__all__ = ["check_token"]

Rule = Callable[[Scan, Any], Diagnostic | None]


def check_token(scan: Scan, token: Any) -> None:
    """Hold every rule that concerns `token`, and step past it."""
    for rule in _RULES.get(type(token), ()):
        finding = rule(scan, token)
        if finding is not None:
            scan.found.append(finding)
    scan.advance(token)


_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


def _comment_without_space(scan: Scan, token: Any) -> Diagnostic | None:
    """`"text"#comment`"""
    at = token.end_mark.index
    if is_block(token):
        header = _BLOCK_HEADER.match(scan.text, token.start_mark.index)
        at = header.end() if header else at
    if scan.text[at : at + 1] != "#" or scan.text[at - 1] in " \t\r\n" or at == token.start_mark.index:
        return None
    return diagnose(
        codes.SYNTAX_ERROR,
        "a `#` begins a comment only after a space",
        scan.span(at, at + 1),
        hints=("put a space before the `#`",),
        fix=Fix("put a space before `#`", (Edit(scan.span(at, at), " "),)),
    )


def _lone_dash(scan: Scan, token: Any) -> Diagnostic | None:
    """`[-]`"""
    start, end = token.start_mark.index, token.end_mark.index
    if not (scan.depth and token.plain and token.value == "-" and scan.text[end : end + 1] in ",[]{}"):
        return None
    return diagnose(
        codes.SYNTAX_ERROR,
        "a dash alone is not a value between brackets",
        scan.span(start, end),
        hints=('write "-" if the dash is meant; between brackets items are separated by commas alone',),
        fix=Fix('write "-"', (Edit(scan.span(start, end), '"-"'),), Applicability.UNSAFE),
    )


def _question_mark(scan: Scan, token: Any) -> Diagnostic | None:
    """`[?text]`: text in YAML 1.2, the key `text` to libyaml."""
    start, end = token.start_mark.index, token.end_mark.index
    if not scan.depth or start == end or scan.text[end : end + 1] in " \t\r\n":
        return None
    return _must_be_quoted(scan, start, "?")


def _colon(scan: Scan, token: Any) -> Diagnostic | None:
    """`{&a :text}`: text in YAML 1.2, the value of an empty key to libyaml. After `"key"` no blank is needed."""
    start, end = token.start_mark.index, token.end_mark.index
    after_json = isinstance(scan.previous, FLOW_ENDS) or is_quoted(scan.previous)
    in_name = isinstance(scan.previous, _NAMES) and scan.previous.end_mark.index == start
    if not scan.depth or after_json or in_name or scan.text[end : end + 1] in " \t\r\n,[]{}":
        return None
    return _must_be_quoted(scan, start, ":")


_NAMES = (yaml.AnchorToken, yaml.AliasToken)


def _must_be_quoted(scan: Scan, start: int, character: str) -> Diagnostic:
    return diagnose(
        codes.UNSUPPORTED_YAML,
        f"text between brackets that begins with `{character}` is read differently by YAML 1.1 and 1.2",
        scan.span(start, start + 1),
        hints=(f"quote the text, or put a space after the `{character}` if a key or value is meant",),
    )


def _name_goes_on(scan: Scan, token: Any) -> Diagnostic | None:
    """`&a:b`: a name up to the next blank in YAML 1.2, the name `a` to libyaml."""
    end = token.end_mark.index
    character = scan.text[end : end + 1]
    if not character or character not in "?:%@`":
        return None
    kind = "anchor" if isinstance(token, yaml.AnchorToken) else "alias"
    return diagnose(
        codes.UNSUPPORTED_YAML,
        f"the name of this {kind} holds a `{character}`",
        scan.span(token.start_mark.index, end + 1),
        hints=("use letters, digits, `-` and `_` only, and a space after the name",),
    )


def _directive(scan: Scan, token: Any) -> Diagnostic | None:
    """A directive inside a document, or for another YAML."""
    span = scan.span(token.start_mark.index, token.end_mark.index)
    if scan.in_document:
        hint = "end the document before it by a line `...`, or drop the directive"
        return diagnose(codes.SYNTAX_ERROR, "a directive stands where a document has not ended", span, hints=(hint,))
    if token.name == "YAML" and token.value != (1, 2):
        version = ".".join(map(str, token.value))
        message = f"the file asks to be read as YAML {version}, and Comb reads YAML 1.2"
        return diagnose(codes.UNSUPPORTED_YAML, message, span, hints=("leave the directive out",))
    return None


_COMMENT_FIRST = re.compile(r"[|>][-+]*[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)(?: *+(?:\r\n|\r|\n))*+( *+)#")


def _comment_or_text(scan: Scan, token: Any) -> Diagnostic | None:
    """A comment below the header of an empty block of text that is indented as its text would be."""
    found = _COMMENT_FIRST.match(scan.text, token.start_mark.index) if is_block(token) else None
    if found is None or token.value.strip("\n") or len(found[1]) <= scan.held_at:
        return None
    return diagnose(
        codes.BAD_INDENTATION,
        "this line is a comment to some programs and part of the block of text above to others",
        scan.span(found.end() - 1, found.end()),
        hints=("if it is text, remove blanks from the empty lines above it; if not, begin it in the key's column",),
    )


def _blanks_end_the_file(scan: Scan, _: Any) -> Diagnostic | None:
    """A block of text whose last line is blank and has no line break, which libyaml forgets."""
    ending = _LAST_LINE.search(scan.text)
    if ending is None or not is_block(scan.scalar) or scan.scalar.end_mark.index < ending.start():
        return None
    header = _BLOCK_HEADER.match(scan.text, scan.scalar.start_mark.index)
    content = _CONTENT.search(scan.text, scan.scalar.start_mark.index)
    indent = len(content[1]) if content else len(ending[0])
    if header and header[0].strip("|>-") == "" and len(ending[0]) <= indent:
        return None
    span = scan.span(ending.start(), ending.end())
    return diagnose(
        codes.UNSUPPORTED_YAML,
        "blanks at the very end of the file are part of this text to some programs only",
        span,
        hints=("delete the blanks",),
        fix=Fix("delete the blanks", (Edit(span, ""),), Applicability.UNSAFE),
    )


_LAST_LINE = re.compile(r"(?<=[\r\n])[ \t]+\Z")
_CONTENT = re.compile(r"[\r\n]( *)[^ \r\n]")


def _empty_tag(scan: Scan, token: Any) -> Diagnostic | None:
    """`!<!>`"""
    start, end = token.start_mark.index, token.end_mark.index
    if scan.text[start:end] != "!<!>":
        return None
    return diagnose(codes.UNSUPPORTED_TAG, "`!<!>` names no tag", scan.span(start, end), hints=("drop the tag",))


_RULES: dict[type, tuple[Rule, ...]] = {
    yaml.StreamEndToken: (_blanks_end_the_file,),
    yaml.DirectiveToken: (_directive, _comment_without_space),
    yaml.AnchorToken: (_name_goes_on, value_too_far_left),
    yaml.AliasToken: (_name_goes_on, value_too_far_left),
    yaml.TagToken: (_empty_tag, value_too_far_left),
    yaml.KeyToken: (_question_mark, value_too_far_left),
    yaml.ValueToken: (_colon, _comment_without_space, value_too_far_left),
    yaml.FlowEntryToken: (_comment_without_space, value_too_far_left),
    yaml.ScalarToken: (
        _comment_without_space,
        _lone_dash,
        _comment_or_text,
        block_at_its_key,
        value_too_far_left,
    ),
    **dict.fromkeys((*FLOW_STARTS, *FLOW_ENDS), (_comment_without_space, value_too_far_left)),
}
