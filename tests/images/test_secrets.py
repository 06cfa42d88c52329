"""What looks like a secret is found where it is, and what does not is left alone."""

import pytest

from comb_compiler.images.secrets import Secret, secrets_in


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"),
        ("key = 'AKIA" + "A1" * 8 + "'", "an access key of AWS"),
        ("ghp_" + "a1" * 18, "a token of GitHub"),
        ("glpat-" + "a1" * 10, "a token of GitLab"),
        ("hf_" + "a1" * 17, "a token of Hugging Face"),
        ("pypi-" + "a1" * 40, "a token of PyPI"),
        ("xoxb-" + "1" * 24, "a token of Slack"),
        ("AIza" + "a" * 35, "a key of Google"),
        ("--index-url https://ann:hunter2@pypi.example.com/simple", "a password in an address"),
        ("AccountKey=" + "a1" * 43 + "==", "a key of Azure storage"),
        ("sk_live_" + "a1" * 12, "a key of Stripe"),
        ("sk-ant-" + "a1" * 20, "a key of OpenAI or Anthropic"),
        ("npm_" + "a1" * 18, "a token of npm"),
        ("dckr_pat_" + "a1" * 14, "a token of Docker Hub"),
        ("PuTTY-User-Key-File-3: ssh-rsa", "a private key of PuTTY"),
        ("redis://:hunter2@cache:6379", "a password in an address"),
        ("redis://:x\npostgres://ann:hunter2@db/x", "a password in an address"),
    ],
)
def test_secrets_are_found_in_their_line(text: str, kind: str) -> None:
    assert list(secrets_in(f"# one\n# two\n{text}\n".encode())) == [Secret(kind, 3 + text.count("\n"))]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PUBLIC KEY-----",
        "url = f'https://{user}:{password}@host'",
        "https://$USER:$PASSWORD@host",
        "http://host:8080/path@1",
        "git+ssh://git@host/path",
        "numpy==2.0 --hash=sha256:" + "a1" * 32,
        "AKIA",
        "",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert list(secrets_in(text.encode())) == []
