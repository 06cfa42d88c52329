"""What images cost: building the example's from nothing, after a change of code and of a model, what is then sent, and
how large they are beside what a plain Dockerfile makes of the same.

The bars (issue "Images"): a rebuild after a change of code takes at most 5 s; after a change of a model only its layer
is sent; aim for half of the size. The plain Dockerfile begins with Debian, Python, pip and compilers, copies the
checkout and runs pip; a Docker engine builds it, and says how large both are unpacked; a registry has it as it is sent.
Programs that are not on PATH are had from Debian. A busy machine's clock says little: CPU does, and the quickest run.
"""

import argparse
import functools
import hashlib
import http.server
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from comb_compiler.images.engines import Engine, load  # noqa: E402
from comb_compiler.images.layout import ImageLayout  # noqa: E402
from comb_compiler.images.names import Reference  # noqa: E402
from comb_compiler.images.registry import Repository  # noqa: E402
from comb_compiler.images.requests import Requests  # noqa: E402
from tests.images.example import Example, copy_example, example_wheels  # noqa: E402
from tests.servers import engine as servers  # noqa: E402
from tests.support.tools import from_debian, locate  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "images.md"
_DEBIAN = "python3,python3-pip,build-essential,python3-dev,ca-certificates"
_DOCKERFILE = """\
FROM plain-base
COPY . /app
RUN pip install --break-system-packages --no-index --find-links http://127.0.0.1:{port}/ {names}
WORKDIR /app
CMD ["python3", "-m", "comb_compiler.runtime.service"]
"""
_NAMES = "comb-runtime[service,conditions] numpy onnxruntime opencv-python-headless pillow"
_MIB = 1 << 20


class Took(NamedTuple):
    """Seconds by the clock, at best and in the middle of several runs, and of CPU in the middle."""

    least: float
    wall: float
    cpu: float

    @property
    def cells(self) -> str:
        return f"{self.least:.1f} | {self.wall:.1f} | {self.cpu:.1f}"


class Sizes(NamedTuple):
    """Bytes: of the largest of Comb's images unpacked and as sent, all four as sent, and the plain one likewise."""

    unpacked: int
    largest: int
    together: int
    plain: int
    plain_sent: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comb-images-") as scratch:
        text = _report(Path(scratch), arguments.runs)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


def _report(scratch: Path, runs: int) -> str:
    for name in ("base", "registry", "engine"):
        (scratch / name).mkdir()
    wheels = example_wheels(_made(scratch / "wheels"))
    base = servers.base_of_debian(scratch / "base").path
    with servers.registry(locate("docker-registry"), scratch / "registry") as registry:
        made = copy_example(scratch / "comb", registry, wheels, base)
        cold = _took(made.build)
        made.run("image", "push", "images")
        code, sent_code = _changes(made, runs, _change_code)
        model, sent_model = _changes(made, runs, _change_model)
        sizes = _sizes(made, registry, scratch)
    rows = [
        f"| from nothing | {cold.cells} | | |",
        f"| a change of code | {code.cells} | {sent_code} | at most 5 s |",
        f"| a change of a model | {model.cells} | {sent_model} | the model's layer alone |",
    ]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    date, load = f"{datetime.now(UTC):%Y-%m-%d}", f"load {os.getloadavg()[0]:.1f}"
    ratio, sent = sizes.unpacked / sizes.plain, sizes.largest / sizes.plain_sent
    return "\n".join(
        [
            "# Images",
            "",
            f"{date}, {machine}, {load}; the example: four processes. Of {runs} runs; from nothing of one.",
            "",
            "| `comb image build` | s by the clock, least | median | s of CPU | `comb image push` sends | is to be |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "| image | MiB |",
            "|---|---|",
            f"| the largest of Comb's, unpacked in an engine | {sizes.unpacked / _MIB:,.0f} |",
            f"| a plain Dockerfile's, unpacked in an engine | {sizes.plain / _MIB:,.0f} |",
            f"| the largest of Comb's, as it is sent | {sizes.largest / _MIB:,.0f} |",
            f"| all four, as they are sent | {sizes.together / _MIB:,.0f} |",
            f"| a plain Dockerfile's, as it is sent | {sizes.plain_sent / _MIB:,.0f} |",
            "",
            f"Comb's is {ratio:.2f} × the plain one unpacked (is to be: about half), and {sent:.2f} × as it is sent.",
            "",
        ]
    )


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _took(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), _children()
    work()
    seconds = time.perf_counter() - wall
    return Took(seconds, seconds, _children() - cpu)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _changes(made: Example, runs: int, change: Callable[[Example, int], None]) -> tuple[Took, str]:
    """What a build takes after each of some changes, and what the last push sent."""
    took, sent = [], ""
    for number in range(runs):
        change(made, number)
        took.append(_took(made.build))
        told = [line.partition("  ")[2] for line in made.run("image", "push", "images").splitlines()]
        sent = ", ".join(line for line in told if line != "nothing to send")
    _, walls, cpus = zip(*took, strict=True)
    return Took(min(walls), statistics.median(walls), statistics.median(cpus)), sent


