"""git's own HTTP server takes what is pushed, gives it to who fetches, and serves nothing else."""

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import RequiresTool
from tests.servers.git_over_http import ALONE, git_server

WHO = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(*arguments: str, fails: bool = False) -> str:
    done = subprocess.run(["git", *arguments], env={**ALONE, **WHO}, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


def test_what_is_pushed_is_fetched(requires_tool: RequiresTool, tmp_path: Path) -> None:
    requires_tool("git")
    served, here, there = tmp_path / "served", tmp_path / "here", tmp_path / "there"
    git("init", "--quiet", "--bare", str(served / "a.git"))
    git("init", "--quiet", str(here))
    git("-C", str(here), "commit", "--quiet", "--allow-empty", "--message=One")
    with git_server(served) as url:
        refused = git("-C", str(here), "push", f"{url}/git/a.git", "HEAD:refs/heads/main", fails=True)
        assert "403" in refused  # whoever may push is said by the repository
        git("-C", str(served / "a.git"), "config", "http.receivepack", "true")
        git("-C", str(here), "push", f"{url}/git/a.git", "HEAD:refs/heads/main")
        git("clone", "--quiet", "--branch=main", f"{url}/git/a.git", str(there))
        assert "not found" in git("ls-remote", f"{url}/git/b.git", fails=True)
    assert git("-C", str(there), "log", "--format=%s") == "One\n"


@pytest.mark.parametrize("path", ["", "git", "other/a", "files/none", "files/../secret", "files/%2e%2e/secret"])
def test_nothing_else_is_served(path: str, requires_tool: RequiresTool, tmp_path: Path) -> None:
    requires_tool("git")
    files = tmp_path / "files"
    files.mkdir()
    (files / "one").write_bytes(b"one")
    (tmp_path / "secret").write_bytes(b"secret")
    with git_server(tmp_path, files) as url:
        assert urllib.request.urlopen(f"{url}/files/one", timeout=10).read() == b"one"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/{path}", timeout=10)
