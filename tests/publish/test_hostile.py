"""Repositories, addresses and servers that mean harm: each is refused, with nothing changed and nothing shown."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from comb_compiler.publish import PublishError, Reach, Refused, open_mirror
from comb_compiler.publish.addresses import check_address
from comb_compiler.publish.git import users_configuration
from comb_compiler.publish.trees import Graft, write_tree
from tests.publish.environment import Remote, Writer, git, wanted

HERE = "clusters/east/apps/ocr"
FLUX = "clusters/east/_flux/apps.ocr.yaml"


@pytest.mark.parametrize(
    ("path", "mode", "why"),
    [
        (f"{HERE}/notes.txt", "100644", r"holds `notes\.txt`, which its release\.json does not list"),
        (f"{HERE}/link.yaml", "120000", r"`link\.yaml`, a symbolic link"),
        (f"{HERE}/deployment-ocr.yaml", "120000", "a symbolic link"),
        (f"{HERE}/sub", "160000", "`sub`, a submodule"),
        (f"{HERE}/-rf", "100644", "`-rf`"),
        (f"{HERE}/a\x1b[31m\nb", "100644", r"holds `a.*b`"),
        (f"{HERE}/below/x", "100644", "`below/x`"),
        (f"{HERE}/release.json", "100644", r"is no release\.json"),
        (FLUX, "120000", r"_flux/apps\.ocr\.yaml` is a symbolic link"),
        (f"{FLUX}/x", "100644", "is a directory, where a file belongs"),
    ],
)
def test_what_somebody_put_there_stops_it(remote: Remote, writer: Writer, path: str, mode: str, why: str) -> None:
    writer.publish(wanted())
    content = remote.commits()[0] if mode == "160000" else "/etc/passwd"
    head = remote.commit({path: (mode, content)})
    with pytest.raises(Refused, match=why) as refused:
        writer.publish(wanted(text="two"))
    assert "\x1b" not in str(refused.value)
    assert remote.commits()[0] == head


@pytest.mark.parametrize("way", ["clusters", "clusters/east", "clusters/east/apps", "clusters/east/_flux", HERE])
@pytest.mark.parametrize("mode", ["120000", "160000", "100644"])
def test_nothing_is_written_through_what_is_no_directory(remote: Remote, writer: Writer, way: str, mode: str) -> None:
    first = remote.commit({"clusters-of-others": ("100644", "x")}, onto=None)
    entries = {way: (mode, first if mode == "160000" else "../../elsewhere")}
    head = remote.commit(entries | ({} if way == "clusters" else {"clusters/x": ("100644", "x")}))
    with pytest.raises(Refused, match=f"`{way}` is .*, where"):
        writer.publish(wanted())
    assert remote.commits()[0] == head


def test_a_repository_of_something_else_is_left_alone(remote: Remote, writer: Writer) -> None:
    remote.commit({"src/main.py": ("100644", "print()")}, onto=None)
    with pytest.raises(Refused, match="this is no environment repository"):
        writer.publish(wanted())


def test_a_release_of_another_comb_in_the_directory_stops_it(remote: Remote, writer: Writer) -> None:
    writer.publish(wanted("nsfw"))
    remote.commit({f"{HERE}/release.json": ("100644", remote.content("clusters/east/apps/nsfw/release.json"))})
    with pytest.raises(Refused, match=r"of another comb: .*nsfw"):
        writer.publish(wanted())


def test_a_branch_that_was_rewritten_is_not_built_on(remote: Remote, writer: Writer) -> None:
    writer.publish(wanted())
    writer.publish(wanted(text="two"))
    forced = remote.commit({"clusters/x": ("100644", "x")}, onto=remote.commits()[1])
    with pytest.raises(Refused, match=f"was rewritten(.|\n)*--trusted {forced}"):
        writer.publish(wanted(text="three"))
    git(remote.directory, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(Refused, match="is gone"):
        writer.publish(wanted(text="three"))


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", ".", ""])
def test_a_tree_with_names_that_lead_elsewhere_is_not_taken(remote: Remote, writer: Writer, name: str) -> None:
    writer.publish(wanted())
    blob = git(remote.directory, "hash-object", "-w", "--stdin", given=b"x")
    entry = f"100644 {name}".encode() + b"\0" + bytes.fromhex(blob)
    tree = git(remote.directory, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=entry)
    commit = git(remote.directory, "commit-tree", "-p", "main", "-m", "evil", tree)
    git(remote.directory, "update-ref", "refs/heads/main", commit)
    with pytest.raises(PublishError, match="cannot be fetched"):
        writer.publish(wanted(text="two"))


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "-x/y", "a/.git/config", "a/./b", ""])
def test_no_path_that_leads_elsewhere_is_ever_written(remote: Remote, writer: Writer, path: str) -> None:
    with open_mirror(writer.reach()) as mirror, pytest.raises(Refused, match="cannot be a path"):
        write_tree(mirror.git, None, [Graft(path, {"": b"x"})])


@pytest.mark.parametrize(
    "url",
    [
        *("ext::sh -c touch% /tmp/pwned", "ext://sh", "git://git.example.com/x", "http://git.example.com/x", "/srv/x"),
        *("ftp://git.example.com/x", "ssh://-oProxyCommand=touch/x", "file://host/x", "https://a b/", "x", "-x://y"),
        *("ssh://git.example.com/-x", "ssh://-x@git.example.com/x", "https://[::1/x", "fd::17", "https://x/\x1b[31m"),
        *("ssh://me:hunter2@git.example.com/x", "https://hunter2@git.example.com/x", "https://x/y?token=hunter2"),
    ],
)
def test_other_transports_and_credentials_are_refused_and_not_shown(writer: Writer, url: str) -> None:
    with pytest.raises(Refused) as refused:
        writer.publish(wanted(), url=url)
    assert "hunter2" not in str(refused.value)
    assert url not in str(refused.value)
    assert not writer.cache.exists()


@pytest.mark.parametrize(
    "url", ["https://git.example.com/x.git", "ssh://git@git.example.com:22/x", "file:///srv/x", "http://127.0.0.1:80/x"]
)
def test_addresses_of_repositories_are_taken(url: str) -> None:
    assert check_address(url) == url


def test_neither_hooks_nor_filters_nor_settings_of_a_repository_run(
    remote: Remote, writer: Writer, tmp_path: Path
) -> None:
    writer.publish(wanted())
    mark = tmp_path / "ran"
    remote.commit(
        {
            ".gitattributes": ("100644", "* filter=evil diff=evil merge=evil\n"),
            ".gitmodules": ("100644", f'[submodule "x"]\n\tpath = x\n\turl = {remote.url}\n\tupdate = !touch {mark}\n'),
            ".gitconfig": ("100644", f"[core]\n\tfsmonitor = touch {mark}\n"),
        }
    )
    (mirror,) = (writer.cache / "environments").iterdir()
    for hook in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        file = mirror / "git" / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {mark}\n")
        file.chmod(0o755)
    for kind in ("clean", "smudge", "process"):
        git(mirror / "git", "config", f"filter.evil.{kind}", f"touch {mark}")
    assert writer.publish(wanted(text="two")).changed
    assert not mark.exists()


def test_another_branch_than_the_one_that_is_there_is_not_begun(remote: Remote, writer: Writer) -> None:
    remote.commit({"clusters/README.md": ("100644", "ours\n")}, branch="trunk", onto=None)
    with pytest.raises(Refused, match="has no branch `main`, and has `trunk`"):
        writer.publish(wanted())
    assert git(remote.directory, "for-each-ref", "--format=%(refname)") == "refs/heads/trunk"


@pytest.mark.parametrize("empty", [True, False])
def test_objects_that_are_named_otherwise_are_refused_for_good(tmp_path: Path, empty: bool) -> None:
    git(tmp_path, "init", "-q", "--bare", "--object-format=sha256", "-b", "main", "sha256.git")
    remote = Remote(tmp_path / "sha256.git")
    if not empty:
        remote.commit({"clusters/README.md": ("100644", "ours\n")}, onto=None)
    with pytest.raises(Refused, match="names its objects by SHA-256"):
        Writer(remote, tmp_path / "cache").publish(wanted())


def test_what_a_server_says_when_it_refuses_is_shown_and_nothing_else_obeys_it(remote: Remote, writer: Writer) -> None:
    hook = remote.directory / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf 'closed for the \\033[31mholidays\\n' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Refused, match=r"the server refused the push(.|\n)*closed for the .*holidays") as refused:
        writer.publish(wanted())
    assert "\x1b" not in str(refused.value)
    assert git(remote.directory, "for-each-ref") == ""


def test_a_server_that_takes_back_what_it_took_is_found_out(remote: Remote, writer: Writer) -> None:
    first = writer.publish(wanted()).commit
    hook = remote.directory / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nwhile read old new ref; do git update-ref $ref $old; done\n")
    hook.chmod(0o755)
    second = writer.publish(wanted(text="two")).commit
    assert remote.commits() == [first]
    with pytest.raises(Refused, match=f"was rewritten: {second[:12]} is no longer in it"):
        writer.publish(wanted(text="three"))


def test_a_server_whose_objects_are_not_what_their_names_say_is_not_believed(
    remote: Remote, writer: Writer, tmp_path: Path
) -> None:
    writer.publish(wanted())
    entry, other = (remote.files()[f"{HERE}/{name}"].split()[2] for name in ("release.json", "deployment-ocr.yaml"))
    places = [remote.directory / "objects" / one[:2] / one[2:] for one in (entry, other)]
    assert all(place.is_file() for place in places)
    places[0].chmod(0o600)
    places[0].write_bytes(places[1].read_bytes())
    before = remote.commits()
    with pytest.raises(PublishError):
        writer._replace(cache=tmp_path / "another").publish(wanted(text="two"))
    assert remote.commits() == before


def test_a_server_that_never_stops_talking_is_left(remote: Remote, writer: Writer) -> None:
    hook = remote.directory / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec yes on and on and on and on and on and on and on and on and on >&2\n")
    hook.chmod(0o755)
    with pytest.raises(PublishError, match="said more than is ever read"):
        writer.publish(wanted())
    assert git(remote.directory, "for-each-ref") == ""


def test_what_only_the_callers_own_git_knows_is_not_shown(tmp_path: Path) -> None:
    """A server that says again what it was told, and a setting that says it: neither brings a token to light."""

    def answer(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        told = asked.partition(b"Authorization: ")[2].partition(b"\r\n")[0]
        assert told == b"Bearer hunter2-hunter2"
        body = b"you said " + told
        head = b"HTTP/1.1 403 No " + told + b"\r\nContent-Type: text/plain\r\nContent-Length: "
        connection.sendall(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        connection.close()

    home = tmp_path / "home"
    home.mkdir()
    git(
        tmp_path,
        "config",
        "--file",
        str(home / ".gitconfig"),
        "http.extraHeader",
        "Authorization: Bearer hunter2-hunter2",
    )
    caller = {"HOME": str(home), "PATH": os.environ["PATH"]}
    with server(answer) as url:
        reach = Reach(url, "main", tmp_path / "cache", caller, users_configuration(caller), 10.0)
        with pytest.raises(PublishError) as failed, open_mirror(reach) as mirror:
            mirror.fetch()
    assert "403" in str(failed.value)
    assert "hunter2" not in str(failed.value)
    kept = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"hunter2" in content for content in kept)


Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """Something that listens as a git server would, and answers as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                held.append(connection)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/environments.git"
        listening.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()
        thread.join(5)


