"""What changes → one page that needs nothing else: no script, nothing from elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from comb_compiler.changes.lines import hunk_lines, title_of
from comb_compiler.changes.model import CombChanges
from comb_compiler.changes.wording import CAUSES, counts_text, effect_lines, folded_text
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["changes_html"]


def changes_html(title: str, changes: Sequence[CombChanges], remarks: Sequence[str] = ()) -> str:
    """The page. `remarks` are sentences about the whole."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        counts=counts_text,
        effects=effect_lines,
        folded=folded_text,
        title_of=title_of,
        lines=hunk_lines,
        safe_text=printable,
    )
    template = environment.get_template("changes.html.j2")
    return template.render(title=title.strip("`"), changes=changes, remarks=remarks, causes=CAUSES)
