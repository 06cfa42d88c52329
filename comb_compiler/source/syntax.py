"""What libyaml finds wrong, said so that a person can mend it.

libyaml identifies its problems by fixed English sentences; the tables below are over those constants. What a sentence
usually means is told by the readings that look at the text itself; where none applies, by a story.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Position, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.leftovers import merge_conflict, shell_variable, template_line
from comb_compiler.source.mishap import Mishap, content_of
from comb_compiler.source.mishaps import (
    colon_in_value,
    deeper_than_a_value,
    item_among_keys,
    line_without_colon,
    list_on_the_line_of_its_key,
    misaligned,
)
from comb_compiler.source.misquoted import (
    after_a_quote,
    closer_too_many,
    quoted_entry,
    reserved_character,
    unknown_escape,
)
from comb_compiler.source.openquotes import never_closed
from comb_compiler.source.outdented import outdented
from comb_compiler.source.text import SourceFile
from comb_compiler.source.unbalanced import (
    closed_by_another,
    condition_in_braces,
    missing_comma,
    open_at_the_end,
    stays_open,
)

__all__ = ["explain_syntax_error"]

Reading = Callable[[Mishap], Diagnostic | None]


class _Story(NamedTuple):
    code: codes.Code
    message: str
    hint: str
    context: str = ""
    """What is to be seen where the construct began, when that helps."""
    opening: str = ""
    """The message when the finding points there."""


_INDENT_HINT = "align it with its siblings: the keys of one mapping stand in one column"
_QUOTE_COLON = "quote the text if it holds `: `, and indent by spaces under the key it belongs to"

_STORIES: dict[str, _Story] = {
    "mapping values are not allowed in this context": _Story(
        codes.SYNTAX_ERROR, "a `:` stands where no key can be", _QUOTE_COLON
    ),
    "mapping keys are not allowed in this context": _Story(
        codes.SYNTAX_ERROR, "a `?` stands where no key can be", "quote text that begins with `? `"
    ),
    "block sequence entries are not allowed in this context": _Story(
        codes.BAD_INDENTATION, "a `- ` item stands where no list can be", "begin the list on a line of its own"
    ),
    "did not find expected key": _Story(
        codes.BAD_INDENTATION, "this line does not line up with the mapping it follows", _INDENT_HINT, "the mapping"
    ),
    "did not find expected '-' indicator": _Story(
        codes.BAD_INDENTATION,
        "this line is neither an item of the list above nor a key beside it",
        "begin items with `- ` in one column, and outdent what does not belong to the list",
        "the list",
    ),
    "did not find expected ',' or '}'": _Story(
        codes.UNCLOSED_BRACKET,
        "a `,` or `}` is missing before this",
        "separate entries by commas, close the brace, and quote text that holds `{`, `}`, `[`, `]`, `,` or `: `",
        "opened here",
        "this `{` is never closed, or a `,` is missing after it",
    ),
    "did not find expected ',' or ']'": _Story(
        codes.UNCLOSED_BRACKET,
        "a `,` or `]` is missing before this",
        "separate items by commas, close the bracket, and quote text that holds `{`, `}`, `[`, `]`, `,` or `: `",
        "opened here",
        "this `[` is never closed, or a `,` is missing after it",
    ),
    "could not find expected ':'": _Story(
        codes.SYNTAX_ERROR,
        "this line is not `key: value`",
        "write `key: value` with a space after the colon; indent text that continues the line above",
        "a `:` is missing after this",
        "this line is not `key: value`",
    ),
    "found unexpected end of stream": _Story(
        codes.UNCLOSED_QUOTE,
        "the file ends inside a quoted text",
        "close the quote",
        "opened here",
        "this quote is never closed",
    ),
    "found unexpected document indicator": _Story(
        codes.UNCLOSED_QUOTE,
        "`---` or `...` begins a line inside a quoted text",
        "close the quote before it",
        "opened here",
        "this quote is not closed before the document ends",
    ),
    "found unexpected ':'": _Story(
        codes.SYNTAX_ERROR,
        "neither a blank nor a value follows this `:`",
        "write `key: value` with a space after the colon, or quote a text that holds one",
    ),
    "found unknown escape character": _Story(
        codes.SYNTAX_ERROR,
        "this is no escape sequence of a double-quoted text",
        r"use single quotes where backslashes are meant as such, or write `\\`",
    ),
    "did not find expected hexdecimal number": _Story(
        codes.SYNTAX_ERROR, "this escape sequence needs hexadecimal digits", r"write `\x41`, `\u0041` or `\U00000041`"
    ),
    "found invalid Unicode character escape code": _Story(
        codes.SYNTAX_ERROR, "this escape sequence names no character", "surrogates and numbers past 10FFFF are none"
    ),
    "found character that cannot start any token": _Story(
        codes.SYNTAX_ERROR, "no value can begin with this character", "quote the text"
    ),
    "found a tab character where an indentation space is expected": _Story(
        codes.TAB_INDENTATION, "a tab cannot indent a block of text", "indent by spaces"
    ),
    "found a tab character that violates indentation": _Story(
        codes.TAB_INDENTATION, "a tab cannot indent YAML", "indent by spaces"
    ),
    "did not find expected <document start>": _Story(
        codes.SYNTAX_ERROR,
        "this does not belong to the value above",
        "a document holds one value: see to its indentation",
    ),
    "did not find expected alphabetic or numeric character": _Story(
        codes.SYNTAX_ERROR, "a name must follow `&` or `*`", "quote text that begins with `&` or `*`"
    ),
    "did not find expected comment or line break": _Story(
        codes.SYNTAX_ERROR, "nothing but a comment may follow here", "begin the text on the next line, indented"
    ),
    "did not find expected node content": _Story(
        codes.SYNTAX_ERROR,
        "a value is missing here",
        "look for a comma or colon too many, or one `[` that never closes",
    ),
    "found an indentation indicator equal to 0": _Story(
        codes.SYNTAX_ERROR, "a block of text cannot be indented by 0", "write `|` alone, or `|2`"
    ),
    "found undefined tag handle": _Story(codes.UNSUPPORTED_TAG, "this tag has no meaning here", "drop the tag"),
    "found incompatible YAML document": _Story(
        codes.UNSUPPORTED_YAML,
        "this directive asks for another version of YAML than 1.2",
        "leave the directive out: Comb reads YAML 1.2",
    ),
    "found unknown directive name": _Story(
        codes.UNSUPPORTED_YAML,
        "YAML has no such directive",
        "leave the line out; a text that begins with `%` is quoted",
    ),
    "found duplicate %YAML directive": _Story(
        codes.UNSUPPORTED_YAML, "the version of YAML is given twice", "leave both out: Comb reads YAML 1.2"
    ),
}


_FLOW: tuple[Reading, ...] = (
    shell_variable,
    after_a_quote,
    closed_by_another,
    condition_in_braces,
    missing_comma,
    stays_open,
)
_READINGS: dict[str, tuple[Reading, ...]] = {
    "mapping values are not allowed in this context": (
        template_line,
        colon_in_value,
        outdented,
        deeper_than_a_value,
        line_without_colon,
    ),
    "could not find expected ':'": (template_line, quoted_entry, line_without_colon),
    "block sequence entries are not allowed in this context": (list_on_the_line_of_its_key,),
    "did not find expected key": (
        template_line,
        after_a_quote,
        closer_too_many,
        item_among_keys,
        line_without_colon,
        outdented,
        misaligned,
    ),
    "did not find expected '-' indicator": (misaligned,),
    "did not find expected ',' or '}'": _FLOW,
    "did not find expected ',' or ']'": _FLOW,
    "did not find expected node content": (template_line, open_at_the_end, closer_too_many),
    "found unexpected end of stream": (never_closed,),
    "found unknown escape character": (unknown_escape,),
    "found character that cannot start any token": (reserved_character,),
}


def explain_syntax_error(source: SourceFile, problem: Any) -> Diagnostic:
    """The diagnostic of an exception that PyYAML's C parser raised."""
    lines = Lines(source.text)
    at = lines.nearest(_position(problem.problem_mark or problem.context_mark))
    begun = lines.nearest(_position(problem.context_mark)) if problem.context_mark else None
    mishap = Mishap(source.path, lines, problem.problem or "", at, begun)
    unmerged = merge_conflict(mishap)
    if unmerged is not None:
        return unmerged
    if _is_tab(mishap):
        return _tab(mishap)
    for reading in _READINGS.get(mishap.sentence, ()):
        finding = reading(mishap)
        if finding is not None:
            return finding
    return _told(mishap)


