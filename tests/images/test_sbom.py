"""What is in an image, told to those who must know, in forms that others read."""

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from comb_compiler.images.contents import Inside, Package, Weights, read_package
from comb_compiler.images.model import MANIFEST, Descriptor, ImageError
from comb_compiler.images.provenance import LOCAL_BUILDER, Build, provenance
from comb_compiler.images.sbom import sbom
from tests.images.making import wheel

IMAGE, BASE, MODEL = "a" * 64, "b" * 64, "c" * 64
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def inside(tmp_path: Path, name: str = "registry.acme.example/combs/ocr", licence: str = "") -> Inside:
    packages = [
        read_package(wheel(tmp_path, "numpy", requires=('mkl>=2; extra == "mkl"', "Typing_Extensions>=4"))),
        read_package(wheel(tmp_path, "typing_extensions")),
    ]
    return Inside(
        name,
        Descriptor(MANIFEST, f"sha256:{IMAGE}", 7),
        "docker.io/library/python",
        f"sha256:{BASE}",
        [one._replace(licence=licence) for one in packages],
        [Weights("reader", "1.4.0", MODEL)],
    )


def test_a_wheel_says_what_it_is_and_what_it_requires(tmp_path: Path) -> None:
    path = wheel(tmp_path, "numpy", requires=("b>=1", "A.x; extra == 'y'"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_package(path) == Package("numpy", "1.0", path.name, digest, "", ("a-x", "b"))
    path.write_bytes(b"no archive")
    with pytest.raises(ImageError, match="no wheel"):
        read_package(path)
    for name, said in {"METADATA": "it has no METADATA", "a.dist-info/METADATA": "more than 8 MiB"}.items():
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), bytes(9 << 20), zipfile.ZIP_DEFLATED)
        with pytest.raises(ImageError, match=said):
            read_package(path)


@pytest.mark.parametrize("licence", ["", "BSD-3-Clause", 'odd "words"\u2028 of \x01 some'])
@pytest.mark.parametrize("name", ["registry.acme.example/combs/ocr", "ocr", "127.0.0.1:5000/a b/ü?x=1#y"])
def test_the_bill_is_what_its_schema_says(tmp_path: Path, name: str, licence: str) -> None:
    bill = json.dumps(sbom(inside(tmp_path, name, licence), "0.1.0"))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def test_the_validator_tells_right_from_wrong(tmp_path: Path) -> None:
    bill = sbom(inside(tmp_path), "0.1.0")
    bill["components"][1]["hashes"][0]["content"] = "no digest"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is not None


def test_the_bill_has_all_that_is_inside_by_digest_and_no_time(tmp_path: Path) -> None:
    there = inside(tmp_path)
    bill = sbom(there, "0.1.0")
    digests = {one["name"]: one["hashes"][0]["content"] for one in bill["components"]}
    wheels = {one.name: one.sha256 for one in there.packages}
    assert digests == {"docker.io/library/python": BASE, "reader": MODEL, **wheels}
    (numpy,) = (one for one in bill["dependencies"] if one["ref"].startswith("pkg:pypi/numpy"))
    assert numpy["dependsOn"] == ["pkg:pypi/typing-extensions@1.0"]
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": IMAGE}]
    assert bill == sbom(inside(tmp_path / "again"), "0.1.0")
    assert "timestamp" not in json.dumps(bill)


def test_the_provenance_says_who_when_and_of_what(tmp_path: Path) -> None:
    build = Build("c/comb.yaml", "staging", "https://git.acme.example/c.git", "d" * 40, LOCAL_BUILDER, "0.1.0", NOON)
    there = inside(tmp_path)
    told = provenance(there, build)
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://slsa.dev/provenance/v1"
    assert told["subject"] == [{"name": there.name, "digest": {"sha256": IMAGE}}]
    built = told["predicate"]["buildDefinition"]
    assert built["externalParameters"] == {"comb": "c/comb.yaml", "environment": "staging"}
    source, *others = built["resolvedDependencies"]
    assert source == {"uri": "git+https://git.acme.example/c.git", "digest": {"gitCommit": "d" * 40}}
    assert [one["digest"]["sha256"] for one in others] == [BASE, *(one.sha256 for one in there.packages), MODEL]
    run = told["predicate"]["runDetails"]
    assert run["builder"] == {"id": LOCAL_BUILDER, "version": {"comb": "0.1.0"}}
    assert run["metadata"] == {"finishedOn": "2026-11-27T12:00:00Z"}


def test_files_that_are_in_no_commit_are_of_none(tmp_path: Path) -> None:
    told = provenance(inside(tmp_path), Build("comb.yaml", "staging", "", "", LOCAL_BUILDER, "0.1.0", NOON))
    assert not any("gitCommit" in one["digest"] for one in told["predicate"]["buildDefinition"]["resolvedDependencies"])
