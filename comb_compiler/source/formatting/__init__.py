"""The canonical form of a YAML file: one look for all, with every comment kept and every value as it was.

- Two columns a level; a list below a key is indented as a mapping is. `{a: 1, b: [x, y]}` in brackets, which stay
  brackets, as blocks stay blocks. Brackets keep the line breaks between their items.
- One blank after a `:`, or a column of values where the author made one. Two blanks before a comment behind a value,
  or a column of comments where the author made one (`columns`).
- One blank line at most, none at the edges of the file or below a key, no blanks at the end of a line, no `---`.
- No quotes where every reader of YAML takes the bare text for the same text, else double ones (`quoting`).
- The top-level keys of a comb in one order, with the comments above them (`order`).

Values keep their spelling, numbers and escapes included; texts keep their line breaks. Formatting twice is formatting
once. What is written has been read again and compared (`sameness`).
"""

from comb_compiler.source.formatting.rewrite import FormatResult, FormatterBug, format_text

__all__ = ["FormatResult", "FormatterBug", "format_text"]
