"""Registries, bases, layouts and wheels that somebody made to hurt: every one is refused in a sentence."""

import gzip
import hashlib
import io
import json
import lzma
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest

from comb_compiler.images.archives import File, Plain, write_layer
from comb_compiler.images.artifacts import artifacts_of
from comb_compiler.images.authorisation import Challenge, answer
from comb_compiler.images.bases import look_into, open_archive, open_layout
from comb_compiler.images.credentials import Credential
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import FETCHED, INDEX, MANIFEST, Base, Descriptor, ImageError
from comb_compiler.images.names import Reference
from comb_compiler.images.pulling import pull_base
from comb_compiler.images.pushing import push_images
from comb_compiler.images.registry import Repository
from comb_compiler.images.requests import Requests
from comb_compiler.images.wheels import wheel_files
from tests.images.making import GLIBC, archive_of, base_layout
from tests.images.test_pushing import layered

ANN = Credential("ann", "a secret")
BLOB = b"a layer" * 100
_DEEP = b"[" * 200_000
Answer = tuple[int, bytes, dict[str, str]]


class Liar:
    """A registry that answers as it likes: what the n-th request is told, by its method and path."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.says: Callable[[str, str], Answer] = lambda method, path: (404, b"", {})

    def repository(self, credential: Credential | None = None) -> Repository:
        address = f"http://{self.host}"
        return Repository(Requests(address, lambda: credential, sleep=lambda seconds: None), "a/b")


@pytest.fixture
def liars() -> Iterator[Callable[[], Liar]]:
    servers = []

    def opened() -> Liar:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                opened_liar.asked.append((self.command, self.path, dict(self.headers)))
                status, content, headers = opened_liar.says(self.command, self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                """Nobody reads it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        opened_liar = Liar(f"127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return opened_liar

    yield opened
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def liar(liars: Callable[[], Liar]) -> Liar:
    return liars()


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    made = ImageLayout(tmp_path / "layout")
    made.prepare()
    return made


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def drafts(layout: ImageLayout) -> list[Path]:
    return [path for path in layout.path.glob("blobs/sha256/*") if path.is_file()]


@pytest.mark.parametrize(
    "content",
    [BLOB + b"more" * 10_000, BLOB[:-1], b"", BLOB[:-1] + b"!"],
    ids=["without end", "short", "none", "other"],
)
def test_a_blob_that_is_another_than_it_says_is_never_there(content: bytes, liar: Liar, layout: ImageLayout) -> None:
    liar.says = lambda method, path: (200, content, {})
    with pytest.raises(RegistryFailed, match="gives something else for"):
        liar.repository().fetch(Descriptor("x", digest_of(BLOB), len(BLOB)), layout)
    assert drafts(layout) == []


def test_a_blob_is_read_no_further_than_it_is_long(liar: Liar, layout: ImageLayout) -> None:
    endless = b"\0" * (8 << 20)
    liar.says = lambda method, path: (200, endless, {"Content-Length": str(1 << 50)})
    with pytest.raises(RegistryFailed, match="gives something else for"):
        liar.repository().fetch(Descriptor("x", digest_of(BLOB), len(BLOB)), layout)
    assert drafts(layout) == []


def test_what_was_cut_off_or_changed_in_a_layout_is_made_again_or_said(tmp_path: Path, layout: ImageLayout) -> None:
    source = base_layout(tmp_path / "base")
    base = open_layout(source)
    layout.take(source, base.layers)
    blob = layout.blob(base.layers[0].digest)
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1])
    layout.take(source, base.layers)
    assert blob.read_bytes() == whole
    source.blob(base.layers[0].digest).unlink()
    source.blob(base.layers[0].digest).symlink_to("/etc/passwd")
    blob.unlink()
    with pytest.raises(ImageError, match="is something else"):
        layout.take(source, base.layers)
    assert drafts(layout) == []