def _told(mishap: Mishap) -> Diagnostic:
    """The story of a mishap that no reading knows better."""
    story = _AFTER_A_VALUE if _follows_a_value(mishap) else _STORIES.get(mishap.sentence, _unheard_of(mishap))
    begun = mishap.begun if mishap.begun is not None and story.context else mishap.at
    span, other = mishap.one_character(mishap.at), mishap.one_character(begun)
    if begun == mishap.at:
        return diagnose(story.code, story.message, span, hints=(story.hint,))
    if story.opening:
        related = (Label(span, _EXPECTED[story.code]),) if story.code in _EXPECTED else ()
        return diagnose(story.code, story.opening, other, label=story.context, related=related, hints=(story.hint,))
    return diagnose(story.code, story.message, span, related=(Label(other, story.context),), hints=(story.hint,))


_EXPECTED = {codes.UNCLOSED_BRACKET: "it should have ended before this", codes.UNCLOSED_QUOTE: "and is still open here"}


def _follows_a_value(mishap: Mishap) -> bool:
    """Whether the mapping that libyaml looks for a key of goes on, and the value before it does not end."""
    return mishap.sentence == "did not find expected key" and not mishap.is_first_on_line


_AFTER_A_VALUE = _Story(
    codes.SYNTAX_ERROR,
    "the value ends before this, and nothing but a comment may follow on its line",
    "quote the whole value; inside single quotes write `''` for one, inside double quotes `\\\"`",
)


