"""What stands for a user."""

from comb_compiler.samples.users import user_digest


def test_the_same_key_is_found_again_and_another_salt_finds_nothing() -> None:
    assert user_digest("4711") == user_digest("4711") == "7ec71fe2a121c1131effe706ce4a3aa8"
    assert (
        len({user_digest("4711"), user_digest("4712"), user_digest("4711", "salt"), user_digest("4711", "SALT")}) == 4
    )


def test_any_text_is_a_key() -> None:
    assert len({user_digest(key) for key in ("", "é", "e\u0301", "\ud800", "x" * 100_000)}) == 5