def manifest(**more: Any) -> dict[str, Any]:
    blob = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of(b""), "size": 0}
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": blob, "layers": [blob], **more}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        _DEEP,
        json.dumps(manifest(config=5)).encode(),
        json.dumps(manifest(config={"mediaType": "x", "digest": 5, "size": 0})).encode(),
        json.dumps(manifest(config={"mediaType": "x", "digest": "sha256:../../../etc/passwd", "size": 0})).encode(),
        json.dumps(manifest(layers=[{"mediaType": "x", "digest": digest_of(b""), "size": -1}])).encode(),
        json.dumps(manifest(layers=[{"mediaType": "x", "digest": digest_of(b""), "size": "0"}])).encode(),
        json.dumps(manifest(layers="x")).encode(),
        json.dumps({"mediaType": INDEX, "manifests": [{"digest": 5, "platform": {"os": "linux"}}]}).encode(),
        json.dumps(
            {"mediaType": INDEX, "manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}
        ).encode(),
        json.dumps(
            {"manifests": [{"digest": "sha256:" + "/" * 64, "platform": {"os": "linux", "architecture": "amd64"}}]}
        ).encode(),
    ],
)
def test_a_manifest_that_is_none_is_said(content: bytes, liar: Liar, layout: ImageLayout) -> None:
    liar.says = lambda method, path: (200, content if "/manifests/" in path else b"", {})
    image = Reference(liar.host, "a/b", digest_of(content))
    with pytest.raises(ImageError):
        pull_base(image, liar.repository(), layout)


def test_a_manifest_under_another_digest_is_refused(liar: Liar, layout: ImageLayout) -> None:
    content = json.dumps(manifest()).encode()
    liar.says = lambda method, path: (200, content, {"Docker-Content-Digest": digest_of(b"asked for")})
    with pytest.raises(RegistryFailed, match="gives something else for"):
        pull_base(Reference(liar.host, "a/b", digest_of(b"asked for")), liar.repository(), layout)
    assert liar.repository().digest("1") == digest_of(content)


@pytest.mark.parametrize("content", [b"<html>sign in</html>", b"", b"[]", b"{}", _DEEP])
def test_a_tag_of_no_image_is_pinned_nowhere(content: bytes, liar: Liar) -> None:
    liar.says = lambda method, path: (200, content, {"Docker-Content-Digest": digest_of(content)})
    with pytest.raises(RegistryFailed, match="gives no image for `1`"):
        liar.repository().digest("1")


@pytest.mark.parametrize("where", ["http://[::1", "http://127.0.0.1:1/x", "ftp://elsewhere/x"])
def test_a_place_for_uploads_that_is_none_is_said(where: str, liar: Liar, tmp_path: Path) -> None:
    liar.says = lambda method, path: (202 if method == "POST" else 404, b"", {"Location": where})
    layout, digest = layered(tmp_path / "pushed", b"one")
    connect = liar.repository().requests
    with pytest.raises(RegistryFailed):
        list(push_images(layout, [Reference(liar.host, "a/b", digest)], lambda image: connect, lambda line: None))


def test_nobody_else_hears_who_we_are(liars: Callable[[], Liar], tmp_path: Path) -> None:
    liar, other = liars(), liars()

    def says(method: str, path: str) -> Answer:
        if not any("Authorization" in headers for _, _, headers in liar.asked[-1:]):
            return 401, b"", {"WWW-Authenticate": 'Basic realm="x"'}
        if method == "POST":
            return 202, b"", {"Location": f"http://{other.host}/upload"}
        return (307, b"", {"Location": f"http://{other.host}/kept"}) if method == "GET" else (404, b"", {})

    liar.says, other.says = says, lambda method, path: (201, b"", {})
    repository = liar.repository(ANN)
    blob = tmp_path / "blob"
    blob.write_bytes(BLOB)
    assert repository.send(Descriptor("x", digest_of(BLOB), len(BLOB)), blob)
    with pytest.raises(RegistryFailed):
        repository.manifest(digest_of(b""))
    assert [method for method, _, _ in other.asked] == ["PUT", "GET"]
    assert not any("Authorization" in headers for _, _, headers in other.asked)


