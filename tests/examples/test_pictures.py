"""A Frame → pixels: every format there is, and what is refused before it costs anything."""

import subprocess
import sys
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from comb_compiler.runtime import Code, OperatorError
from tests.examples.moderation import EXAMPLE, messages

pytestmark = pytest.mark.usefixtures("operators")
JPEG, PNG, WEBP = 1, 2, 3
COLOURS = Image.fromarray(np.repeat(np.array([[[250, 0, 0], [0, 0, 250]]], np.uint8), 8, 0).repeat(8, 1))
"""Red at the left, blue at the right, 16 × 8."""


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def decode(image: bytes, kind: int = 0, megapixels: int = 36) -> Any:
    frame: Any = messages()["moderation.v1.Frame"](image=image, format=kind)
    return import_module("operators.pictures").decode(frame, megapixels)


def refusal(image: bytes, kind: int = 0, megapixels: int = 36) -> str:
    with pytest.raises(OperatorError) as caught:
        decode(image, kind, megapixels)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


@pytest.mark.parametrize(
    "image",
    [
        written(COLOURS, "JPEG", quality=100, subsampling=0),
        written(COLOURS, "JPEG", quality=100, subsampling=0, progressive=True),
        written(COLOURS.convert("CMYK"), "JPEG", quality=100),
        written(COLOURS, "PNG"),
        written(COLOURS.convert("RGBA"), "PNG"),
        written(COLOURS.quantize(4), "PNG"),
        written(COLOURS, "WEBP", lossless=True),
    ],
)
def test_every_kind_of_picture_becomes_red_green_blue(image: bytes) -> None:
    pixels = decode(image)
    assert (pixels.shape, pixels.dtype) == ((8, 16, 3), np.uint8)
    assert np.abs(pixels[4, 3].astype(int) - (250, 0, 0)).max() < 12
    assert np.abs(pixels[4, 12].astype(int) - (0, 0, 250)).max() < 12


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16"])
def test_grey_pictures_are_grey(mode: str) -> None:
    values = np.repeat([[0, 255]], 4, 0).repeat(4, 1)
    grey = Image.fromarray(values.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(
        values.astype(np.uint8)
    ).convert(mode)  # fmt: skip
    pixels = decode(written(grey, "PNG"))
    assert (pixels[0, 0].tolist(), pixels[0, 7].tolist()) == ([0, 0, 0], [255, 255, 255])


def test_what_is_under_transparency_counts() -> None:
    hidden = COLOURS.convert("RGBA")
    hidden.putalpha(0)
    assert decode(written(hidden, "PNG"))[0, 0].tolist() == [250, 0, 0]


def test_a_picture_is_turned_as_its_camera_says() -> None:
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    pixels = decode(written(COLOURS, "JPEG", quality=100, subsampling=0, exif=turned))
    assert pixels[4, 3, 2] > 200


def test_a_format_that_is_stated_must_be_the_pictures() -> None:
    assert decode(written(COLOURS, "PNG"), PNG).shape == (8, 16, 3)
    assert refusal(written(COLOURS, "PNG"), JPEG) == "this is no JPEG picture"
    assert refusal(written(COLOURS, "PNG"), 99) == "the format 99 is none of JPEG, PNG and WebP"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(kind: str) -> None:
    assert refusal(written(COLOURS, kind)) == "this is no JPEG or PNG or WEBP picture"


def test_animations_are_refused() -> None:
    frames = [COLOURS, COLOURS.rotate(180)]
    animated = written(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    assert refusal(animated) == "the picture is animated; one frame at a time is examined"


def test_nothing_and_too_many_bytes_are_refused() -> None:
    assert refusal(b"") == "there is no picture"
    assert refusal(bytes(3 * 1024 * 1024 + 1)).startswith("the picture has 3,145,729 bytes")


def test_limits_are_kept_to_the_pixel() -> None:
    exact = written(Image.new("1", (1000, 1000)), "PNG")
    assert decode(exact, megapixels=1).shape == (1000, 1000, 3)
    assert "1000 × 1001" in refusal(written(Image.new("1", (1000, 1001)), "PNG"), megapixels=1)
    assert decode(written(Image.new("1", (16_384, 1)), "PNG")).shape == (1, 16_384, 3)
    assert "a side has at most" in refusal(written(Image.new("1", (16_385, 1)), "PNG"))


def test_a_hundred_megapixels_cost_no_memory() -> None:
    script = f"""
import resource, sys
sys.path.insert(0, {str(EXAMPLE)!r})
from types import SimpleNamespace
from operators.pictures import decode
from comb_compiler.runtime import OperatorError
frame = lambda name: SimpleNamespace(image=open({str(EXAMPLE / "samples/standard")!r} + name, "rb").read(), format=0)
decode(frame("/caption-coffee/frame.jpg"), 36)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(frame("/hundred-megapixels/frame.bin"), 36)
except OperatorError as error:
    print(error, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    message, kibibytes = done.stdout.split("\n")[:2]
    assert message.startswith("INVALID_ARGUMENT: the picture is 10000 × 10000")
    assert int(kibibytes) < 4096


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP"]),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
)
def test_damaged_files_are_pictures_or_refused(kind: str, cut: float, changes: list[tuple[float, int]]) -> None:
    whole = bytearray(written(COLOURS, kind))
    for place, value in changes:
        whole[int(place * (len(whole) - 1))] = value
    image = bytes(whole[: int(len(whole) * cut)]) if not changes else bytes(whole)
    try:
        assert decode(image, megapixels=1).shape[2] == 3
    except OperatorError as error:
        assert error.code is Code.INVALID_ARGUMENT  # noqa: PT017  either outcome is right
