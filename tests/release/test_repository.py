"""A repository has one name, however it was cloned."""

import pytest

from comb_compiler.release.repository import directory_name, may_be_same, repository_name


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@git.example.com/team/combs.git",
        "git@git.example.com:team/combs",
        "[git@git.example.com:2222]:team/combs.git",
        "ssh://git.example.com/team/combs/",
        "ssh://git@GIT.example.com:2222/team/combs.git",
        "https://git.example.com/Team/Combs.git",
        "https://git.example.com//team//combs.git",
    ],
)
def test_a_repository_has_one_name_under_all_its_addresses(url: str) -> None:
    assert repository_name(url) == "git.example.com/team/combs"


@pytest.mark.parametrize(
    ("by_ssh", "by_https"),
    [
        ("ssh://git@ssh.github.com:443/acme/combs.git", "https://github.com/acme/combs"),
        ("ssh://git@altssh.gitlab.com:443/acme/combs.git", "https://gitlab.com/acme/combs.git"),
        ("git@ssh.dev.azure.com:v3/acme/search/combs", "https://acme@dev.azure.com/acme/search/_git/combs"),
    ],
)
def test_forges_with_other_addresses_for_ssh_are_known(by_ssh: str, by_https: str) -> None:
    assert repository_name(by_ssh) == repository_name(by_https)


@pytest.mark.parametrize("url", ["", "https://[x/combs", "https://me:secret@[x/combs"])
def test_what_is_no_address_is_no_repository(url: str) -> None:
    assert repository_name(url) == ""


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("git.example.com/combs//ocr", "git.example.com/combs//ocr", True),
        ("git.example.com/combs//ocr", "git.example.com/combs//nsfw", False),
        ("git.example.com/combs//ocr", "git.example.com/combs//", False),
        ("git.example.com/combs//ocr", "git.example.com/others//ocr", False),
        ("git.example.com/combs", "git.example.com/combs//ocr", True),
        ("git.example.com/combs//ocr", "git.example.com/combs", True),
        ("git.example.com/combs", "git.example.com/others//ocr", False),
        ("git.example.com/combs//ocr", "", False),
    ],
)
def test_directories_are_told_apart_where_both_are_known(one: str, other: str, may: bool) -> None:
    assert may_be_same(one, other) is may


def test_a_directory_of_no_known_repository_has_no_name() -> None:
    assert (directory_name("", "ocr"), directory_name("git.example.com/combs", "")) == ("", "git.example.com/combs//")
