"""`comb samples …` on a store with a few records of the comb in the checkout."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from comb_compiler.samples import Mark as SampleMark, load_sample_set
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.kept import kept_of
from comb_compiler.samples.record_pb2 import Mark, Reason, Record
from comb_compiler.samples.users import user_digest
from tests.cli.conftest import PROTO, Comb
from tests.support.terminal import on_terminal

STORE = ("--store", "embedded:records")
FIRST = 1_790_000_000.0
"""Unix time of the oldest record; each is a minute younger."""


def descriptors(directory: Path) -> bytes:
    from grpc_tools import protoc

    (directory / "greeting.proto").write_text(PROTO, encoding="utf-8")
    target = directory / "greeting.binpb"
    assert protoc.main(["protoc", f"-I{directory}", f"--descriptor_set_out={target}", "greeting.proto"]) == 0
    return FileDescriptorSet.FromString(target.read_bytes()).SerializeToString()


def record(number: int, **more: Any) -> Record:
    made = Record(
        schema=1, id=f"{number:032x}", request_id=f"r{number}", time=int((FIRST + 60 * number) * 1e9), comb="greeting",
        duration=(number + 1) * 1_000_000, environment="production", subject="ab" * 32, release="first", arm="",
        method="greeting.v1.GreetingService/Greet", reason=Reason.SAMPLED, share=0.1,
        user=user_digest(f"user-{number}"),
    )  # fmt: skip
    made.request.type, made.request.message = "greeting.v1.GreetRequest", bytes([10, 5, 10, 3]) + b"Ada"
    if more.get("code"):
        made.reason = Reason.ERROR
    else:
        made.answer.type, made.answer.message = "greeting.v1.Greeting", bytes([10, 9]) + b"Hello Ada"
    made.operators.add(
        node="hello", operator="greet", code=more.get("code", 0), began=10_000, duration=made.duration // 2
    )
    made.operators[0].inputs.add(port="name", path="name")
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def store(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    found = EmbeddedStore(checkout / "records")
    interface = found.put_interface(descriptors(tmp_path_factory.mktemp("protos")))
    records = [record(number, interface=interface) for number in range(4)]
    records += [record(4, interface=interface, code=13, error="`hello` broke"), record(5, interface=interface, code=4)]
    assert found.put(records).new == 6
    return found


def listed(comb: Comb, *options: str) -> list[str]:
    ran = comb("samples", "list", *STORE, "--format", "json", *options)
    assert ran.code == 0, ran.err
    return [one["request_id"] for one in json.loads(ran.out)["samples"]]


def test_a_list_is_newest_first_and_goes_on_where_it_ended(comb: Comb, store: EmbeddedStore) -> None:
    ran = comb("samples", "list", *STORE, "--limit", "4")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["id", "time", "comb", "release", "code", "took", "kept", "size"]
    assert [line.split()[0] for line in lines[1:]] == [f"{number:032x}" for number in (5, 4, 3, 2)]
    assert "DEADLINE_EXCEEDED" in lines[1]
    assert "error" in lines[1]
    page = ran.err.rpartition("--page ")[2].strip()
    assert listed(comb, "--limit", "4", "--page", page) == ["r1", "r0"]


def test_a_list_is_as_wide_as_the_terminal(comb: Comb, store: EmbeddedStore, checkout: Path, tmp_path: Path) -> None:
    whole = comb("samples", "list", *STORE).out
    wide = on_terminal(120, "samples", "list", *STORE, cwd=checkout, cache=tmp_path)
    assert (wide, max(map(len, wide.splitlines())) > 80) == (whole, True)
    narrow = on_terminal(80, "samples", "list", *STORE, cwd=checkout, cache=tmp_path)
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.split() == whole.split()
    assert [line[:2] == "  " for line in narrow.splitlines()] == [False, True] * 7


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--code", "INTERNAL"], ["r4"]),
        (["--code", "INTERNAL", "--code", "OK", "--slower", "3ms"], ["r4", "r3", "r2"]),
        (["--since", "2026-09-21T14:17:20Z"], ["r5", "r4"]),
        (["--until", "2026-09-21T14:14:20"], ["r0"]),
        (["--operator", "greet", "--operator-code", "INTERNAL"], ["r4"]),
        (["--user", "user-3"], ["r3"]),
        (["--text", "BROKE"], ["r4"]),
        (["--request", "r2"], ["r2"]),
        (["--reason", "error"], ["r5", "r4"]),
        (["--comb", "another"], []),
    ],
)
def test_what_is_asked_for_is_found(comb: Comb, store: EmbeddedStore, options: list[str], found: list[str]) -> None:
    assert listed(comb, *options) == found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--code", "INTERNALL"], "did you mean `INTERNAL`?"),
        (["--since", "yesterday"], "write a time as"),
        (["--slower", "5"], "as 200ms"),
        (["--since", "1h", "--until", "2h"], "nothing can be found"),
        (["--limit", "0"], "from 1 to 100000"),
        (["--page", "x"], "no page of this store"),
        (["--store", "records"], "write embedded:DIR"),
        (["--store", "embedded:nowhere"], "no such directory"),
        (["--store", "embedded:."], "other things in this directory, and no records"),
    ],
)
def test_what_cannot_be_asked_is_usage(comb: Comb, store: EmbeddedStore, options: list[str], said: str) -> None:
    ran = comb("samples", "list", *STORE, *options)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_nothing_found_is_said_with_what_was_asked(comb: Comb, store: EmbeddedStore) -> None:
    ran = comb("samples", "list", *STORE, "--arm", "blue")
    assert (ran.code, ran.out) == (0, "")
    assert "no record in embedded:records --arm blue" in ran.err


def test_one_is_shown_with_its_messages_its_nodes_and_its_marks(comb: Comb, store: EmbeddedStore) -> None:
    store.mark(f"{1:032x}", Mark(mark="standard", by="ada", time=1, why="as it should be"))
    store.mark(f"{1:032x}", Mark(mark="error", by="bob", time=2, expected='{"text": "Hi"}'))
    ran = comb("samples", "show", *STORE, f"{1:032x}", "--node", "hello")
    assert ran.code == 0, ran.err
    for words in (
        "name: {text: Ada}",
        "text: Hello Ada",
        "name = $request.name",
        "marked standard by ada",
        'marked error by bob on 1970-01-01 00:00:00Z, and {"text": "Hi"} expected',
        "conflict: bob says error and ada says standard",
    ):
        assert words in ran.out, ran.out
    shown = json.loads(comb("samples", "show", *STORE, f"{1:032x}", "--format", "json").out)["sample"]
    assert shown["answer"]["message"] == {"text": "Hello Ada"}


def test_what_a_request_used_is_shown_as_far_as_it_was_measured(comb: Comb, store: EmbeddedStore) -> None:
    one = record(9)
    one.operators[0].resources.cpu = 0
    one.resources.rss, one.resources.gpu_memory, one.resources.gpu_utilization = 3 << 20, 2 << 30, 0.574
    store.put([one])
    shown = comb("samples", "show", *STORE, one.id, "--node", "hello").out
    assert "\nused 3.0 MiB of memory, 2.0 GiB of GPU memory, 57% of a GPU's time\n" in shown
    assert "\n  used 0.0 ms of CPU\n" in shown
    assert "used" not in comb("samples", "show", *STORE, f"{1:032x}", "--node", "hello").out


def test_an_id_or_a_node_that_is_not_there_is_usage(comb: Comb, store: EmbeddedStore) -> None:
    assert comb("samples", "show", *STORE, "f" * 32).code == 2
    ran = comb("samples", "show", *STORE, f"{1:032x}", "--node", "helo")
    assert (ran.code, "did you mean `hello`?" in ran.err) == (2, True)


def test_stats_count_by_code_and_over_time(comb: Comb, store: EmbeddedStore) -> None:
    ran = comb("samples", "stats", *STORE)
    assert ran.out.startswith("6 records, from 2026-09-21 14:13:20Z to 2026-09-21 14:18:20Z\n"), ran.out
    assert "OK                       4  66.67%" in ran.out
    data = json.loads(comb("samples", "stats", *STORE, "--format", "json", "--every", "2m", "--by", "release").out)
    assert data["by"]["release"][0] | {"p50": 0, "p90": 0, "p99": 0} == {
        "value": "first", "records": 6, "p50": 0, "p90": 0, "p99": 0,
    }  # fmt: skip
    assert sum(one["records"] for one in data["timeline"]) == 6
    assert comb("samples", "stats", *STORE, "--every", "10ms").code == 2


def test_a_mark_says_what_should_have_come(comb: Comb, store: EmbeddedStore) -> None:
    marked = ("samples", "mark", *STORE, f"{2:032x}", "--as", "error", "--by", "ada")
    ran = comb(*marked, "--expect", '{"text": "Good day"}', "--why", "too familiar")
    assert (ran.code, ran.out) == (0, f"{2:032x}: error, says ada\n")
    (mark,) = store.get([f"{2:032x}"])[f"{2:032x}"].marks
    assert (mark.expected, mark.why) == ('{"text": "Good day"}', "too familiar")
    assert "conflict: ada expects" in comb(*marked[:-1], "bob", "--error", "INTERNAL").err
    assert comb(*marked, "--withdraw").code == 0
    assert listed(comb, "--mark", "error") == ["r2"]
    assert comb(*marked[:-1], "eve", "--withdraw").code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--as", "eror"], "did you mean error?"),
        (["--as", "error", "--expect", '{"txt": ""}'], 'no field named "txt"'),
        (["--as", "error", "--expect", "[1]"], "write a JSON object"),
        (["--as", "error", "--expect", '{"text": NaN}'], "no JSON"),
        (["--as", "error", "--error", "OK"], "no code of gRPC's for what failed"),
        (["--as", "error", "--error", "INTERNAL", "--expect", "{}"], "give one of"),
        (["--as", "error", "--by", " "], "say who"),
    ],
)
def test_a_mark_that_nothing_could_meet_is_usage(
    comb: Comb, store: EmbeddedStore, options: list[str], said: str
) -> None:
    ran = comb("samples", "mark", *STORE, f"{2:032x}", *options)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert not store.get([f"{2:032x}"])[f"{2:032x}"].marks


def test_a_recorded_request_becomes_a_sample(comb: Comb, store: EmbeddedStore, checkout: Path) -> None:
    store.mark(f"{2:032x}", Mark(mark="error", by="ada", time=1, why="familiar", expected='{"text": "Good day"}'))
    ran = comb("samples", "add", *STORE, f"{2:032x}", f"{4:032x}", f"{0:032x}", "--to", "samples/error")
    assert ran.code == 0, ran.err
    samples, flaws = load_sample_set(checkout / "samples" / "error")
    assert flaws == ()
    first, second, third = sorted(samples.samples, key=lambda one: one.about)
    assert (first.expected, first.request) == ({"text": "Hello Ada"}, {"name": {"text": "Ada"}})
    assert (second.expected, second.marks[0].why) == ({"text": "Good day"}, "familiar")
    assert third.error == "INTERNAL"


def test_a_request_may_stay_in_the_store(comb: Comb, store: EmbeddedStore, checkout: Path) -> None:
    id, other = f"{2:032x}", f"{3:032x}"
    store.mark(other, Mark(mark="mine", by="eve", time=1))
    ran = comb(
        "samples", "add", *STORE, id, other, "--to", "samples/error", "--in-store", "--by", "ada", "--why", "odd"
    )
    assert (ran.code, ran.out) == (0, f"samples/error/{id}\nsamples/error/{other}\n"), ran.err
    one, two = load_sample_set(checkout / "samples" / "error")[0].samples
    assert (one.kept, two.kept) == tuple(kept_of(store.get([name])[name]) for name in (id, other))
    assert (one.expected, one.marks, two.marks) == (
        {"text": "Hello Ada"},
        (SampleMark("error", "ada", "odd"),),
        (SampleMark("mine", "eve"),),
    )
    assert listed(comb, "--mark", "error") == ["r2"], "retention leaves what is marked"
    assert "2 records that somebody marked left" in comb("samples", "gc", *STORE, "--comb", "greeting", "--yes").out
    assert "all of its requests are in a sample store" in comb("health", ".", "--samples", "samples/error").err


def test_a_set_is_brought_to_what_people_have_marked(comb: Comb, store: EmbeddedStore, checkout: Path) -> None:
    for number, mark in (
        (0, Mark(mark="error", by="ada", expected='{"text": "Hi"}')),
        (1, Mark(mark="error", by="ada", error="INTERNAL")),
        (2, Mark(mark="error", by="rule:empty")),
        (3, Mark(mark="error", by="ada", expected='{"text": "Hi"}')),
        (3, Mark(mark="standard", by="bob")),
        (4, Mark(mark="error", by="ada", expected="{}", withdrawn=True)),
    ):
        store.mark(f"{number:032x}", mark)
    errors = ("samples", "add", *STORE, "--marked", "error", "--in-store")
    ran = comb(*errors)
    assert (ran.code, ran.out) == (1, f"samples/error/{1:032x}\nsamples/error/{0:032x}\n")
    assert f"left out: {2:032x}: nobody says what should have come" in ran.err
    assert f"left out: {3:032x}: conflict: ada says error and bob says standard" in ran.err
    assert {one.name: (one.expected, one.error) for one in load_sample_set(checkout / "samples/error")[0].samples} == {
        f"{0:032x}": ({"text": "Hi"}, None),
        f"{1:032x}": (None, "INTERNAL"),
    }
    store.mark(f"{2:032x}", Mark(mark="error", by="ada", expected='{"text": "Ho"}'))
    assert comb(*errors).out == f"samples/error/{2:032x}\n", "what the set has is left as it is"
    standard = comb("samples", "add", *STORE, "--marked", "standard", "--format", "json")
    assert (standard.code, json.loads(standard.out)["samples"]) == (1, [])
    none = comb("samples", "add", *STORE, "--marked", "mine")
    assert (none.code, none.out, "nothing that is marked mine" in none.err) == (0, "", True)
    (checkout / "samples/error" / f"{0:032x}" / "request.json").write_text("{", encoding="utf-8")
    assert comb(*errors).code == 2


def test_files_become_samples(comb: Comb, checkout: Path) -> None:
    (checkout / "ada.json").write_text('{"name": {"text": "Ada"}}', encoding="utf-8")
    ran = comb("samples", "add", "ada.json", "--expect", '{"text": "Hello Ada"}', "--by", "ada", "--why", "the usual")
    assert ran.out.strip() == "samples/standard/ada"
    assert comb("samples", "add", "ada.json", "--error", "INTERNAL", "--set", "name.text=Bob").code == 0
    samples, flaws = load_sample_set(checkout / "samples" / "standard")
    assert flaws == ()
    assert {one.name: (one.request["name"]["text"], one.error) for one in samples.samples} == {
        "ada": ("Ada", None),
        "ada-2": ("Bob", "INTERNAL"),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["ada.json"], "say it by --expect or --error"),
        (["ada.json", "--expect", '{"txt": 1}'], "no field named"),
        (["ada.json", "--expect", "{}", "--as-answered"], "leave out --expect"),
        (["ada.json", "ada.json", "--expect", "{}", "--name", "x"], "cannot have one name"),
        (["ada.json", "0" * 32, "--expect", "{}"], "in one go"),
        (["missing.json", "--expect", "{}"], "cannot be read"),
        (["ada.json", "--expect", "{}", "--set", "nam.text=x"], "did you mean"),
        (["ada.json", "--expect", "{}", "--comb", "elsewhere"], "elsewhere"),
        (["ada.json", "--expect", "{}", "--in-store"], "a file is in no store"),
        (["ada.json", "--marked", "error"], "or --marked MARK alone"),
        ([], "name files, ids of recorded requests"),
        (["--marked", "eror"], "did you mean error?"),
        (["--marked", "error", "--expect", "{}"], "leave out --expect"),
        (["--marked", "error", "--as-answered"], "a recorded one is taken as it came"),
        (["--marked", "error", "--name", "x"], "cannot have one name"),
        (["--marked", "error"], "there is no such directory"),
        (["large.json", "--expect", "{}"], "large: text.txt would have 17,000,000 bytes"),
    ],
)
def test_what_cannot_become_a_sample_leaves_nothing(comb: Comb, checkout: Path, options: list[str], said: str) -> None:
    (checkout / "ada.json").write_text('{"name": {"text": "Ada"}}', encoding="utf-8")
    if "large.json" in options:
        (checkout / "large.json").write_text(json.dumps({"name": {"text": "a" * 17_000_000}}), encoding="utf-8")
    ran = comb("samples", "add", *options)
    assert (ran.code in (1, 2), said in ran.err) == (True, True), ran.err
    assert not (checkout / "samples").exists()


def test_what_the_comb_answers_is_kept_to_be_looked_at(comb: Comb, checkout: Path) -> None:
    (checkout / "operators.py").write_text(
        "from comb_compiler.runtime import Messages\n\n\n"
        "class Greet:\n"
        "    def __init__(self, messages: Messages) -> None:\n"
        "        self._answer = messages['greeting.v1.Greeting']\n\n"
        "    def __call__(self, name: 'greeting.v1.Name') -> 'greeting.v1.Greeting':\n"
        "        return self._answer(text=f'Hello {name.text}')\n",
        encoding="utf-8",
    )
    (checkout / "ada.json").write_text('{"name": {"text": "Ada"}}', encoding="utf-8")
    ran = comb("samples", "add", "ada.json", "--as-answered", "--patient")
    assert ran.code == 0, ran.err
    (one,) = load_sample_set(checkout / "samples" / "standard")[0].samples
    assert one.expected == {"text": "Hello Ada"}


def test_gc_counts_first_and_deletes_when_told(comb: Comb, store: EmbeddedStore) -> None:
    store.mark(f"{0:032x}", Mark(mark="standard", by="ada", time=1))
    old = ("samples", "gc", *STORE, "--until", "2026-09-21T14:15:20")
    left = "1 record that somebody marked left: --marked deletes those too\n"
    assert comb(*old).out == f"1 record would be deleted, as --yes does; {left}"
    assert comb(*old, "--yes").out == f"1 record deleted; {left}"
    assert listed(comb) == ["r5", "r4", "r3", "r2", "r0"]
    of_user = ("samples", "gc", *STORE, "--user", "user-0", "--yes")
    assert comb(*of_user).out == f"0 records deleted; {left}"
    assert comb(*of_user, "--marked").out == "1 record deleted\n"
    assert listed(comb) == ["r5", "r4", "r3", "r2"]
    assert comb("samples", "gc", *STORE, "--yes").code == 2


def test_what_is_done_is_told_to_programs_too(comb: Comb, store: EmbeddedStore, checkout: Path) -> None:
    def said(*arguments: str) -> Any:
        ran = comb("samples", *arguments, "--format", "json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    first, second = f"{0:032x}", f"{2:032x}"
    assert said("mark", *STORE, second, "--as", "standard", "--by", "bob")["marks"][0]["conflicts"] == []
    assert said("mark", *STORE, second, first, "--as", "error", "--by", "ada") == {
        "version": 1,
        "marks": [
            {"id": second, "mark": "error", "by": "ada", "withdrawn": False,
             "conflicts": ["ada says error and bob says standard"]},
            {"id": first, "mark": "error", "by": "ada", "withdrawn": False, "conflicts": []},
        ],
    }  # fmt: skip
    added = said("add", *STORE, second, "--to", "samples/error")
    assert added == {
        "version": 1, "set": "samples/error", "samples": [f"samples/error/{second[:12]}"], "left_out": [],
    }  # fmt: skip
    assert said("export", *STORE, "--code", "OK", "-o", "out") == {"version": 1, "target": "out", "records": 4}
    elsewhere = ("--store", "embedded:elsewhere")
    assert said("import", "out", *elsewhere) == {"version": 1, "new": 4, "known": 0, "refused": []}
    old = ("gc", *STORE, "--until", "2026-09-21T14:15:20")
    assert said(*old) == {"version": 1, "records": 1, "deleted": False, "left": 1}
    assert said(*old, "--yes", "--marked") == {"version": 1, "records": 2, "deleted": True, "left": 0}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["mark", f"{1:032x}", "f" * 32, "--as", "error"], 2),
        (["mark", f"{1:032x}", f"{2:032x}", "--as", "error", "--withdraw", "--by", "eve"], 2),
        (["add", f"{1:032x}", "f" * 32, "--to", "added"], 2),
        (["export", "-o", "records"], 2),
        (["import", "nowhere"], 2),
        (["gc", "--yes"], 2),
        (["gc", "--keep", "1d", "--store", "embedded:comb.yaml"], 2),
    ],
)
def test_what_fails_prints_nothing_for_programs_and_does_nothing(
    comb: Comb, store: EmbeddedStore, checkout: Path, arguments: list[str], code: int
) -> None:
    command, *rest = arguments
    ran = comb("samples", command, *STORE, *rest, "--format", "json")
    assert (ran.code, ran.out, bool(ran.err)) == (code, "", True)
    assert len(listed(comb)) == 6
    assert not store.get([f"{1:032x}"])[f"{1:032x}"].marks
    assert not (checkout / "added").exists()


def test_repair_says_that_all_is_well(comb: Comb, store: EmbeddedStore) -> None:
    ran = comb("samples", "repair", *STORE)
    assert (ran.code, ran.out) == (0, "6 records looked at, all well\n")


def test_diff_shows_what_is_not_committed_and_what_a_branch_changes(comb: Comb, checkout: Path) -> None:
    (checkout / ".git").rmdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], cwd=checkout, check=True)
    (checkout / "ada.json").write_text("{}", encoding="utf-8")
    assert comb("samples", "add", "ada.json", "--expect", "{}", "--by", "a").code == 0
    subprocess.run([*git, "add", "-A"], cwd=checkout, check=True)
    subprocess.run([*git, "commit", "-qm", "one"], cwd=checkout, check=True)
    assert comb("samples", "diff", "samples/standard").code == 0
    assert comb("samples", "add", "ada.json", "--error", "INTERNAL", "--by", "a").code == 0
    (checkout / "samples/standard/ada/expected.json").write_text('{"text": "x"}', encoding="utf-8")
    ran = comb("samples", "diff", "samples/standard")
    assert ran.code == 1
    assert ran.out.splitlines()[:3] == ["+ ada-2", "~ ada: expected.text", "1 new, 1 changed, 0 the same"]
    back = json.loads(comb("samples", "diff", "samples/standard", "samples/standard@main", "--format", "json").out)
    assert (back["removed"], back["changed"]) == (["ada-2"], [{"name": "ada", "parts": ["expected.text"]}])
    assert comb("samples", "diff", "samples/standard@nowhere", "samples/standard").code == 2
    assert comb("samples", "diff", "nowhere").code == 2


@pytest.mark.parametrize("target", ["exported", "exported.parquet"])
def test_what_is_exported_is_imported_elsewhere(comb: Comb, store: EmbeddedStore, checkout: Path, target: str) -> None:
    assert comb("samples", "export", *STORE, "--code", "OK", "-o", target).out == f"{target}: 4 records\n"
    elsewhere = ("--store", "embedded:elsewhere")
    assert comb("samples", "import", target, *elsewhere).out == "4 new, 0 there already, 0 refused\n"
    assert comb("samples", "import", target, *elsewhere).out == "0 new, 4 there already, 0 refused\n"
    shown = comb("samples", "show", f"{3:032x}", *elsewhere, "--format", "json")
    assert json.loads(shown.out)["sample"]["requestId"] == "r3"
    if target == "exported":
        assert comb("samples", "export", *STORE, "-o", target).code == 2
    assert comb("samples", "import", target, "--store", "embedded:.").code == 2
    assert not (checkout / "catalogue.sqlite").exists()
    assert comb("samples", "import", "comb.yaml", *elsewhere).code == 2
    assert comb("samples", "import", "nowhere", *elsewhere).code == 2
