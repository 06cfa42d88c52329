"""What gives access to something is not shown with the line that holds it."""

from collections.abc import Callable

import pytest

from comb_compiler.diagnostics import Span, codes
from comb_compiler.diagnostics.model import Position, diagnose
from comb_compiler.diagnostics.render.text import render
from comb_compiler.spec.wording import shortened


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://user:hunter2@models/a.onnx", "http://************@models/a.onnx"),
        ("https://ghp_hunter2@models/a.onnx", "https://***********@models/a.onnx"),
        ("s3://models/a.onnx?v=1&X-Amz-Signature=hunter2&x=2", "s3://models/a.onnx?v=1&X-Amz-Signature=*******&x=2"),
        ("abfs://models/a.onnx?sig=hunter2", "abfs://models/a.onnx?sig=*******"),
        ("ssh://git@github.com/acme/models", "ssh://git@github.com/acme/models"),
        ("oci://registry/a@sha256:12", "oci://registry/a@sha256:12"),
    ],
)
def test_the_line_is_shown_without_it_and_marked_where_it_was(written: str, shown: str) -> None:
    text = f'artifact: "{written}"  # ours\n'
    end = len(text) - len("  # ours\n")
    span = Span("comb.yaml", Position(1, 11), Position(1, end + 1))
    out = render([diagnose(codes.REFUSED_ARTIFACT, "it is refused", span)], {"comb.yaml": text})
    assert f'1 | artifact: "{shown}"  # ours\n' in out
    assert f"  |           {'^' * (len(written) + 2)}\n" in out
    assert "hunter2" not in out


@pytest.mark.parametrize("field", [shortened, str])
def test_a_finding_does_not_repeat_it(field: Callable[[str], str]) -> None:
    written = field("https://ci:hunter2-and-much-more-that-is-cut-off@git.acme.example/environments.git")
    finding = diagnose(codes.BAD_PATH, f"`{written}` is not a URL", None, hints=(f"write `{written}` anew",))
    assert "hunter2" not in finding.message + finding.hints[0]
    assert "is not a URL" in finding.message
