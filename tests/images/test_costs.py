"""What a change of the example costs: how much is built, and how much is sent."""

import hashlib
import json
import os
import re
import resource
import shutil
from pathlib import Path

import pytest

from tests.images.example import Example

pytestmark = pytest.mark.slow
_MOST_SECONDS = 10.0
_CODE = "operators/verdict.py"


def images(example: Example, name: str = "images") -> dict[str, str]:
    told = json.loads((example.directory / f"{name}.json").read_text(encoding="utf-8"))["images"]
    return {process: image for process, devices in told.items() for image in devices.values()}


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture
def copied(example: Example, tmp_path: Path) -> Example:
    """The example and its layout, elsewhere, with other times and as another umask makes them."""
    before = os.umask(0o077)
    try:
        there = shutil.copytree(example.directory, tmp_path / "far" / "away", copy_function=shutil.copyfile)
    finally:
        os.umask(before)
    for path in there.rglob("*"):
        os.utime(path, (1, 1))
    return example._replace(directory=there)


def test_the_example_has_the_same_digests_elsewhere(example: Example, copied: Example) -> None:
    copied.build("cold")
    assert images(copied, "cold") == images(example)


def test_a_change_of_code_is_built_in_seconds_and_sends_one_small_layer(copied: Example) -> None:
    code = copied.directory / _CODE
    code.write_text(code.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    before = children_cpu()
    copied.build()
    assert children_cpu() - before < _MOST_SECONDS
    sent = copied.run("image", "push", "images").splitlines()
    assert [line.partition("  ")[2] for line in sent] == ["1 of 5 layers sent, 62.7 KiB", *["nothing to send"] * 3]


def test_a_change_of_a_model_sends_that_model_and_leaves_other_images_alone(example: Example, copied: Example) -> None:
    rules = copied.directory / "rules" / "decision.json"
    rules.write_text(rules.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    digest = hashlib.sha256(rules.read_bytes()).hexdigest()
    comb = copied.directory / "comb.yaml"
    text = comb.read_text(encoding="utf-8")
    (old,) = re.findall(r"rules/decision\.json\n +sha256: ([0-9a-f]{64})", text)
    comb.write_text(text.replace(old, digest), encoding="utf-8")
    (copied.directory / "comb.lock").unlink()
    built = copied.build()
    assert "model decision-rules@1.0.0" in built
    changed = {process for process, image in images(copied).items() if image != images(example)[process]}
    assert changed == {"frame-moderation"}
    sent = copied.run("image", "push", "images").splitlines()
    assert [line.partition("  ")[2] for line in sent] == ["1 of 5 layers sent, 3.2 KiB", *["nothing to send"] * 3]
