"""Operators are imported from their comb's own directory, whatever others in the same process are called."""

import asyncio
import logging
import os
import py_compile
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import ExecutionPlan, Port
from comb_compiler.runtime import BadOperator
from comb_compiler.runtime.code import Code
from comb_compiler.runtime.engine import Engine
from tests.architecture.imports import ROOT
from tests.runtime.leftovers import nothing_left
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run

HELLO = Request(letter=Letter(text="hello"))

_TEXT = """
import logging
from dataclasses import dataclass

import operators.words
from comb_compiler.runtime import Messages, Model, operator
from operators import words as same_words
from . import words

assert operators.words is words is same_words

class Sign:
    def __init__(self, messages: Messages) -> None:
        self.letter = messages["post.v1.Letter"]

    def warm_up(self) -> None:
        logging.getLogger("test").info("warm")

    async def __call__(self, letter: "post.v1.Letter") -> "post.v1.Letter":
        from operators.words import signature  # as late as can be

        return self.letter(text=f"{letter.text}, {signature()}")

@operator(execution="process")
class SignInProcess(Sign):
    def __call__(self, letter: "post.v1.Letter") -> "post.v1.Letter":
        from operators.words import signature

        return self.letter(text=f"{letter.text}, {signature()}")
"""


def directory(root: Path, name: str) -> Path:
    """A comb's code, whose operators sign with `name`."""
    package = root / name / "operators"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    (package / "text.py").write_text(_TEXT, "utf-8")
    (package / "words.py").write_text(f"import yours\n\ndef signature():\n    return {name!r} + yours.END\n", "utf-8")
    (root / name / "yours.py").write_text("END = '!'\n", "utf-8")
    return root / name


def signing(operator: str = "Sign") -> ExecutionPlan:
    """A plan whose one operator is `operators.text:Sign`."""
    made = plan({"a": ("same", {"letter": "request.letter"})}, "a")
    binding = made.bindings[0]._replace(run=f"operators.text:{operator}", ports=(Port("letter", "post.v1.Letter"),))
    return made._replace(bindings=(binding,))


@pytest.mark.parametrize("operator", ["Sign", "SignInProcess"])
def test_two_combs_have_packages_of_the_same_name_in_one_process(tmp_path: Path, operator: str) -> None:
    ada, bob = directory(tmp_path, "ada"), directory(tmp_path, "bob")
    path, modules = list(sys.path), {name for name in sys.modules if name.startswith(("operators", "_comb"))}

    async def main() -> None:
        async with Engine(signing(operator), code=ada) as first, Engine(signing(operator), code=bob) as second:
            given = await asyncio.gather(*(engine.call(HELLO) for engine in (first, second) * 3))
            assert [one.text for one in given] == ["hello, ada!", "hello, bob!"] * 3

    with nothing_left():
        run(main())
    assert sys.path == path
    assert {name for name in sys.modules if name.startswith(("operators", "_comb"))} == modules


def test_a_comb_that_has_changed_is_loaded_anew_beside_the_old_one(tmp_path: Path) -> None:
    ada = directory(tmp_path, "ada")

    async def main() -> None:
        async with Engine(signing(), code=ada) as old:
            (ada / "yours.py").write_text("END = ', as ever'\n", "utf-8")
            async with Engine(signing(), code=ada) as new:
                assert (await old.call(HELLO)).text == "hello, ada!"
                assert (await new.call(HELLO)).text == "hello, ada, as ever"

    run(main())


@pytest.mark.parametrize("operator", ["Sign", "SignInProcess"])
def test_code_that_changed_within_its_length_and_second_is_not_answered_for_by_what_was(
    tmp_path: Path, operator: str
) -> None:
    ada = directory(tmp_path, "ada")
    for file in (ada / "operators/words.py", ada / "yours.py"):
        py_compile.compile(str(file))
        before = file.stat()
        file.write_text(file.read_text("utf-8").replace("ada", "eve").replace("!", "?"), "utf-8")
        os.utime(file, (before.st_atime, before.st_mtime))

    async def main() -> None:
        async with Engine(signing(operator), code=ada) as engine:
            assert (await engine.call(HELLO)).text == "hello, eve?"

    run(main())


def test_what_cannot_be_imported_is_said_by_the_names_that_the_code_uses(tmp_path: Path) -> None:
    ada = directory(tmp_path, "ada")
    (ada / "operators" / "words.py").write_text("from operators.verbs import go\n", "utf-8")

    async def main() -> None:
        async with Engine(signing(), code=ada):
            raise AssertionError

    with pytest.raises(BadOperator) as caught:
        run(main())
    assert caught.value.reasons == (
        "`operators.text` cannot be imported: ModuleNotFoundError: No module named 'operators.verbs'",
    )


def test_python_s_own_modules_and_installed_ones_stay_what_they_are(tmp_path: Path) -> None:
    ada = directory(tmp_path, "ada")
    (ada / "logging.py").write_text("raise AssertionError\n", "utf-8")
    (ada / "google").mkdir()  # a directory without modules is no package where an installed one has its name
    (ada / "both.py").write_text("import logging, google.protobuf, os.path as path, json as j\n", "utf-8")
    code = Code(ada)
    try:
        both: Any = code.load("both")
        assert both.logging is logging
        assert both.google is sys.modules["google"]
        assert both.path.join("a", "b") == "a/b"
        assert code.load("json") is sys.modules["json"]
        words: Any = code.load("operators.words")
        assert words.signature() == "ada!"
        assert words.__file__ == str(ada / "operators" / "words.py")
    finally:
        code.close()


def test_generated_classes_of_two_directories_are_the_same_messages(tmp_path: Path) -> None:
    ada, bob = directory(tmp_path, "ada"), directory(tmp_path, "bob")
    for one in (ada, bob):
        shutil.copy(ROOT / "tests" / "runtime" / "post" / "post_pb2.py", one / "letters_pb2.py")
    codes = Code(ada), Code(bob)
    try:
        first, second = (code.load("letters_pb2") for code in codes)
        assert first is not second
        assert first.Letter is second.Letter is Letter
    finally:
        for code in codes:
            code.close()
