"""Who sets the exam: waivers, floors and comparators of `comb gate`."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from comb_compiler.samples.embedded import EmbeddedStore
from tests.cli.test_gate import RIGHT, committed, gate, greeting, sample, verdicts
from tests.cli.test_samples import descriptors, record

PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}}
namespaces: {welcome: {}}
environments: {production: {clusters: [east], namespace: welcome}}
environmentRepository: {url: "https://git.example.com/environments.git"}
registry: {push: registry.example.com/combs}
"""
TODAY = datetime.now(UTC).date()


def platform(directory: Path, *lines: str) -> Path:
    directory.mkdir(exist_ok=True)
    file = directory / "platform.yaml"
    file.write_text(PLATFORM + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def waiver(weakens: str, days: int = 30, to: str = "", comb: str = "greeting") -> str:
    limit = f'to: "{to}", ' if to else ""
    until = TODAY + timedelta(days=days)
    return (
        f'waivers: {{calmer: {{comb: {comb}, weakens: {weakens}, {limit}by: "Ada, platform", '
        f'why: "a new model", until: "{until}"}}}}'
    )


@pytest.fixture
def weaker(tmp_path: Path) -> tuple[Path, Path]:
    """A comb, and the same with a sample less."""
    before = greeting(tmp_path / "before")
    after = greeting(tmp_path / "after", f"{RIGHT}.strip()")
    shutil.rmtree(after / "samples/standard/alan")
    return before, after


def asked(weaker: tuple[Path, Path], *arguments: str) -> tuple[int, str, str, dict[str, object]]:
    before, after = weaker
    ran, report = gate(after, "availability", "--baseline", str(before), *arguments)
    return ran.code, ran.out, ran.err, report


def test_who_weakens_the_exam_is_asked_what_was_there(tmp_path: Path) -> None:
    before = greeting(tmp_path / "before")
    after = greeting(tmp_path / "after", '"Hi " + text')
    sample(after / "samples/standard/ada", "Ada", "Hi Ada")
    shutil.rmtree(after / "samples/standard/alan")
    text = (after / "comb.yaml").read_text("utf-8").replace("same: 95%", "same: 90%")
    (after / "comb.yaml").write_text(text, encoding="utf-8")
    ran, report = gate(after, "--baseline", str(before))
    assert ran.code == 3
    assert len(report["gates"][0]["findings"]) == 3, "those of the baseline"
    assert [one["said"] for one in report["weakened"]] == [
        "gates.replay.regular.same goes down from 95% to 90%",
        "samples/standard: `alan` is taken out",
        "samples/standard: `ada` is changed (expected.text)",
    ]


def test_a_first_release_has_no_baseline(tmp_path: Path) -> None:
    ran, report = gate(greeting(tmp_path / "after"), "--baseline", "none")
    assert ran.code == 0, ran.out + ran.err
    assert verdicts(report)["replay regular"] == "not applicable"


def test_an_exam_that_is_weakened_without_a_waiver_blocks(weaker: tuple[Path, Path]) -> None:
    code, out, err, report = asked(weaker)
    assert code == 3
    assert verdicts(report) == {"availability": "passed"}
    assert report["verdict"] == "blocked"
    assert "weakened   comb.yaml:12:18: samples/standard: `alan` is taken out" in out
    assert "there is no waiver; what the baseline asks was asked" in out
    assert "error[COMB3503] weakened-exam: samples/standard: `alan` is taken out" in err
    assert "comb.yaml:12:18" in err
    files = {path.name: path.read_text("utf-8") for path in (weaker[1].parent / "report").iterdir()}
    assert "there is no waiver" in files["report.html"]
    assert "❌ **weakened**" in files["report.md"]
    assert 'name="exam"' in files["junit.xml"]
    statement = json.loads(files["statement.json"])["predicate"]
    assert (statement["verdict"], statement["weakened"][0]["field"]) == ("failed", "samples/standard/alan")


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ([waiver("samples/standard/alan")], 0, "waived by Ada, platform until"),
        ([waiver("samples/standard", to="absent")], 0, "(`calmer`): a new model"),
        ([waiver("samples/standard", days=0)], 0, "waived by Ada"),
        ([waiver("samples/standard", days=-1)], 3, "the waiver of Ada, platform (`calmer`) expired on"),
        (
            [waiver("samples/standard", to="changed")],
            3,
            "the waiver of Ada, platform (`calmer`) is for `to: changed`, and",
        ),
        ([waiver("samples/standard", comb="another")], 3, "there is no waiver"),
        ([waiver("samples/stand")], 3, "there is no waiver"),
        ([], 3, "there is no waiver"),
    ],
)
def test_a_waiver_lets_pass_what_it_names_until_its_day(
    weaker: tuple[Path, Path], tmp_path: Path, lines: list[str], code: int, said: str
) -> None:
    found, out, err, _ = asked(weaker, "--platform", str(platform(tmp_path / "platform", *lines)))
    assert (found, said in out) == (code, True), out + err
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert 'class="weakened"' in page
    assert said.partition("(")[0].strip() in page
    waived = json.loads((tmp_path / "report" / "statement.json").read_text("utf-8"))["predicate"]["weakened"][0]
    assert ("waiver" in waived) is (code == 0)


