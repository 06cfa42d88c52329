"""Objects → YAML text."""

from typing import Any

import yaml

__all__ = ["emit"]


class _Dumper(yaml.SafeDumper):
    """Writes every value out: an alias (`*id001`) would be hard to read in a pull request."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def emit(manifest: dict[str, Any]) -> str:
    """One document, its keys in the manifest's order, readable in a pull request."""
    text = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=120)
    return str(text)
