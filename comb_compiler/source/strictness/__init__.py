"""Where libyaml is laxer than YAML 1.2, or reads something else: such places are refused.

libyaml follows YAML 1.1 and forgives much; another program would refuse the same file, or read other data. The public
YAML test suite (`tests/source/yaml_suite`) shows most of these places. Nearly every file passes by one pattern over
its text and a look at the values that span lines. Only what seems suspicious is scanned a second time, and then the
rules decide, token by token: a false alarm costs time and nothing else. The rules are loaded when they are needed.
"""

from collections.abc import Iterable

import yaml

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.source.strictness.gate import Spread, seems_ordinary
from comb_compiler.source.text import SourceFile

__all__ = ["Spread", "find_deviations", "scan_for_deviations", "seems_ordinary"]

_ENOUGH = 100
"""Findings after which nobody reads on; a file of nothing else would cost seconds."""


def find_deviations(source: SourceFile, spread: Iterable[Spread]) -> list[Diagnostic]:
    """What libyaml accepted in `source` and YAML 1.2 refuses, and what the two read differently.

    `source` must be text that libyaml has read to its end without complaint. `spread` tells of every value whose lines
    must be indented far enough, in any order.
    """
    return [] if seems_ordinary(source.text, spread) else scan_for_deviations(source)


def scan_for_deviations(source: SourceFile) -> list[Diagnostic]:
    """The precise and slow half of `find_deviations`."""
    from comb_compiler.source.strictness.rules import check_token
    from comb_compiler.source.strictness.scan import Scan

    scan = Scan(source)
    for token in yaml.scan(source.text, Loader=yaml.CLoader):
        check_token(scan, token)
        if len(scan.found) >= _ENOUGH:
            break
    return scan.found