def test_a_platform_beside_the_comb_waives_as_it_did_before_the_change(tmp_path: Path) -> None:
    comb = greeting(tmp_path / "comb")
    committed(comb)
    shutil.rmtree(comb / "samples/standard/alan")
    (comb / "operators.py").write_text((comb / "operators.py").read_text("utf-8") + "# changed\n", encoding="utf-8")
    file = str(platform(comb, waiver("samples/standard")))
    ran, report = gate(comb, "availability", "--platform", file)
    assert (ran.code, report["verdict"]) == (3, "blocked"), "it is the change's own"
    git = ["git", "-C", str(comb), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run([*git, "add", "platform.yaml"], check=True)
    subprocess.run([*git, "commit", "-qm", "a waiver", "--", "platform.yaml"], check=True)
    ran, report = gate(comb, "availability", "--platform", file)
    assert (ran.code, report["verdict"]) == (0, "passed"), ran.out + ran.err
    platform(comb, "floors: {gates: {same: 99%}}")
    ran, report = gate(comb, "availability", "--platform", file)
    assert ran.code == 0, "neither do its floors count before they are there"


@pytest.mark.parametrize("link", ["platform.yaml", "platform"])
def test_a_platform_that_became_a_link_is_what_it_was(tmp_path: Path, link: str) -> None:
    comb, elsewhere = greeting(tmp_path / "comb"), tmp_path / "elsewhere"
    file = platform(comb if link == "platform.yaml" else comb / link)
    committed(comb)
    shutil.rmtree(comb / "samples/standard/alan")
    (comb / "operators.py").write_text((comb / "operators.py").read_text("utf-8") + "# changed\n", encoding="utf-8")
    waiving = platform(elsewhere, waiver("samples/standard"))
    if link == "platform.yaml":
        file.unlink()
    else:
        shutil.rmtree(comb / link)
    (comb / link).symlink_to(waiving if link == "platform.yaml" else elsewhere)
    ran, report = gate(comb, "availability", "--platform", str(file))
    assert (ran.code, report["verdict"]) == (3, "blocked"), ran.out + ran.err
    ran, report = gate(comb, "availability", "--platform", str(waiving))
    assert (ran.code, report["verdict"]) == (0, "passed"), "one that is no part of the checkout is whose it is"


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "comb.yaml", ".comb-context"])
def test_code_that_no_digest_is_of_is_not_asked(tmp_path: Path, mark: str) -> None:
    comb = greeting(tmp_path / "comb")
    (comb / "operators").mkdir()
    (comb / "operators.py").rename(comb / "operators" / "__init__.py")
    assert gate(comb, "availability", "--baseline", "none")[0].code == 0
    (comb / "operators" / mark).touch()
    ran, _ = gate(comb, "availability", "--baseline", "none")
    assert (ran.code, "operators/__init__.py, is no part of the comb" in ran.err) == (2, True), ran.out + ran.err


@pytest.mark.parametrize("name", ["words.pyc", "words.cpython-311-x86_64-linux-gnu.so", "inner/words.so"])
def test_compiled_code_that_no_digest_is_of_is_not_asked(tmp_path: Path, name: str) -> None:
    comb = greeting(tmp_path / "comb")
    (comb / name).parent.mkdir(exist_ok=True)
    (comb / name).touch()
    ran, _ = gate(comb, "availability", "--baseline", "none")
    assert (ran.code, f"{name} is compiled code beside the comb" in ran.err) == (2, True), ran.out + ran.err


def test_a_comb_below_the_platforms_floors_is_a_finding(tmp_path: Path) -> None:
    before, after = greeting(tmp_path / "before"), greeting(tmp_path / "after", f"{RIGHT}.strip()")
    file = platform(tmp_path / "platform", "floors: {gates: {same: 99%, samples: 500, load: true}}")
    ran, report = gate(after, "availability", "--baseline", str(before), "--platform", str(file))
    assert (ran.code, report["verdict"]) == (1, "passed")
    assert ran.err.count("below-floor") == 3
    assert "comb.yaml:14:51" in ran.err, ran.err


@pytest.mark.parametrize(("wanted", "code", "verdict"), [(3, 0, "passed"), (4, 3, "undecided")])
def test_a_first_release_needs_what_the_platform_says(tmp_path: Path, wanted: int, code: int, verdict: str) -> None:
    file = platform(tmp_path / "platform", f"firstRelease: {{samples: {wanted}}}")
    ran, report = gate(greeting(tmp_path / "after"), "--baseline", "none", "--platform", str(file))
    assert (ran.code, verdicts(report)["first release"]) == (code, verdict), ran.out + ran.err
    assert f"a first release needs {wanted} standard samples on this platform, and there are 3" in ran.out


def test_where_evidence_has_to_come_from_containers_it_is_said(tmp_path: Path) -> None:
    file = platform(tmp_path / "platform")
    file.write_text(file.read_text("utf-8").replace("namespace: welcome}", "namespace: welcome, isolation: container}"))
    _, report = gate(greeting(tmp_path / "after"), "--baseline", "none", "--platform", str(file))
    assert report["promise"].endswith("it is no evidence for production, which the gates have to ask in containers")


