"""images.json: taken whole, or refused with one sentence that says what to mend."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from comb_compiler.release.images import BadImages, Images, images_schema, images_schema_text, parse_images

SCHEMA = Path(__file__).parents[2] / "schemas" / "images.v1.schema.json"
DIGEST = "0123456789abcdef" * 4
IMAGE = f"registry.example.com:5000/combs/ocr@sha256:{DIGEST}"


def test_the_schema_is_what_the_code_says(update: bool) -> None:
    if update:
        SCHEMA.write_text(images_schema_text(), encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == images_schema_text()
    jsonschema.Draft7Validator.check_schema(images_schema())


def test_images_are_found_by_process_and_device() -> None:
    images = parse_images(json.dumps({"images": {"ocr": {"cpu": IMAGE}}}).encode())
    assert images == Images({"ocr": {"cpu": IMAGE}}, unbuilt=False)
    assert (images.of("ocr", "cpu"), images.of("ocr", "nvidia-t4"), images.of("other", "cpu")) == (IMAGE, None, None)


def test_what_was_written_by_hand_says_so() -> None:
    assert parse_images(b'{"version": 1, "unbuilt": true, "images": {}}') == Images({}, unbuilt=True)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\xff{}", "it is no UTF-8 from byte 1"),
        (b'{\n  "images": {,}\n}', "it is no JSON from line 2, column 14: "),
        (b'{"images": {}', "it is no JSON from line 1, column 14: "),
        (b"[" * 100_000, "it is no JSON that can be read"),
        (b"[]", "it must be an object, not a list"),
        (b"{}", "it has no `images`"),
        (b'{"images": 3}', "`images` must be an object, not 3"),
        (b'{"images": {"ocr": "x"}}', '`images.ocr` must be an object, not "x"'),
        (b'{"images": {}, "unbuilt": "yes"}', '`unbuilt` must be true or false, not "yes"'),
        (b'{"images": {}, "version": 2}', "its version is 2, and this Comb reads version 1"),
        (b'{"images": {}, "version": true}', "its version is true, and this Comb reads version 1"),
        (b'{"images": {}, "image": {}}', 'it has "image", which is none of `version`, `unbuilt` and `images`'),
        (b'{"images": {}, "images": {}}', 'it has "images" twice in one object'),
        (b'{"images": {"Ocr": {}}}', '`images` has "Ocr", which is no name of a process'),
        (b'{"images": {"ocr": {"GPU": ""}}}', '`images.ocr` has "GPU", which is no name of a class of device'),
        (b'{"images": NaN}', "NaN is no JSON"),
    ],
)
def test_what_is_no_images_file_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(BadImages) as refused:
        parse_images(content)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com/combs/ocr",
        "registry.example.com/combs/ocr:1.0",
        f"registry.example.com/combs/ocr:1.0@sha256:{DIGEST}",
        f"registry.example.com/combs/ocr@sha256:{DIGEST[:-1]}",
        f"registry.example.com/combs/ocr@sha256:{DIGEST.upper()}",
        f"ocr@sha256:{DIGEST}",
        f"{IMAGE}\n",
        f" {IMAGE}",
        "",
        None,
        7,
        [IMAGE],
    ],
)
def test_an_image_is_named_by_its_digest_and_nothing_else(image: Any) -> None:
    content = {"images": {"ocr": {"cpu": image}}}
    with pytest.raises(BadImages, match=r"`images.ocr.cpu` must be an image by its digest"):
        parse_images(json.dumps(content).encode())
    assert not jsonschema.Draft7Validator(images_schema()).is_valid(content) or image == f"{IMAGE}\n"


NAMES = st.sampled_from(("ocr", "ocr--read", "Ocr", "", "cpu", "a" * 64))
VALUES: st.SearchStrategy[Any] = st.sampled_from((IMAGE, "ocr:1", "", None, 3, []))
FILES = st.fixed_dictionaries(
    {"images": st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=2), max_size=2) | VALUES},
    optional={"unbuilt": st.booleans() | VALUES, "version": st.sampled_from((1, 2, True, "1")), "more": VALUES},
)


@given(FILES)
def test_the_reader_and_the_schema_agree(content: Any) -> None:
    fits = jsonschema.Draft7Validator(images_schema()).is_valid(content) and content.get("version") is not True
    try:
        parse_images(json.dumps(content).encode())
    except BadImages:
        assert not fits
    else:
        assert fits


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_the_bytes_nothing_else_is_raised(content: bytes) -> None:
    with suppress(BadImages):
        assert isinstance(parse_images(content), Images)
