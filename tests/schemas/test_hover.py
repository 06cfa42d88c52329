"""What an editor shows for the word under the mouse."""

import pytest

from tests.schemas.editor import Editor

OPERATOR = """\
operators:
  straighten:
    timeout: 80ms
    devices: [cpu]
    scale: {min: 2, pace: fast}
"""
SHOWN = {
    "the description of a field": ("timeout", "How long one call may take."),
    "of a value too": ("80ms", "How long one call may take."),
    "an example": ("timeout", "```yaml\n80ms\n```"),
    "code as code": ("devices", "`cpu` is one."),
    "the description of a field that is a model": ("scale", "How many instances, and what decides it."),
    "the default": ("pace", "Default: `steady`."),
    "a field of the top": ("operators", "The algorithms, by name."),
    "a name of one's own": ("straighten", "An algorithm with typed inputs and outputs."),
    "what the words mean": ("fast", "* `cautious`: Grow late and shrink late: for load that jumps about."),
}


def at_word(text: str, word: str) -> str:
    assert text.count(word) == 1
    return text.replace(word, f"{word[:2]}‸{word[2:]}")


@pytest.mark.parametrize("what", SHOWN)
def test_it_shows(editor: Editor, what: str) -> None:
    word, text = SHOWN[what]
    assert text in editor.hover(at_word(OPERATOR, word))


@pytest.mark.parametrize("step", ["boxes: detect()", "boxes: {call: detect()}"])
def test_it_shows_what_a_step_is_in_either_form(editor: Editor, step: str) -> None:
    assert "One step. The short form is the text of the call alone" in editor.hover(
        at_word(f"graph: {{{step}}}", "boxes")
    )


def test_it_shows_the_same_in_an_overlay(editor: Editor) -> None:
    text = "experiment: {arms: {rotate: {set: {operators: {straighten: {timeout: 80ms}}}}}}"
    assert "How long one call may take." in editor.hover(at_word(text, "timeout"))


def test_it_shows_what_an_overlay_is(editor: Editor) -> None:
    assert "null takes a key away" in editor.hover("experiment: {arms: {rotate: {s‸et: {}}}}")
    assert "null takes a key away" in editor.hover("environments: {stag‸ing: {}}")


def test_it_shows_the_platform_too(editor: Editor) -> None:
    text = "clusters: {main: {nodePools: {gpu: {sharing: mig}}}}"
    shown = editor.hover(at_word(text, "sharing"), "platform")
    assert "How it shares its devices. Default: `exclusive`." in shown
    assert "* `mig`: NVIDIA MIG: fixed slices that the hardware keeps apart." in shown