def _unheard_of(mishap: Mishap) -> _Story:
    return _Story(codes.SYNTAX_ERROR, f"this is not YAML: {mishap.sentence}", "see to indentation and quotes")


_TABS = re.compile(r"[ \t]*\t[ \t]*(?=[^ \t])")
_SPACES = re.compile(r" +(?=[^ #-])")
_MOST_EDITS = 500


def _is_tab(mishap: Mishap) -> bool:
    return mishap.character == "\t" or mishap.sentence.startswith("found a tab character")


def _tab(mishap: Mishap) -> Diagnostic:
    """A tab where only spaces indent; the fix mends the indentation of the whole file, by the step that it has."""
    edits = _untabbed(mishap)
    fix = Fix("indent by spaces", edits, Applicability.UNSAFE) if 0 < len(edits) <= _MOST_EDITS else None
    message = "a tab cannot indent YAML"
    hint = "indent by spaces, and have your editor do so for `.yaml` files"
    span = mishap.one_character(mishap.at)
    label = "a tab" if mishap.character == "\t" else ""
    return diagnose(codes.TAB_INDENTATION, message, span, label=label, hints=(hint,), fix=fix)


def _untabbed(mishap: Mishap) -> tuple[Edit, ...]:
    """Each tab as one step where tabs are all that indents; else a line stands as the line above it lets it."""
    spaces = [len(found[0]) for number in _numbers(mishap) if (found := _SPACES.match(mishap.lines[number]))]
    step = min(spaces, default=2)
    edits: list[Edit] = []
    indent = 0
    above = ""
    for number in _numbers(mishap):
        line = mishap.lines[number]
        found = _TABS.match(line)
        if found is not None:
            inside = step if content_of(above).endswith(":") else 0
            indent = indent + inside if spaces else found[0].count("\t") * step
            edits.append(Edit(mishap.span(number, 0, found.end()), " " * indent))
        elif content_of(line):
            indent = len(line) - len(line.lstrip(" "))
        above = line if content_of(line) else above
    return tuple(edits)


def _numbers(mishap: Mishap) -> range:
    return range(1, len(mishap.lines) + 1)


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)
