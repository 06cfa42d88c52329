"""What changes, as comments on a pull request."""

from comb_compiler.changes import CombChanges, Told
from comb_compiler.changes.compare import compare
from comb_compiler.changes.markdown import MOST, comments
from comb_compiler.changes.sides import side_of_files
from comb_compiler.render import emit


def test_what_goes_on_in_another_comment_says_again_where_it_is() -> None:
    files = {
        f"{name}.yaml": emit(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "n"},
                "data": {f"k{number}": "x" * 400 for number in range(40)},
            }
        ).encode()
        for name in ("a", "b", "c", "d", "e")
    }
    found = compare(side_of_files({}), side_of_files(files))
    told = CombChanges("tags", "staging", Told("east", "n"), found.objects, found.effects, found.unchanged, 0)
    first, second = comments("main", [told])
    assert "### tags in staging: cluster east, namespace n\n" in first
    assert "## What changes (2 of 2)\n" in second
    assert second.index("### tags in staging: cluster east, namespace n, continued\n") < second.index("<details>")
    assert max(len(first.encode()), len(second.encode())) <= MOST
    assert (first + second).count("<details>") == 5
