"""What is in an image → a bill of materials, as CycloneDX 1.6 has it (ECMA-424).

No time is in it: the same image has the same bill.
"""

import uuid
from typing import Any
from urllib.parse import quote

from comb_compiler.images.contents import Inside, Package, Weights

__all__ = ["sbom"]

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_IMAGE = "image"


def sbom(inside: Inside, version: str) -> dict[str, Any]:
    """The bill of an image, as JSON has it; `version` is that of the Comb which built it."""
    names = {one.name for one in inside.packages}
    packages = sorted(inside.packages)
    refs = [_base_ref(inside), *(one.purl for one in packages), *(_model_ref(one) for one in sorted(inside.models))]
    by_name = {one.name: one.purl for one in packages}
    needs = [
        {"ref": one.purl, "dependsOn": sorted(by_name[name] for name in set(one.requires) & names)} for one in packages
    ]
    return {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{inside.name}@{inside.image.digest}')}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "comb", "version": version}]},
            "component": _container(_IMAGE, inside.name, inside.image.digest),
        },
        "components": [
            _container(_base_ref(inside), inside.base_name, inside.base_digest),
            *map(_package, packages),
            *map(_model, sorted(inside.models)),
        ],
        "dependencies": [{"ref": _IMAGE, "dependsOn": refs}, *needs],
    }


def _container(ref: str, name: str, digest: str) -> dict[str, Any]:
    last = name.rpartition("/")[2]
    purl = f"pkg:oci/{quote(last.lower(), safe='')}@{quote(digest, safe='')}"
    if last != name:
        purl += f"?repository_url={quote(name, safe='/.-_')}"
    return {
        "type": "container",
        "bom-ref": ref,
        "name": name,
        "version": digest,
        "purl": purl,
        "hashes": [_hash(digest.partition(":")[2])],
    }


def _base_ref(inside: Inside) -> str:
    return f"base@{inside.base_digest}"


def _model_ref(model: Weights) -> str:
    return f"model:{model.name}@{model.version}"


def _package(package: Package) -> dict[str, Any]:
    licences = {"licenses": [{"license": {"name": package.licence}}]} if package.licence else {}
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "hashes": [_hash(package.sha256)],
        **licences,
    }


def _model(model: Weights) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": _model_ref(model),
        "name": model.name,
        "version": model.version,
        "hashes": [_hash(model.sha256)],
    }


def _hash(sha256: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": sha256}
