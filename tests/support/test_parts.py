"""The parts that two processes run the tests by are of folders and files that are there."""

from tests.architecture.imports import ROOT
from tests.support.parts import PARTS, part_of, turn


def test_what_goes_together_is_there() -> None:
    assert [place for place in PARTS if not (ROOT / place).exists()] == []


def test_a_file_goes_with_its_folder_where_that_goes_together_and_alone_elsewhere() -> None:
    engine = "tests/gates/test_hostile.py::test_it"
    assert part_of(engine) == part_of("tests/images/test_homes.py::test_it[a::b]")
    assert part_of("tests/gates/test_rules.py::test_it") == part_of("tests/runtime/test_sdk.py::test_it")
    assert part_of("tests/graph/test_cycles.py::test_it") == "tests/graph/test_cycles.py"
    assert turn("tests/runtime/test_sdk.py::test_it") < turn("tests/graph/test_cycles.py::test_it") < turn(engine)