def _change_code(made: Example, number: int) -> None:
    code = made.directory / "operators" / "verdict.py"
    code.write_text(f"{code.read_text(encoding='utf-8')}\n# {number}\n", encoding="utf-8")


def _change_model(made: Example, number: int) -> None:
    """Another model, of the same size, which comb.lock pins then."""
    rules, comb = made.directory / "rules" / "decision.json", made.directory / "comb.yaml"
    before = hashlib.sha256(rules.read_bytes()).hexdigest()
    rules.write_text(f"{rules.read_text(encoding='utf-8').rstrip()}{' ' * (number + 1)}\n", encoding="utf-8")
    after = hashlib.sha256(rules.read_bytes()).hexdigest()
    comb.write_text(comb.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    (made.directory / "comb.lock").unlink(missing_ok=True)


def _sizes(made: Example, registry: str, scratch: Path) -> Sizes:
    layout = ImageLayout(made.directory / "images")
    images = layout.images()
    sent = {
        name: {one["digest"]: one["size"] for one in layout.manifest(it.digest)["layers"]}
        for name, it in images.items()
    }
    largest = max(sent, key=lambda name: sum(sent[name].values()))
    together = {digest: size for one in sent.values() for digest, size in one.items()}
    with servers.engine(locate("dockerd"), scratch / "engine") as client:
        unpacked = client.images.get(load(client, layout, images[largest])).attrs["Size"]
        plain = _plain(client, made, registry, scratch)
    return Sizes(unpacked, sum(sent[largest].values()), sum(together.values()), *plain)


def _plain(client: Engine, made: Example, registry: str, scratch: Path) -> tuple[int, int]:
    """The size of what a plain Dockerfile makes, unpacked and as it is sent."""
    root = scratch / "debian.tar"
    subprocess.run(
        [_mmdebstrap(), "--variant=minbase", f"--include={_DEBIAN}", "bookworm", str(root)],
        check=True,
        capture_output=True,
    )
    with root.open("rb") as archive:
        client.api.import_image_from_data(archive.read(), repository="plain-base", tag="latest")
    context = shutil.copytree(made.directory, scratch / "context", ignore=shutil.ignore_patterns("images", ".comb"))
    with _index(made.wheels) as port:
        (context / "Dockerfile").write_text(_DOCKERFILE.format(port=port, names=_NAMES), encoding="utf-8")
        image, _ = client.images.build(path=str(context), network_mode="host", rm=True)
    image.tag(f"{registry}/plain", "1")
    client.images.push(f"{registry}/plain", "1")
    place = Reference(registry, "plain", "")
    repository = Repository(Requests(place.address, lambda: None), place.repository)
    manifest = json.loads(repository.manifest(repository.digest("1")))
    return int(image.attrs["Size"]), sum(int(one["size"]) for one in manifest["layers"])


def _mmdebstrap() -> str:
    return shutil.which("mmdebstrap") or str(from_debian("mmdebstrap", "mmdebstrap"))


@contextmanager
def _index(wheels: Path) -> Iterator[int]:
    """The wheels over HTTP, at a port of this machine."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    handler = functools.partial(Silent, directory=str(wheels))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


if __name__ == "__main__":
    main()
