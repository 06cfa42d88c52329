"""What every command that runs a comb refuses: models that are not the ones that are pinned."""

from pathlib import Path

import pytest

from tests.cli.conftest import COMB, Comb

OPERATORS = '''
from comb_compiler.runtime import Messages, Model


class Greet:
    """Greets by a word that is the model."""

    def __init__(self, messages: Messages, model: Model) -> None:
        self.greeting = messages["greeting.v1.Greeting"]
        self.word = model.path.read_text()

    def __call__(self, name: "greeting.v1.Name") -> "greeting.v1.Greeting":
        return self.greeting(text=f"{self.word} {name.text}")
'''
MODELS = """\
models:
  word:
    versions:
      "1": {artifact: word.txt}
      "2": {artifact: unused.txt}
"""


@pytest.fixture
def greeting(checkout: Path, comb: Comb) -> Path:
    """A comb whose model is a file beside it, pinned as it is now."""
    written = COMB.replace("80ms}", "30s, model: word@1}").replace("operators:\n", f"{MODELS}operators:\n")
    (checkout / "comb.yaml").write_text(written, encoding="utf-8")
    (checkout / "operators.py").write_text(OPERATORS, encoding="utf-8")
    (checkout / "word.txt").write_text("Hello", encoding="utf-8")
    (checkout / "unused.txt").write_text("Hi", encoding="utf-8")
    (checkout / "samples").mkdir()
    assert comb("lock", ".").code == 0
    return checkout


ASK = ("call", ".", '{"name": {"text": "Ada"}}')


@pytest.mark.slow
def test_a_model_that_was_changed_and_not_locked_is_not_served(greeting: Path, comb: Comb) -> None:
    assert "text: Hello Ada" in comb(*ASK).out
    (greeting / "unused.txt").write_text("Hey", encoding="utf-8")
    (greeting / "word.txt").write_text("Hallo", encoding="utf-8")
    for arguments in (ASK, ("run", ".", "--grpc-port=0", "--http-port=0"), ("health", ".", "--samples", "samples")):
        ran = comb(*arguments)
        assert (ran.code, ran.out) == (1, ""), arguments
        assert "error[COMB2035] digest-mismatch: the bytes of `word.txt` are not those that were locked" in ran.err
        assert "bytes of `unused.txt`" not in ran.err
    assert comb("lock", ".").code == 0
    assert "text: Hallo Ada" in comb(*ASK).out


@pytest.mark.slow
def test_a_model_that_is_gone_is_told_where_it_is_named(greeting: Path, comb: Comb) -> None:
    (greeting / "word.txt").unlink()
    ran = comb(*ASK)
    assert (ran.code, ran.out) == (1, "")
    assert "  --> comb.yaml:" in ran.err
