"""Write docs/reference from the code: commands, comb.yaml, platform.yaml, diagnostics.

python docs/generate.py           # write the pages
python docs/generate.py --check   # exit code 1 if a page is not what would be written
"""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comb_compiler.cli.commands import COMMANDS
from comb_compiler.cli.main import build_parser
from comb_compiler.diagnostics import CODES
from comb_compiler.diagnostics.explain import explain, sentence
from comb_compiler.protos.breaking import RULES, Category
from comb_compiler.runtime.engine.meters import BOUNDS
from comb_compiler.runtime.telemetry.metrics import FAMILIES
from comb_compiler.spec.jsonschema import comb_schema, platform_schema
from docs.gpu_sharing import gpu_sharing
from docs.what_changes_what import what_changes_what

REFERENCE = Path(__file__).resolve().parent / "reference"
PAGES = "../../comb_compiler/diagnostics/pages"

_STAGES = {"0": "Files", "1": "YAML", "2": "The fields of one file", "3": "The graph", "4": "The platform"}


_BREAKING = """
The rules and their names are those that [buf](https://buf.build/docs/breaking/rules/) documents. A rule counts in the
categories that are marked, of which `WIRE` is the gravest:
"""
_METRICS = """
What `/metrics` of a running comb has, in Prometheus' text format or as OpenMetrics, as is asked for by `Accept`. Times
are in seconds, shares from 0 to 1. Arms that run the same graph are counted together: their label has all their names.
There are as many series as labels have values; for a histogram {count} times as many, with buckets up to
{bounds} s.

"""
_UNLIKE_BUF = """

`WIRE` and `WIRE_JSON` count for what the interface's method and the channels reach: what nobody sends can break nobody.

A table in the tests holds this equal to what buf says, but for four things:

- A map that gets another name keeps its type, since no byte of it changes. buf takes its entry, whose name follows, for
  another type.
- The entry of a map is no message that could be deleted; its map is a field.
- A field that an edition requires (`field_presence = LEGACY_REQUIRED`) counts as required.
- The last enum or extension of a package is missed like any other.
"""
_MEANINGS = {
    Category.WIRE: "what one version sends, the other misreads",
    Category.WIRE_JSON: "that, or the other cannot read its JSON",
    Category.PACKAGE: "code that uses generated code no longer fits, whichever file of its package a type is in",
    Category.FILE: "that, by file",
}


def pages() -> dict[str, str]:
    """Every generated page by its name."""
    return {
        "cli.md": "".join(_commands()),
        "comb-yaml.md": "".join(_fields("comb.yaml", comb_schema())),
        "platform-yaml.md": "".join(_fields("platform.yaml", platform_schema())),
        "diagnostics.md": "".join(_diagnostics()),
        "breaking-changes.md": "".join(_breaking_changes()),
        "metrics.md": "".join(_metrics()),
        "what-changes-what.md": _head("What changes what", "an example that is changed field by field")
        + "".join(what_changes_what()),
        "gpu-sharing.md": _head("GPU sharing", "the plan and the dialects") + "".join(gpu_sharing()),
    }


def _commands() -> Iterator[str]:
    yield _head("Commands", "the command line's own parser")
    os.environ["COLUMNS"] = "100"
    for command in COMMANDS:
        parser = build_parser(command, importlib.import_module(command.module))
        yield f"\n## comb {command.name}\n\n```text\n{parser.format_help().rstrip()}\n```\n"


def _diagnostics() -> Iterator[str]:
    yield _head("Diagnostics", "the registry")
    yield "\n`comb explain CODE` shows a page in the terminal.\n"
    for digit, title in _STAGES.items():
        yield f"\n## {title}\n\n| code | name | severity | |\n|---|---|---|---|\n"
        for code in CODES:
            if code.id.removeprefix("COMB").startswith(digit):
                link = f"[{code.id}]({PAGES}/{code.id}.md)"
                yield f"| {link} | {code.name} | {code.severity.value} | {_cell(sentence(explain(code)))} |\n"


def _metrics() -> Iterator[str]:
    yield "# Metrics\n"
    yield _METRICS.format(count=len(BOUNDS) + 3, bounds=", ".join(map(str, BOUNDS)))
    yield "| metric | kind | labels | meaning |\n|---|---|---|---|\n"
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.meaning} |\n"
    yield "\nBeside these, `process_*`: CPU, memory and descriptors of the process, by Prometheus' own client.\n"


def _breaking_changes() -> Iterator[str]:
    yield _head("Breaking changes", "the rules that compare two schemas")
    yield _BREAKING
    yield from (f"\n- `{one.name}`: {_MEANINGS[one]}" for one in Category)
    yield _UNLIKE_BUF
    yield "\n| rule | " + " | ".join(f"`{one.name}`" for one in Category) + " | asks that |\n|---|" + "---|" * 5 + "\n"
    for rule in RULES:
        marks = " | ".join("×" if one in rule.categories else "" for one in Category)
        yield f"| `{rule.name}` | {marks} | {_cell(rule.summary)} |\n"


def _fields(file: str, schema: dict[str, Any]) -> Iterator[str]:
    yield _head(file, "the models that read it")
    yield f"\n{schema['description']}\n\n{_table(schema)}"
    for name, definition in schema["definitions"].items():
        if name.endswith("Overlay"):
            continue
        yield f"\n## {name}\n\n{definition.get('description', '')}\n"
        if "properties" in definition:
            yield f"\n{_table(definition)}"
        for word, meaning in zip(definition.get("enum", ()), definition.get("enumDescriptions", ()), strict=False):
            yield f"\n- `{word}`: {meaning}"
        yield "\n" if "enum" in definition else ""


def _table(definition: dict[str, Any]) -> str:
    rows = []
    for name, field in definition["properties"].items():
        needed = "required" if name in definition.get("required", ()) else _default(field)
        rows.append(f"| `{name}` | {_cell(_type(field))} | {_cell(needed)} | {_cell(field.get('description', ''))} |")
    return "| field | takes | default | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if default in (None, {}, []):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _type(field: dict[str, Any]) -> str:
    """What a field takes, in words; a link where it is described further on."""
    reference = field.get("$ref") or next((part["$ref"] for part in field.get("allOf", ()) if "$ref" in part), None)
    if reference:
        name = reference.rpartition("/")[2]
        return "an overlay" if name.endswith("Overlay") else f"[{name}](#{name.lower()})"
    if field.get("x-comb-overlay"):
        return "an overlay"
    if "if" in field:
        return f"text, or {_type(field['then'])}"
    if field.get("type") == "array":
        own = {"examples": field["examples"][0]} if field.get("examples") else {}
        return f"list of {_type({**field['items'], **own})}"
    if field.get("type") == "object":
        below = field.get("additionalProperties")
        return f"mapping of {_type(below)}" if isinstance(below, dict) and below else "mapping"
    examples = field.get("examples")
    shown = f", such as `{examples[0]}`" if examples and isinstance(examples[0], str) else ""
    if "enum" in field:
        return "one of " + ", ".join(f"`{word}`" for word in field["enum"])
    kinds = field.get("type", "value")
    return f"{' or '.join(kinds) if isinstance(kinds, list) else kinds}{shown}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _head(title: str, origin: str) -> str:
    return f"# {title}\n\n<!-- Generated by docs/generate.py from {origin}. -->\n"


def main(arguments: list[str]) -> int:
    stale = []
    for name, text in pages().items():
        path = REFERENCE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'is not what the code says' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
