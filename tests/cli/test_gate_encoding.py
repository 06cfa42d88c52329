"""What samples' files hold goes into messages as it is; what comes of it is what Protobuf makes of JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.encoding import message_of
from comb_compiler.cli.opening import open_clean
from comb_compiler.runtime import OperatorError
from comb_compiler.runtime.messages import open_messages
from comb_compiler.runtime.service.web.codec import from_dict
from comb_compiler.samples import load_sample_set

PROTO = """\
syntax = "proto3";
package all.v1;
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
message Page {
  string name = 1;
  bytes picture = 2;
  repeated bytes scanned_pages = 3;
  map<string, bytes> by_name = 4;
  map<int32, Page> by_number = 5;
  oneof cover { bytes drawn = 6; string told = 7; }
  optional bytes back = 8;
  google.protobuf.BytesValue wrapped = 9;
  google.protobuf.Struct free = 10;
  google.protobuf.Any any = 11;
  Page inner = 12;
  repeated Page parts = 13;
}
message Answer { string text = 1; }
service All { rpc Say(Page) returns (Answer); }
"""
COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: all, team: tests}
interface: {proto: all.proto, method: all.v1.All/Say}
operators: {say: {run: "operators:say", in: {page: all.v1.Page}, out: all.v1.Answer, timeout: 1s}}
graph: {said: say(page=$request), return: said}
sla: {deadline: 2s}
"""
CODE = 'def say(page: "all.v1.Page") -> "all.v1.Answer": ...\n'
FILE = {"$file": "bytes.bin"}
ANY = "type.googleapis.com/google.protobuf.BytesValue"
REQUESTS: dict[str, dict[str, Any]] = {
    "one": {"picture": FILE},
    "several": {"scannedPages": [FILE, "AAAA", FILE]},
    "by-protos-names": {"scanned_pages": [FILE], "by_name": {"a": FILE}},
    "in-maps": {"byName": {"a": FILE}, "byNumber": {"7": {"picture": FILE}}},
    "in-a-oneof": {"drawn": FILE},
    "optional": {"back": FILE},
    "below": {"inner": {"inner": {"parts": [{}, {"picture": FILE, "name": "Ada"}]}}},
    "wrapped": {"wrapped": FILE},
    "in-well-known-types": {"free": {"picture": FILE}, "any": {"@type": ANY, "value": FILE}},
    "as-text": {"name": FILE},
    "as-a-message": {"inner": FILE},
    "twice-in-a-oneof": {"drawn": FILE, "told": "no"},
    "by-both-names": {"scannedPages": [FILE], "scanned_pages": [FILE]},
    "of-no-field": {"unknown": FILE},
    "in-a-list-of-none": {"picture": [FILE]},
    "one-of-several": {"scannedPages": FILE},
    "in-lists-of-lists": {"scannedPages": [[FILE]]},
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The type of requests."""
    directory = tmp_path_factory.mktemp("all")
    (directory / ".git").mkdir()
    for name, content in {"comb.yaml": COMB, "all.proto": PROTO, "operators.py": CODE}.items():
        (directory / name).write_text(content, encoding="utf-8")
    clean = open_clean(str(directory / "comb.yaml"), Console(), "is asked")
    assert clean is not None
    return open_messages(clean.plan.descriptors)["all.v1.Page"]


def made(make: Any, request: Any, kind: Any) -> bytes | None:
    """The message; None where it is told that there is none."""
    try:
        return bytes(make(request, kind).SerializeToString(deterministic=True))
    except OperatorError:
        return None


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 400], ids=["empty", "long"])
@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_file_holds_is_where_its_base64_would_be(name: str, content: bytes, page: Any, tmp_path: Path) -> None:
    sample = tmp_path / "set" / name
    sample.mkdir(parents=True)
    (sample / "request.json").write_text(json.dumps(REQUESTS[name]), encoding="utf-8")
    (sample / "expected.json").write_text("{}", encoding="utf-8")
    (sample / "bytes.bin").write_bytes(content)
    found, flaws = load_sample_set(tmp_path / "set")
    assert not flaws
    request = found.samples[0].request
    as_json = json.loads(json.dumps(request))
    assert made(message_of, request, page) == made(from_dict, as_json, page)


def test_a_request_that_is_too_deep_is_told(page: Any, tmp_path: Path) -> None:
    sample = tmp_path / "set" / "deep"
    sample.mkdir(parents=True)
    (sample / "request.json").write_text(
        '{"inner": ' * 300 + '{"picture": {"$file": "a"}}' + "}" * 300, encoding="utf-8"
    )
    (sample / "expected.json").write_text("{}", encoding="utf-8")
    (sample / "a").write_bytes(b"a")
    found, flaws = load_sample_set(tmp_path / "set")
    assert not flaws
    with pytest.raises(OperatorError, match="nested more than 100 deep"):
        message_of(found.samples[0].request, page)
