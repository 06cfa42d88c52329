"""What a cluster refuses of a policy is found before it is shipped."""

import pytest
import yaml

from comb_compiler.policy.reading import read_policies
from tests.policy.own import EVALUATOR
from tests.policy.wrong import WRONG, right, wrong


def test_what_is_right_is_taken() -> None:
    content = yaml.safe_dump_all(right().values()).encode()
    assert read_policies({"a.yaml": content}, EVALUATOR)[1] == ()


@pytest.mark.parametrize("name", WRONG)
def test_what_a_cluster_refuses_is_found(name: str) -> None:
    _, made = wrong(name)
    found = read_policies({"a.yaml": yaml.safe_dump_all(made.values()).encode()}, EVALUATOR)[1]
    assert {one.code.id for one in found} == {"COMB4503"}
    assert all(one.primary is not None and one.path for one in found)
