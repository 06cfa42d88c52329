"""Files that tell what is in each image, and where it comes from: beside images, for who signs or scans them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import comb_compiler
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.provenance import facts_of, origin_of
from comb_compiler.spec.artifact_uri import without_secrets

if TYPE_CHECKING:
    from comb_compiler.images.assembling import ModelFile
    from comb_compiler.images.contents import Inside
    from comb_compiler.images.model import Built

__all__ = ["attest", "described"]


def described(name: str, built: "Built", wheels: Sequence[Path], models: "Iterable[ModelFile]") -> "Inside":
    """What is in an image that was built of these; `name` is what it is pushed to."""
    from comb_compiler.images.contents import Inside, Weights, read_package

    named = [(*one.model.partition("@"), one.sha256) for one in sorted(set(models))]
    weights = [Weights(model, version, sha256) for model, _, version, sha256 in named]
    base = built.base.name.partition("@")[0]
    return Inside(name, built.manifest, base, built.base.digest, [*map(read_package, wheels)], weights)


def attest(directory: Path, clean: Clean, environment: str, builder: str, images: "Mapping[str, Inside]") -> None:
    """Write `PROCESS.DEVICE.cdx.json` and `PROCESS.DEVICE.provenance.json` for each image, by `process/device`."""
    from comb_compiler.images.provenance import LOCAL_BUILDER, Build, provenance
    from comb_compiler.images.sbom import sbom

    facts = dict(facts_of(clean.checkout.root))
    commit = "" if "Comb-Source-Modified" in facts else facts.get("Comb-Source-Commit", "")
    version = comb_compiler.__version__
    origin = without_secrets(origin_of(clean.checkout.root))
    finished = datetime.now(UTC)
    build = Build(clean.main, environment, origin, commit, builder or LOCAL_BUILDER, version, finished)
    directory.mkdir(parents=True, exist_ok=True)
    for name, inside in images.items():
        file = name.replace("/", ".")
        for kind, told in (("cdx", sbom(inside, version)), ("provenance", provenance(inside, build))):
            text = json.dumps(told, indent=2, ensure_ascii=False)
            (directory / f"{file}.{kind}.json").write_text(f"{text}\n", encoding="utf-8")
