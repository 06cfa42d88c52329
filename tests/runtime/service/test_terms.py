"""What a caller says beside the message."""

from comb_compiler.runtime.service.terms import terms_of


def test_each_request_without_an_id_gets_one_of_its_own() -> None:
    ids = [terms_of((), "").request_id for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(len(one) == 24 and int(one, 16) >= 0 for one in ids)
