"""`comb check --against`: what is published, from a revision's lock, from its files, or from a set of descriptors."""

import subprocess
from pathlib import Path

import pytest

from comb_compiler.cli import main

COMB = """apiVersion: comb.dev/v1
kind: Comb
metadata: {name: ocr}
interface: {proto: protos/ocr.proto, method: ocr.v1.Ocr/Read}
operators:
  read: {run: "operators:Read", in: {request: ocr.v1.Request}, out: ocr.v1.Answer}
graph:
  text: read(request=$request)
  return: text
"""
PROTO = """syntax = "proto3";
package ocr.v1;
service Ocr { rpc Read(Request) returns (Answer); }
message Request { bytes picture = 1; }
message Answer { string text = 1; }
"""


def git(root: Path, *command: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *identity, *command], cwd=root, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "combs/ocr/protos").mkdir(parents=True)
    (tmp_path / "combs/ocr/comb.yaml").write_text(COMB)
    (tmp_path / "combs/ocr/protos/ocr.proto").write_text(PROTO)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "published")
    return tmp_path


def check(root: Path, against: str, *more: str) -> int:
    return main(["check", str(root / "combs"), "--root", str(root), "--no-cache", "--against", against, *more])


def change(root: Path, old: str, new: str) -> None:
    path = root / "combs/ocr/protos/ocr.proto"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_without_a_change_nothing_is_said(checkout: Path) -> None:
    assert check(checkout, "HEAD") == 0


def test_a_breaking_change_fails_where_it_is(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(checkout, "string text = 1", "int32 text = 1")
    assert check(checkout, "main") == 1
    out = capsys.readouterr().out
    assert "error[COMB3601] breaks-wire" in out
    assert "protos/ocr.proto:5:18" in out
    assert "that of `combs/ocr/comb.yaml` at `main`" in out


def test_the_lock_of_the_revision_counts_not_the_authors_own(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", str(checkout / "combs"), "--root", str(checkout)]) == 0
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "locked")
    change(checkout, "string text = 1", "int32 text = 1")
    assert main(["lock", str(checkout / "combs"), "--root", str(checkout)]) == 0
    git(checkout, "checkout", "-qb", "mine")
    git(checkout, "commit", "-qam", "changed")
    assert check(checkout, "main") == 1
    assert "published in `combs/ocr/comb.lock` at `main`" in capsys.readouterr().out
    assert check(checkout, "mine") == 0


def test_a_lock_with_another_interface_is_stale(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", str(checkout / "combs"), "--root", str(checkout)]) == 0
    change(checkout, "string text = 1;", "string text = 1; string language = 2;")
    assert main(["check", str(checkout / "combs"), "--root", str(checkout), "--no-cache"]) == 1
    assert "COMB2033" in capsys.readouterr().out
    assert main(["lock", str(checkout / "combs"), "--root", str(checkout), "--check"]) == 1
    assert main(["lock", str(checkout / "combs"), "--root", str(checkout)]) == 0
    assert main(["check", str(checkout / "combs"), "--root", str(checkout), "--no-cache"]) == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("comb.yaml", "Ocr/Read", "Ocr/Raed", "COMB3104"),
        ("comb.yaml", "out: ocr.v1.", "out: orc.v1.", "COMB3105"),
        ("protos/ocr.proto", "returns (", "returns (stream ", "COMB3106"),
        ("protos/ocr.proto", "string text = 1", "int32 text = 1", "COMB3601"),
        ("protos/ocr.proto", "string text = 1", "string words = 1", "COMB3602"),
    ],
)
def test_a_lock_is_not_stale_too_where_its_interface_is_wrong(
    checkout: Path, file: str, old: str, new: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", str(checkout / "combs"), "--root", str(checkout)]) == 0
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "locked")
    path = checkout / "combs/ocr" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert check(checkout, "HEAD") == 1
    out = capsys.readouterr().out
    assert code in out
    assert "COMB2033" not in out


def test_a_set_of_descriptors_is_compared(checkout: Path, tmp_path: Path) -> None:
    from grpc_tools import protoc

    published = tmp_path / "published.binpb"
    arguments = ["protoc", f"-I{checkout}/combs/ocr/protos", f"-o{published}", "ocr.proto"]
    assert protoc.main(arguments) == 0
    assert check(checkout, str(published)) == 0
    change(checkout, "string text = 1;", "string text = 1; string language = 2;")
    assert check(checkout, str(published)) == 0
    change(checkout, "bytes picture = 1", "fixed64 picture = 1")
    assert check(checkout, str(published)) == 1


