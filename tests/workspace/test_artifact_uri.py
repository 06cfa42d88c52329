"""What an artifact's URI says, by its text alone."""

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.spec.artifact_uri import (
    LocalFile,
    PackageFile,
    RemoteFile,
    parse_artifact_uri,
    without_secrets,
)
from tests.workspace.trees import code_of

REMOTE = [
    "s3://models/angle-1.4.0.onnx",
    "s3://models/a.onnx?versionId=3sL4kqtJlcpXroDTDmJ",
    "gs://models/a.onnx",
    "oss://models/a.onnx",
    "hf://datasets/acme/models@v1/a.onnx",
    "https://models.example/a.onnx",
    "http://127.0.0.1:8080/a.onnx?download=true#top",
    "abfs://container@account.dfs.core.windows.net/a.onnx",
    "sftp://deploy@models.example/a.onnx",
    "memory://a.onnx",
]
SECRET = [
    "https://hunter2@models.example/a.onnx",
    "https://ci:hunter2@models.example/a.onnx",
    "https://:hunter2@models.example/a.onnx",
    "s3://AKIA:hunter2@models/a.onnx",
    "sftp://deploy:hunter2@models.example/a.onnx",
    "abfs://container:hunter2@account/a.onnx",
    "https://models.example?token=hunter2",
    "https://models.example/a.onnx?X-Amz-Date=1&X-Amz-Signature=hunter2",
    "https://models.example/a.onnx?x%2damz%2dsignature=hunter2",
    "https://models.example/a.onnx?SIG=hunter2#f",
    "oss://models/a.onnx?OSSAccessKeyId=hunter2",
    "https://a@b@models.example/hunter2",
]


@pytest.mark.parametrize("path", ["a.onnx", "models/a.onnx", "../shared/a.onnx", "file", "python/a.onnx"])
def test_a_path_is_a_file_of_the_checkout(path: str) -> None:
    assert parse_artifact_uri(path) == LocalFile(path)
    assert without_secrets(path) == path


def test_a_python_uri_is_a_file_inside_a_package() -> None:
    uri = "python://rapidocr_onnxruntime/models/cls.onnx"
    assert parse_artifact_uri(uri) == PackageFile("rapidocr_onnxruntime", "models/cls.onnx")


@pytest.mark.parametrize("uri", REMOTE)
def test_what_fsspec_may_open_is_remote(uri: str) -> None:
    assert parse_artifact_uri(uri) == RemoteFile(uri.partition(":")[0], uri)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "local://etc/passwd",
        "asynclocal://x",
        "git://repo:main@x",
        "simplecache::s3://models/a.onnx",
        "s3://models/a.onnx::file:///x",
        "zip://a.onnx::s3://models/a.zip",
        "zip://a.onnx",
        "reference://x",
        "python://package",
        "python://package/",
        "python:///a",
        "python://package/../a",
        "python://package/a/../../b",
        "python://package//etc/passwd",
        "python://package.sub/a",
        "python://pack-age/a",
        "python://../a",
        "python://.../a",
        *SECRET,
    ],
)
def test_what_comb_does_not_open_is_refused_with_a_reason_and_no_secret(uri: str) -> None:
    refusal = parse_artifact_uri(uri)
    assert code_of(refusal) is codes.REFUSED_ARTIFACT
    assert isinstance(refusal, Unavailable)
    assert refusal.message
    assert refusal.hint
    assert "hunter2" not in refusal.message + refusal.hint


@pytest.mark.parametrize("uri", SECRET[:-1])
def test_an_address_is_shown_without_its_secrets(uri: str) -> None:
    assert "hunter2" not in without_secrets(uri)


def test_an_address_is_shown_with_what_names_it() -> None:
    assert without_secrets("https://u:p@models.example:8080/a/b.onnx?x=y#z") == "https://models.example:8080/a/b.onnx?…"
    assert without_secrets("s3://models/a.onnx") == "s3://models/a.onnx"
    assert without_secrets("hf://acme/models@v1/a.onnx") == "hf://acme/models@v1/a.onnx"


@given(uri=st.text() | st.from_regex(r"[a-z0-9+.]*:{1,2}/{0,2}[^\x00]*", fullmatch=True))
def test_no_text_is_too_odd(uri: str) -> None:
    parse_artifact_uri(uri)
    without_secrets(uri)


@given(user=st.from_regex(r"[a-z0-9]{1,8}(:[a-z0-9]{8,12})?", fullmatch=True), path=st.from_regex(r"/[a-z?=&@]*"))
def test_a_user_in_a_web_address_is_always_refused(user: str, path: str) -> None:
    assert code_of(parse_artifact_uri(f"https://{user}@models.example{path}")) is codes.REFUSED_ARTIFACT