@pytest.mark.parametrize("content", ["kind: Comb\n", "apiVersion: comb.dev/v1\nkind: Platform\n", "{", None])
def test_what_is_no_platform_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "other.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    ran, _ = gate(greeting(tmp_path / "after"), "--baseline", "none", "--platform", str(file))
    assert (ran.code, f"--platform {file}" in ran.err) == (2, True), ran.err


def test_records_that_json_would_lose_a_part_of_are_not_asked_and_it_is_said(tmp_path: Path) -> None:
    before, after = greeting(tmp_path / "before"), greeting(tmp_path / "after", f"{RIGHT}.strip()")
    (tmp_path / "records").mkdir()
    store = EmbeddedStore(tmp_path / "records")
    other = FileDescriptorSet.FromString(descriptors(tmp_path / "records"))
    other.file[0].message_type.add(name="Later")  # what has their interface is asked in the very bytes
    interface = store.put_interface(other.SerializeToString())
    records = [record(number, interface=interface) for number in range(3)]
    for one in records:
        one.request.message += b"\xa0\x06\x05"  # a field of a client that is newer
    store.put(records)
    store.close()
    arguments = ["--baseline", str(before), "--store", f"embedded:{tmp_path / 'records'}"]
    ran, report = gate(after, "replay", *arguments)
    assert (ran.code, verdicts(report)["replay regular"]) == (3, "undecided")
    assert "none of 3 records of `greeting` can be asked again: they have fields" in ran.out


LOOSE = "def near(before, after):\n    return before.lower() == after.lower()\n"
HANGS = "import time\n\ndef near(before, after):\n    time.sleep(600)\n"
COMPARED = 'gates:\n  compare: {text: {run: "exam:near"}}\n'


def compared(directory: Path, body: str, code: str) -> Path:
    """A comb whose text is compared by code."""
    comb = greeting(directory, body)
    text = (comb / "comb.yaml").read_text("utf-8").replace("gates:\n", COMPARED)
    (comb / "comb.yaml").write_text(text, encoding="utf-8")
    (comb / "exam.py").write_text(code, encoding="utf-8")
    return comb


def test_the_comparator_is_the_baselines(tmp_path: Path) -> None:
    before = compared(tmp_path / "before", RIGHT, LOOSE)
    ran, report = gate(
        compared(tmp_path / "after", f"({RIGHT}).upper()", LOOSE), "availability", "--baseline", str(before)
    )
    assert (ran.code, report["weakened"]) == (0, []), ran.out + ran.err
    ran, report = gate(
        compared(tmp_path / "other", f"({RIGHT})[::-1]", LOOSE), "availability", "--baseline", str(before)
    )
    assert verdicts(report) == {"availability": "blocked"}
    blind = LOOSE.replace("before.lower() == after.lower()", "True")
    ran, report = gate(
        compared(tmp_path / "blind", f"({RIGHT})[::-1]", blind), "availability", "--baseline", str(before)
    )
    assert verdicts(report) == {"availability": "blocked"}, "its own would have passed"
    assert [one["said"] for one in report["weakened"]] == ["gates.compare.text: the code of `exam:near` is changed"]


def test_a_comparator_without_an_answer_decides_nothing(tmp_path: Path) -> None:
    before = compared(tmp_path / "before", RIGHT, HANGS.replace("600)", "0)\n    return 1"))
    after = compared(tmp_path / "after", f"({RIGHT}).upper()", LOOSE)
    ran, report = gate(after, "availability", "--baseline", str(before))
    assert (ran.code, verdicts(report)) == (3, {"availability": "undecided"})
    assert "the comparator `exam:near` has no answer: it returned 1, and not True or False" in ran.out


def spoil(place: Path, content: str | None) -> None:
    """A file has this content; a directory is empty, or gone where that is None."""
    if place.is_dir():
        shutil.rmtree(place)
        if content is not None:
            place.mkdir()
    else:
        place.write_text(content or "", encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "content", "said"),
    [
        ("standard/ada/request.json", "{", "ada/request.json:1: "),
        ("error/ken/expected.json", "{}", "samples/error: `ken` takes any answer as right"),
        ("standard", None, "there is no such directory of samples"),
        ("standard", "", "samples cannot be read:\n  there are no samples in this directory"),
    ],
)
def test_samples_that_are_none_decide_nothing(tmp_path: Path, place: str, content: str | None, said: str) -> None:
    comb = greeting(tmp_path / "comb")
    spoil(comb / "samples" / place, content)
    ran, report = gate(comb, "--baseline", "none")
    assert (ran.code, verdicts(report)) == (3, {"samples": "undecided"}), ran.out + ran.err
    assert said in report["gates"][0]["ruling"]["why"][0]
    ran, _ = gate(comb, "--baseline", "none", "--sample", "ada")
    assert (ran.code, said in ran.err) == (2, True), "nothing is asked, and nothing decided"
