"""Comparators of users, each in a process of its own: what they say counts; whatever else they do decides nothing."""

import os
import py_compile
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.gates.comparator import Limits, Outside
from comb_compiler.gates.comparing import differences, missed
from comb_compiler.gates.rules import ByCode, Incomparable, Rules, resolved
from tests.gates.messages import answer

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"}
CODE = """\
import os, sys, time

def near(before, after):
    print("this goes nowhere")
    return abs(before - after) < 0.1

def labels(before, after):
    return sorted(one.label for one in before) == sorted(one.label for one in after)

def of_map(before, after):
    return dict(before).keys() == dict(after).keys()

def left(before, after):
    return before.left == after.left

def numpy_says(before, after):
    import numpy
    return numpy.isclose(before, after, atol=0.1)

def looks(before, after):
    return not [name for name in os.environ if name not in ("PATH", "PYTHONPATH", "OMP_NUM_THREADS", "LC_CTYPE")]

def hangs(before, after):
    time.sleep(600)

def breeds(before, after):
    if os.fork() == 0:
        open(os.path.join(os.path.dirname(__file__), "child"), "w").write(str(os.getpid()))
        time.sleep(600)
    time.sleep(600)

def dies(before, after):
    print("the last words", file=sys.stderr)
    os._exit(7)

def raises(before, after):
    return before.nothing

def leaves(before, after):
    raise SystemExit(0)

def says_much(before, after):
    return "x" * 1000

def lies(before, after):
    class Odd:
        def __repr__(self):
            raise ValueError
    return Odd()

def forges(before, after):
    import json, struct
    for number in range(3, 64):
        try:
            os.write(number, struct.pack(">I", 4) + b"true")
        except OSError:
            pass
    return False

def eats(before, after):
    return bool(bytearray(3 << 30))

def fills(before, after):
    with open(os.path.join(os.path.dirname(__file__), "large"), "wb") as file:
        file.write(bytes(1 << 26))
    return True

no_function = 5
"""
LIMITS = Limits(start=120, one=120, all=600)
HANGS = {"exam.compare:hangs": LIMITS._replace(one=2), "slow:any": LIMITS._replace(start=3)}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "exam").mkdir()
    (tmp_path / "exam" / "compare.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def opened(code: Path) -> Iterator[Any]:
    there: list[Outside] = []

    def rules(path: str, entry: str, limits: Limits = LIMITS) -> Rules:
        there.append(Outside(entry, code, ENVIRONMENT, limits))
        return resolved({path: ByCode(there[-1])}, answer().DESCRIPTOR)

    yield rules
    for one in there:
        one.close()


def score(value: float | str) -> Any:
    return answer(score=value)


def test_what_it_says_counts_for_values_lists_maps_and_messages(opened: Any) -> None:
    rules = opened("score", "exam.compare:near")
    assert differences(score(1), score(1.05), rules) == ()
    assert differences(score(0), score(0.01), rules) == ()
    (found,) = differences(score(1), score(2), rules)
    assert (found.place, found.before, found.after) == ("score", 1.0, 2.0)
    rules = opened("found", "exam.compare:labels")
    turned = [answer(found=[{"label": one} for one in labels]) for labels in ("ab", "ba", "bc")]
    assert differences(turned[0], turned[1], rules) == ()
    (found,) = differences(turned[0], turned[2], rules)
    assert (found.field, found.after) == ("found", [{"label": "b"}, {"label": "c"}])
    rules = opened("scores", "exam.compare:of_map")
    assert differences(answer(scores={"a": 1}), answer(scores={"a": 2}), rules) == ()
    (found,) = differences(answer(scores={"a": 1}), answer(scores={"b": 2}), rules)
    assert (found.before, found.after) == ({"a": 1.0}, {"b": 2.0})
    rules = opened("found.box", "exam.compare:left")
    boxes = [answer(found=[{"box": {"left": 1, "top": top}}, {"box": {"left": top}}]) for top in (1, 2)]
    assert [one.place for one in differences(boxes[0], boxes[1], rules)] == ["found[1].box"]
    assert missed({"found": [{"box": {"left": 1}}, {"box": {"left": 2}}]}, boxes[1], rules) == ()


def test_bytecode_of_other_code_says_nothing(opened: Any, code: Path) -> None:
    file = code / "exam/other.py"
    file.write_text("def same(before, after):\n    return True \n", encoding="utf-8")
    py_compile.compile(str(file))
    was = file.stat()
    file.write_text("def same(before, after):\n    return False\n", encoding="utf-8")
    os.utime(file, (was.st_atime, was.st_mtime))
    assert differences(score(1.0), score(2.0), opened("score", "exam.other:same"))


def test_a_truth_of_numpy_is_one(opened: Any) -> None:
    assert differences(score(1), score(1.05), opened("score", "exam.compare:numpy_says", Limits())) == ()


def test_it_sees_nothing_of_the_environment(opened: Any) -> None:
    assert differences(score(1), score(2), opened("score", "exam.compare:looks")) == ()


def test_of_what_is_the_same_it_is_not_asked(opened: Any) -> None:
    rules = opened("score", "exam.compare:raises")
    assert differences(score(1), score(1), rules) == ()
    assert differences(score("NaN"), score("NaN"), rules) == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("exam.compare:hangs", "nothing came of it in 2 s"),
        ("slow:any", "nothing came of it in 3 s"),
        ("exam.compare:dies", "its process ended with exit code 7: the last words"),
        ("exam.compare:raises", r"AttributeError: .*nothing.* \(compare.py:\d+\)"),
        ("exam.compare:leaves", "SystemExit: 0"),
        ("exam.compare:says_much", "it returned 'xxx.*, and not True or False"),
        ("exam.compare:lies", "it returned a Odd"),
        ("exam.compare:forges", "it said something else"),
        ("exam.compare:eats", "MemoryError"),
        ("exam.compare:fills", "OSError: .*File too large"),
        ("exam.compare:missing", "it cannot be imported: AttributeError: .*missing"),
        ("exam.compare:no_function", "it is no function"),
        ("broken:any", "it cannot be imported: ModuleNotFoundError: .*nothing_of_that_name"),
        ("nowhere:any", "it cannot be imported: ModuleNotFoundError: .*nowhere"),
    ],
)
def test_what_has_no_answer_decides_nothing_and_is_not_asked_again(opened: Any, entry: str, said: str) -> None:
    rules = opened("score", entry, HANGS.get(entry, LIMITS))
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(Incomparable, match=f"the comparator `{entry}` has no answer: {said}"):
            differences(score(1), score(2), rules)
    assert entry not in HANGS or time.monotonic() - began < 2, "which would have taken its time again"


def test_what_takes_too_long_in_all_has_no_answer(opened: Any) -> None:
    rules = opened("score", "exam.compare:near", LIMITS._replace(all=0))
    with pytest.raises(Incomparable, match="all its comparisons together"):
        differences(score(1), score(2), rules)


def test_what_it_started_ends_with_it(opened: Any, code: Path) -> None:
    with pytest.raises(Incomparable, match="nothing came"):
        differences(score(1), score(2), opened("score", "exam.compare:breeds", LIMITS._replace(one=5)))
    child = (code / "exam" / "child").read_text("utf-8")
    state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True).stdout
    assert not state or state.startswith("Z")