@pytest.mark.parametrize(
    "realm", ["http://127.0.0.1:8080/token", "http://a.example/t", "https://[::1", "file:///etc/x", ""]
)
def test_a_registry_elsewhere_has_credentials_sent_over_tls_alone(realm: str) -> None:
    asked: list[str] = []

    def ask(method: str, url: str, headers: object, body: bytes | None) -> tuple[int, bytes]:
        asked.append(url)
        return 200, b'{"token": "t"}'

    with pytest.raises(RegistryFailed, match="others can read them"):
        answer("registry.example.com", Challenge("bearer", realm, "", ""), ANN, ask)
    assert asked == []


@pytest.mark.parametrize("token", ['"a\\r\\nX: y"', "{}", "5", '"\\u2028"', '""', "[1]"])
def test_a_token_that_is_more_than_a_word_is_refused(token: str) -> None:
    def ask(method: str, url: str, headers: object, body: bytes | None) -> tuple[int, bytes]:
        return 200, f'{{"token": {token}}}'.encode()

    with pytest.raises(RegistryFailed, match="tokens that cannot be read"):
        answer("registry.example.com", Challenge("bearer", "https://a.example/t", "", ""), ANN, ask)


@pytest.mark.parametrize(
    "content", [_DEEP, b"\x1b]0;x\x07" * 10, b'{"errors": [{"code": "\x1b[31m"}]}', b"x" * (3 << 20)]
)
def test_nothing_of_what_a_registry_says_is_shown(content: bytes, liar: Liar) -> None:
    liar.says = lambda method, path: (400, content, {})
    with pytest.raises(RegistryFailed) as failed:
        liar.repository().manifest(digest_of(b""))
    assert str(failed.value) == f"{liar.host}/a/b: the registry answers 400"


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> tuple[ImageLayout, Base]:
    """A base whose configuration was changed."""
    layout = base_layout(tmp_path / "changed")
    told = dict(layout.manifest(layout.images()["base"].digest))
    config = json.loads(layout.read(told["config"]["digest"]))
    change(config)
    told["config"] = layout.write_json("x", config).json()
    layout.name({"base": layout.write_json(MANIFEST, told)})
    return layout, open_layout(layout)


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.pop("architecture"),
        lambda config: config.update(os=5),
        lambda config: config.pop("rootfs"),
        lambda config: config.update(rootfs=[]),
        lambda config: config["rootfs"].update(diff_ids=[]),
        lambda config: config["rootfs"].update(diff_ids=["../x"]),
        lambda config: config["config"].update(Env=5),
        lambda config: config["config"].update(Env=[5]),
        lambda config: config.update(config=5),
        lambda config: config.update(history=[5]),
    ],
)
def test_a_base_whose_configuration_is_none_is_refused(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    with pytest.raises(ImageError, match="no image that can be read: its configuration"):
        changed(tmp_path, change)


def of_layers(tmp_path: Path, *layers: bytes) -> tuple[ImageLayout, Base]:
    """A base of these layers."""
    layout = base_layout(tmp_path / "layers")
    blobs = [layout.write("application/vnd.oci.image.layer.v1.tar", one) for one in layers]
    return layout, open_layout(layout)._replace(layers=tuple(blobs))


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        for name in names:
            file.addfile(tarfile.TarInfo(name))
    return made.getvalue()


@pytest.mark.parametrize(
    "gone", ["usr/bin/.wh.python3.11", "usr/.wh.bin", "usr/bin/.wh..wh..opq", ".wh.usr", "./usr/bin/.wh.python3.11"]
)
def test_what_a_layer_takes_away_is_not_there(gone: str, tmp_path: Path) -> None:
    layout, base = of_layers(tmp_path, archive(*GLIBC), archive(gone))
    with pytest.raises(ImageError, match=r"no Python 3 in a `bin`|neither glibc nor musl"):
        look_into(base, layout)
    layout, base = of_layers(tmp_path / "again", archive(*GLIBC), archive(gone), archive(*GLIBC))
    assert look_into(base, layout).python == (3, 11)


def test_what_a_layer_brings_beside_what_it_takes_away_is_there(tmp_path: Path) -> None:
    layers = archive(*GLIBC), archive("usr/bin/python3.12", "usr/bin/.wh.python3.11")
    layout, base = of_layers(tmp_path, *layers)
    assert look_into(base, layout).python == (3, 12)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (b"\x28\xb5\x2f\xfd" + b"x" * 100, "compressed by zstd, which is not read: choose another base"),
        (b"no archive", "cannot be read"),
        (gzip.compress(archive(*GLIBC))[:-30], "cannot be read|no Python"),
        (gzip.compress(archive(*GLIBC))[:60] + b"\0" * 60, "cannot be read"),
        (lzma.compress(archive(*GLIBC))[:60] + b"\0" * 60, "cannot be read"),
    ],
)
def test_a_layer_that_cannot_be_read_is_said(layer: bytes, said: str, tmp_path: Path) -> None:
    layout, base = of_layers(tmp_path, layer)
    with pytest.raises(ImageError, match=said):
        look_into(base, layout)


