"""The pictures of the docs: pages that Comb makes, as a browser shows them.

python -m tests.docs.pictures        # writes docs/pictures/*.webp; takes Chromium, and runs a gate of the example
python -m tests.docs.pictures load   # writes one
"""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from comb_compiler.gates import GateReport, GateResult, Ruling, Verdict
from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.results import LoadFound, StepFound, step_found
from comb_compiler.gates.load.saturation import Probe, Saturation
from comb_compiler.gates.load.seen import Step, Turned
from comb_compiler.gates.reports import report_html
from tests.gates.load.test_load_reports import side

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
EXAMPLE = ROOT / "examples" / "frame-moderation"
SIZE = (1200, 1000)
_PLATFORM = ("--platform", "platform.yaml", "--environment", "production")


def changed(directory: Path, edits: Mapping[str, str]) -> Path:
    """The example as a repository of its own, with edits of comb.yaml that are not committed."""
    copy = directory / "frame-moderation"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *arguments], cwd=copy, check=True)
    text = (copy / "comb.yaml").read_text("utf-8")
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new, 1)
    (copy / "comb.yaml").write_text(text, "utf-8")
    return copy


def comb(directory: Path, *arguments: str) -> str:
    """What `comb` prints. Its exit code is that of what it finds, so it is not looked at."""
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    return subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True).stdout


def change_page(directory: Path) -> str:
    """What a change does to what runs: an arm becomes the comb, and GPUs and instances are asked for."""
    copy = changed(
        directory,
        {
            "model: text-angle@1.4.0": "model: text-angle@1.5.0",
            "gpu: {memory: 2Gi, compute: 20%}": "gpu: {memory: 3Gi, compute: 30%}",
            "scale: {min: 2, max: 4, targets: {cpu: 70%, queue: 4}}": "scale: {min: 3, max: 6, targets: {cpu: 70%}}",
        },
    )
    return comb(copy, "plan", ".", *_PLATFORM, "--against", "main", "--format", "html")


def replay_page(directory: Path) -> str:
    """A gate that blocks: with another threshold texts are not found any more."""
    copy = changed(directory, {"boxThreshold: 0.5": "boxThreshold: 0.8"})
    comb(copy, "gate", "availability", ".", "--baseline", "main", "--patient", "--report", "out")
    return (copy / "out" / "report.html").read_text("utf-8")


def load_page(directory: Path) -> str:
    """A load gate that blocks, of invented figures: it looks the same on every machine."""
    same = Finding("baseline", "p50", Verdict.PASSED, "0% slower (3% faster to 2% slower); 10% are allowed")
    kept = Finding("promise", "p95 within 250 ms", Verdict.PASSED, "1.5% of the requests take longer; 5% may")
    slower = Finding("baseline", "p50", Verdict.BLOCKED, "21% slower (17% to 25%); 10% are allowed")
    steps = (
        loaded(20.0, 1.0, held=False)._replace(findings=(same,)),
        loaded(30.0, 1.21, held=True)._replace(findings=(kept, slower)),
    )
    probes = (
        Probe(30.0, True, Verdict.PASSED, "the promise is kept"),
        Probe(60.0, False, Verdict.BLOCKED, "the promise is broken"),
    )
    load = LoadFound("2 cores", steps, {"p95": 0.25}, "d" * 64, Saturation(42.4, 30.0, 60.0, probes, ""), None)
    ruling = Ruling(Verdict.BLOCKED, ("30 a second: p50 is 21% slower than the baseline, and 10% are allowed",))
    gate = GateResult("load", ruling, "samples/standard", "0" * 64, 1000, 1000, 0, 150.0, load=load)
    baseline = {"name": "main", "subject": "7d" * 32}
    report = GateReport("frame-moderation", "3a" * 32, baseline, "local", "local", "promised", "main", (gate,))
    return report_html(report, {})


def loaded(rate: float, times: float, held: bool) -> StepFound:
    """A rate at which the candidate takes so many times as long as the baseline."""
    before = side(rate, 20.0, "NVIDIA L4")
    (seen,) = before.turns
    after = before._replace(turns=(seen._replace(took=[times * one for one in seen.took]),))
    return step_found(Step(rate, after if held else None, None, Turned(before, after)))


PAGES: Mapping[str, Callable[[Path], str]] = {"change": change_page, "load": load_page, "replay": replay_page}
"""The picture's name → what makes the page that it shows, in an empty directory."""


def shown(page: Path) -> bytes:
    """The top of a page in Chromium, as WebP."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    shot = page.with_suffix(".png")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={page.parent}/user")
    size = f"--window-size={SIZE[0]},{SIZE[1]}"
    subprocess.run(
        [browser, *flags, size, f"--screenshot={shot}", page.as_uri()], check=True, stderr=subprocess.DEVNULL
    )
    content = io.BytesIO()
    Image.open(shot).convert("RGB").save(content, "WEBP", quality=80, method=6)
    return content.getvalue()


def main(names: list[str]) -> None:
    for name in names or PAGES:
        with tempfile.TemporaryDirectory() as directory:
            page = Path(directory, f"{name}.html")
            page.write_text(PAGES[name](Path(directory)), "utf-8")
            (PICTURES / f"{name}.webp").write_bytes(shown(page))
        print(f"{name}.webp: written")


if __name__ == "__main__":
    main(sys.argv[1:])