def _stalls(connection: socket.socket) -> None:
    connection.recv(4096)


def _resets(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def _lies(connection: socket.socket) -> None:
    connection.recv(4096)
    body = b"001e# service=git-upload-pack\n0000ffff\x1b[31mnonsense"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: "
    connection.sendall(head + str(len(body)).encode() + b"\r\n\r\n" + body)
    connection.close()


def _sends_elsewhere(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/\r\nContent-Length: 0\r\n\r\n")
    connection.close()


def _asks_for_a_password(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
    connection.close()


def test_a_server_that_sends_on_to_another_is_not_followed(writer: Writer) -> None:
    """Headers of the caller's own git, tokens among them, would go there too."""
    asked: list[bytes] = []

    def other(connection: socket.socket) -> None:
        asked.append(connection.recv(4096))
        connection.close()

    with server(other) as elsewhere:

        def sends_on(connection: socket.socket) -> None:
            connection.recv(4096)
            head = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/info/refs?service=git-upload-pack\r\n"
            connection.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())
            connection.close()

        with server(sends_on) as url, pytest.raises(PublishError, match="302"):
            writer._replace(patience=10.0).publish(wanted(), url=url)
    assert not asked


@pytest.mark.parametrize("answer", [_stalls, _resets, _lies, _sends_elsewhere, _asks_for_a_password])
def test_a_server_that_is_none_fails_in_time(writer: Writer, answer: Answer) -> None:
    with server(answer) as url, pytest.raises(PublishError) as failed:
        writer._replace(patience=3.0).publish(wanted(), url=url)
    assert "\x1b" not in str(failed.value)


def test_a_mirror_that_is_damaged_or_left_locked_is_mended(remote: Remote, writer: Writer) -> None:
    writer.publish(wanted())
    (mirror,) = (writer.cache / "environments").iterdir()
    (mirror / "git" / "refs" / "comb" / "head.lock").touch()
    (mirror / "git" / "shallow.lock").touch()
    assert writer.publish(wanted(text="two")).changed
    (mirror / "git" / "HEAD").unlink()
    assert writer.publish(wanted(text="three")).changed
    for pack in (mirror / "git" / "objects").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(b"")
    assert writer.publish(wanted(text="four")).changed
    assert len(remote.commits()) == 4
