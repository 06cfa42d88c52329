"""The transcript runner itself: a page that lies is found out."""

from pathlib import Path

import pytest

from tests.docs.transcripts import blocks, commands, matches, run_page

PAGE = """\
Text.

```yaml file=deep/a.yaml
a: 1
```

```console exit=3
$ cat deep/a.yaml
a: 1
$ echo out; echo err >&2; exit 3
out
err
```

```sh
$ never run
```
"""


def test_a_true_page_is_left_as_it_is(tmp_path: Path) -> None:
    assert run_page(PAGE, tmp_path) == ([], [], PAGE)


@pytest.mark.parametrize(
    ("truth", "lie"),
    [("\nout\nerr\n", "\nout\n"), ("a: 1\n$", "a: 2\n$"), ("err\n```", "…\n…!\n```"), ("a: 1\n$", "$")],
)
def test_wrong_output_is_found_and_mended(tmp_path: Path, truth: str, lie: str) -> None:
    outcome = run_page(PAGE.replace(truth, lie), tmp_path)
    assert len(outcome.wrong_output) == 1
    assert outcome.rewritten == PAGE


@pytest.mark.parametrize("lie", ["exit=0", ""])
def test_a_wrong_exit_code_is_found_and_never_mended(tmp_path: Path, lie: str) -> None:
    page = PAGE.replace("exit=3", lie)
    outcome = run_page(page, tmp_path)
    assert len(outcome.wrong_exit_codes) == 1
    assert outcome.rewritten == page


def test_an_ellipsis_stands_for_any_lines() -> None:
    assert matches("a\n…\nd\n", "a\nb\nc\nd\n")
    assert matches("a\n…\n", "a\n")
    assert not matches("a\n…\nd\n", "a\nb\n")
    assert not matches("a…\n", "ab\n")


def test_a_transcript_must_begin_with_a_command() -> None:
    (block,) = blocks("```console\noutput\n```\n")
    with pytest.raises(AssertionError, match="begins with a command"):
        commands(block)
