"""Of very many breaking changes some are told, and how many more there are."""

from comb_compiler.diagnostics import Severity, codes
from comb_compiler.diagnostics.bounds import MOST
from tests.golden.archive import load
from tests.golden.compilation import check_in_memory
from tests.golden.test_cases import DIRECTORY

GONE = 130


def test_the_rest_is_counted_and_is_as_grave_as_what_is_told() -> None:
    files = dict(load(DIRECTORY / "breaking" / "in_source.txt").files)
    one = sum(finding.code is codes.BREAKS_SOURCE for finding in check_in_memory(files))
    files["published/ocr.proto"] += "".join(f"message Gone{number} {{}}\n" for number in range(GONE)).encode()
    found = check_in_memory(files)
    assert sum(finding.code is codes.BREAKS_SOURCE for finding in found) == MOST
    (more,) = (finding for finding in found if finding.code is codes.TOO_MANY_MISTAKES)
    assert more.message == f"and {one + GONE - MOST} more changes of this sort, breaks-source"
    assert more.severity is Severity.WARNING