def test_a_new_comb_has_nothing_to_break(checkout: Path) -> None:
    other = checkout / "combs/other"
    other.mkdir()
    (other / "comb.yaml").write_text(COMB.replace("name: ocr", "name: other").replace("protos/", "../ocr/protos/"))
    assert check(checkout, "HEAD") == 0


@pytest.mark.parametrize("name", ["nowhere", "--help", "-x", "HEAD:combs", "", "main..main"])
def test_what_is_neither_a_file_nor_a_revision_is_a_usage_error(
    checkout: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(checkout / "combs"), "--root", str(checkout), f"--against={name}"]) == 2
    assert "--against" in capsys.readouterr().err


def test_a_file_that_is_no_set_of_descriptors_is_a_usage_error(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(checkout, str(checkout / "combs/ocr/comb.yaml")) == 2
    assert "no Protobuf FileDescriptorSet" in capsys.readouterr().err


def test_a_set_that_holds_nothing_or_a_file_twice_is_a_usage_error(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    published = tmp_path / "published.binpb"
    published.write_bytes(b"")
    assert check(checkout, str(published)) == 2
    assert "no descriptor of any file" in capsys.readouterr().err
    twice = FileDescriptorSet()
    for message in ("Request", "Answer"):
        file = twice.file.add(name="ocr.proto", package="ocr.v1", syntax="proto3")
        file.message_type.add(name=message)
    published.write_bytes(twice.SerializeToString())
    assert check(checkout, str(published)) == 2
    assert "`ocr.proto` more than once" in capsys.readouterr().err


def test_a_verdict_that_is_kept_names_what_it_was_asked_for(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(checkout, "string text = 1", "int32 text = 1")
    git(checkout, "tag", "v1")
    for revision in ("main", "v1"):
        assert main(["check", str(checkout / "combs"), "--root", str(checkout), "--against", revision]) == 1
        assert f"at `{revision}`" in capsys.readouterr().out


def test_a_verdict_that_is_kept_is_for_one_revision_alone(checkout: Path, tmp_path: Path) -> None:
    change(checkout, "string text = 1", "int32 text = 1")
    git(checkout, "commit", "-qam", "broken")
    command = ["check", str(checkout / "combs"), "--root", str(checkout), "--against"]
    assert [main([*command, revision]) for revision in ("HEAD", "HEAD~1", "HEAD", "HEAD~1")] == [0, 1, 0, 1]


def test_a_link_at_the_revision_is_followed(checkout: Path) -> None:
    protos = checkout / "combs/ocr/protos"
    (protos / "ocr.proto").rename(protos / "real.proto")
    (protos / "ocr.proto").symlink_to("real.proto")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "linked")
    assert check(checkout, "HEAD") == 0
    (protos / "real.proto").write_text(PROTO.replace("string text = 1", "int32 text = 1"))
    assert check(checkout, "HEAD") == 1


def test_a_comb_that_moved_is_the_one_that_it_was(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "combs/text").mkdir()
    git(checkout, "mv", "combs/ocr", "combs/text/recognition")
    path = checkout / "combs/text/recognition/protos/ocr.proto"
    path.write_text(PROTO.replace("string text = 1", "int32 text = 1"))
    assert check(checkout, "HEAD") == 1
    out = capsys.readouterr().out
    assert "error[COMB3601]" in out
    assert "`combs/ocr/comb.yaml` at `HEAD`" in out


def test_a_comb_that_moved_into_a_directory_below_the_root_of_the_check(checkout: Path) -> None:
    root = checkout / "combs"
    (root / "ocr").rename(root / "text")
    assert main(["check", str(root), "--root", str(root), "--no-cache", "--against", "HEAD"]) == 0
    path = root / "text/protos/ocr.proto"
    path.write_text(PROTO.replace("string text = 1", "int32 text = 1"))
    assert main(["check", str(root), "--root", str(root), "--no-cache", "--against", "HEAD"]) == 1


def test_of_two_combs_that_changed_places_each_is_compared_with_itself(checkout: Path) -> None:
    other = checkout / "combs/other"
    (other / "protos").mkdir(parents=True)
    (other / "comb.yaml").write_text(COMB.replace("name: ocr", "name: other"))
    (other / "protos/ocr.proto").write_text(PROTO.replace("string text = 1", "int32 text = 1"))
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "two")
    other.rename(checkout / "aside")
    (checkout / "combs/ocr").rename(other)
    (checkout / "aside").rename(checkout / "combs/ocr")
    assert check(checkout, "HEAD") == 0


def test_a_comb_that_was_renamed_where_it_is_is_compared_all_the_same(checkout: Path) -> None:
    path = checkout / "combs/ocr/comb.yaml"
    path.write_text(COMB.replace("name: ocr", "name: reading"))
    assert check(checkout, "HEAD") == 0
    change(checkout, "string text = 1", "int32 text = 1")
    assert check(checkout, "HEAD") == 1


def test_of_several_combs_of_one_name_it_is_said_that_none_is_known(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = checkout / "combs/again"
    again.mkdir()
    (again / "comb.yaml").write_text(COMB.replace("protos/", "../ocr/protos/"))
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "two of one name")
    (again / "comb.yaml").unlink()
    (checkout / "combs/ocr").rename(checkout / "combs/moved")
    check(checkout, "HEAD")
    out = " ".join(capsys.readouterr().out.split())
    assert "warning[COMB3604]" in out
    assert "`combs/again/comb.yaml` and `combs/ocr/comb.yaml` are all named `ocr`" in out


def test_a_comb_that_nobody_had_before_is_new(checkout: Path) -> None:
    path = checkout / "combs/new"
    path.mkdir()
    (path / "comb.yaml").write_text(COMB.replace("name: ocr", "name: new").replace("protos/", "../ocr/protos/"))
    assert check(checkout, "HEAD") == 0


@pytest.mark.parametrize("directory", ["interface", "protos/deeper", ""])
def test_a_proto_that_moved_is_compared_too(checkout: Path, directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    home = checkout / "combs/ocr"
    (home / directory).mkdir(exist_ok=True)
    (home / "protos/ocr.proto").rename(home / directory / "ocr.proto")
    moved = f"{directory}/ocr.proto".removeprefix("/")
    (home / "comb.yaml").write_text(COMB.replace("protos/ocr.proto", moved))
    assert check(checkout, "HEAD") == 0
    path = home / moved
    path.write_text(PROTO.replace("string text = 1", "int32 text = 1"))
    assert check(checkout, "HEAD") == 1
    assert "error[COMB3601]" in capsys.readouterr().out


def test_a_proto_that_was_renamed_is_compared_too(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = checkout / "combs/ocr"
    (home / "protos/ocr.proto").unlink()
    (home / "protos/reading.proto").write_text(PROTO.replace("string text = 1", "int32 text = 1"))
    (home / "comb.yaml").write_text(COMB.replace("ocr.proto", "reading.proto"))
    assert check(checkout, "HEAD") == 1
    out = capsys.readouterr().out
    assert "error[COMB3601]" in out
    assert "FILE_NO_DELETE" in out


PLATFORM = """apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters:
  east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}
  west: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}
namespaces: {vision: {}}
environments:
  staging: {clusters: [west], namespace: vision}
  production: {clusters: [east], namespace: vision}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""


def release(root: Path, environment: str) -> Path:
    """What is published of the checkout, as it is, in an environment."""
    (root / "platform.yaml").write_text(PLATFORM)
    platform = ("--platform", str(root / "platform.yaml"), "--environment", environment)
    published = root.parent / f"{root.name}-published"
    assert main(["render", str(root / "combs"), *platform, "--unbuilt", "--no-cache", "-o", str(published)]) == 0
    return published


def test_a_release_is_what_is_published(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published = release(checkout, "production")
    assert check(checkout, str(published)) == 0
    change(checkout, "string text = 1", "int32 text = 1")
    assert check(checkout, str(published)) == 1
    out = capsys.readouterr().out
    assert "COMB3601" in out
    assert f"that of `ocr` in `{published}`" in out
    one = next(published.glob("clusters/*/*/ocr"))
    assert check(checkout, str(one)) == 1


def test_a_comb_that_was_never_released_breaks_nobody(checkout: Path) -> None:
    published = release(checkout, "production")
    path = checkout / "combs/ocr/comb.yaml"
    path.write_text(COMB.replace("name: ocr", "name: new"))
    change(checkout, "string text = 1", "int32 text = 1")
    assert check(checkout, str(published)) == 0


def test_releases_that_promise_different_things_must_be_told_apart(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = release(checkout, "production")
    change(checkout, "bytes picture = 1;", "bytes picture = 1; bytes mask = 2;")
    release(checkout, "staging")
    assert check(checkout, str(published)) == 0
    out = capsys.readouterr().out
    assert "warning[COMB3604]" in out
    assert "promise different things" in out
    assert check(checkout, str(published / "clusters/east/vision/ocr")) == 0


def test_a_release_that_cannot_be_read_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published = release(checkout, "production")
    file = next(published.glob("clusters/*/*/ocr/release.json"))
    file.write_text("{}")
    assert check(checkout, str(published)) == 2
    assert "its version is None" in capsys.readouterr().err


def test_a_directory_without_releases_may_be_called_as_a_branch(checkout: Path) -> None:
    (checkout / "main").mkdir()
    assert check(checkout, "main") == 0