def test_an_archive_whose_layers_are_others_than_it_says_is_refused(tmp_path: Path, layout: ImageLayout) -> None:
    made = base_layout(tmp_path / "base")
    told = dict(made.manifest(made.images()["base"].digest))
    other = made.write("x", archive(*GLIBC, "etc/passwd"))
    told["layers"] = [{**told["layers"][0], "digest": other.digest, "size": other.size}]
    made.name({"base": made.write_json(MANIFEST, told)})
    with pytest.raises(ImageError, match="is something else"):
        open_archive(archive_of(made, tmp_path / "saved.tar"), layout)


@pytest.mark.parametrize("packed", [gzip.compress, lzma.compress])
def test_an_archive_that_was_damaged_is_refused(
    packed: Callable[[bytes], bytes], tmp_path: Path, layout: ImageLayout
) -> None:
    made = base_layout(tmp_path / "base", contents={"large": Random(1).randbytes(300_000).hex().encode()})
    content = packed(archive_of(made, tmp_path / "saved.tar").read_bytes())
    middle = len(content) // 2
    (tmp_path / "damaged.tar").write_bytes(content[:middle] + b"\xff" * 40 + content[middle + 40 :])
    with pytest.raises(ImageError, match="no archive of one image"):
        open_archive(tmp_path / "damaged.tar", layout)
    with pytest.raises(ImageError, match=r"`docker save` writes it: No such file or directory$"):
        open_archive(tmp_path / "absent.tar", layout)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"manifests": [5]}', b'{"manifests": [{"digest": "x"}]}', _DEEP, b"\xff"]
)
def test_an_index_that_is_none_is_said(content: bytes, layout: ImageLayout) -> None:
    (layout.path / "index.json").write_bytes(content)
    with pytest.raises(ImageError, match="no OCI image layout that can be read"):
        layout.images()


@pytest.mark.parametrize("said", ["../../etc/passwd", "x", "A" * 64, "a" * 63])
def test_a_label_of_models_names_digests_alone(said: str, layout: ImageLayout) -> None:
    image = Reference("registry.example.com", "a/b", digest_of(b""))
    with pytest.raises(ImageError, match="is no digest of SHA-256"):
        list(artifacts_of(layout, image, {"annotations": {FETCHED: said}}))
    assert list(artifacts_of(layout, image, {"annotations": [said]})) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "a-1.data/scripts/../../x", "a-1.data/x/y"]
)
def test_a_wheel_stays_where_it_belongs(name: str, tmp_path: Path, layout: ImageLayout) -> None:
    path = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(ImageError, match=r"no path inside an image|goes nowhere"):
        write_layer(layout, "wheels", wheel_files(path, "comb/packages"))
    assert drafts(layout) == []


@pytest.mark.parametrize(
    "name", ["a\nb.py", "a\x1b[31m.py", "ü" * 120 + ".py", "a" * 300 + ".py", "\udcff.py", "-rf", "FROM x"]
)
def test_a_name_is_only_a_name(name: str, layout: ImageLayout) -> None:
    layer = write_layer(layout, "code", [File(f"comb/code/{name}", Plain(b"x"))])
    with tarfile.open(layout.blob(layer.blob.digest), errors="surrogateescape") as file:
        assert f"comb/code/{name}" in file.getnames()
