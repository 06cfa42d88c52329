"""Draw the sample sets again: `python samples/make.py [DIRECTORY]`, beside this file unless told otherwise.

The pictures are those that the wheels of scikit-image and scikit-learn hold, the letters those of matplotlib and
manimgx-fonts-cjk: `pip install --no-deps --group example-samples`. The same packages give the same bytes: what is drawn
at random is seeded by each scene's name.
"""

import io
import json
import random
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps
from scenes import ALLOW, BLOCK, REVIEW, SCENES, Line, Scene

WIDTH, HEIGHT = 960, 540
_MARGIN = 24
_FONTS = "matplotlib/mpl-data/fonts/ttf/{}.ttf"
_CJK = "manimgx_fonts_cjk/NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED = 2
_GRAVITY = [BLOCK, REVIEW, ALLOW]
_ROWS_OF_PAGE = {4: 103, 6: 140}
"""How far down so many lines reach on skimage's page.png."""
_WHY = {
    "standard": "what version 1.4.0 of text-angle, with the classifier off, must keep right",
    "error": "a frame that was judged wrongly",
    "optimised": "what version 1.5.0 of text-angle, with the classifier on, claims to improve",
}
_MARKS = {"standard": "standard", "error": "error", "rotated": "optimised"}


def main(directory: Path) -> None:
    """Write every set below `directory`, in place of what was there."""
    for name in _MARKS:
        shutil.rmtree(directory / name, ignore_errors=True)
    for scene in SCENES:
        picture = _compressed(_draw(scene))
        _write(directory / scene.set / scene.name, scene, "frame.jpg", picture, _expected(scene))
    for scene, picture, expected in _odd_ones():
        _write(directory / scene.set / scene.name, scene, "frame.bin", picture, expected)


def _write(directory: Path, scene: Scene, file: str, picture: bytes, expected: dict[str, Any] | str) -> None:
    directory.mkdir(parents=True)
    (directory / file).write_bytes(picture)
    frame = {"image": {"$file": file}, "videoId": f"{scene.set}-{scene.name}"}
    if file.endswith(".jpg"):
        frame |= {"format": "IMAGE_FORMAT_JPEG", "width": WIDTH, "height": HEIGHT}
    _dump(directory / "request.json", {"frame": frame, "checkNudity": scene.nudity})
    mark = _MARKS[scene.set]
    notes: dict[str, Any] = {"about": scene.about, "marks": [{"mark": mark, "by": "make.py", "why": _WHY[mark]}]}
    if isinstance(expected, str):
        notes["error"] = expected
    else:
        _dump(directory / "expected.json", expected)
    _dump(directory / "sample.json", notes)


def _dump(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _expected(scene: Scene) -> dict[str, Any]:
    lines = list(scene.lines)
    if scene.turned == 180:
        lines.reverse()
    reasons = [(index, *line.reason) for index, line in enumerate(lines) if line.reason is not None]
    reasons.sort(key=lambda reason: _GRAVITY.index(reason[2]))
    return {
        "decision": reasons[0][2] if reasons else ALLOW,
        "reasons": [
            {"code": code, "decision": decision, "line": index, "detail": detail}
            for index, code, decision, detail in reasons
        ],
        "lines": [{"text": line.text} for line in lines],
    }


def _odd_ones() -> Iterator[tuple[Scene, bytes, dict[str, Any] | str]]:
    """Requests at the edge of what is a picture."""
    nothing: dict[str, Any] = {"decision": ALLOW, "reasons": [], "lines": []}

    def scene(name: str, about: str) -> Scene:
        return Scene("standard", name, about, "")

    pixel, huge = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (1, 1), "white").save(pixel, "PNG")
    Image.new("1", (10_000, 10_000)).save(huge, "PNG", optimize=True)
    yield scene("one-pixel", "The smallest picture there is."), pixel.getvalue(), nothing
    yield (
        scene("hundred-megapixels", "A small file of a huge picture: refused unseen."),
        huge.getvalue(),
        ("INVALID_ARGUMENT"),
    )
    yield scene("no-picture", "Text where a picture should be."), b"This is no picture.\n", "INVALID_ARGUMENT"


# --- drawing ---


def _draw(scene: Scene) -> Image.Image:
    chance = random.Random(f"{scene.set}/{scene.name}")
    frame = _background(scene)
    if scene.style != "own":
        rows = max(len(scene.lines), 2)
        for row, line in enumerate(scene.lines):
            top, bottom = (HEIGHT - 2 * _MARGIN) * row // rows, (HEIGHT - 2 * _MARGIN) * (row + 1) // rows
            _draw_line(frame, scene, line, (top + _MARGIN, bottom + _MARGIN), chance)
    return frame.rotate(scene.turned) if scene.turned else frame


def _background(scene: Scene) -> Image.Image:
    package, _, file = scene.picture.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: pip install --no-deps --group example-samples")
    picture = Image.open(Path(spec.origin).parent / file).convert("RGB")
    if scene.style == "own":
        picture = picture.crop((0, 0, picture.width, _ROWS_OF_PAGE[len(scene.lines)]))
        return ImageOps.pad(picture, (WIDTH, HEIGHT), Image.Resampling.BICUBIC, color=(200, 200, 200))
    return ImageOps.fit(picture, (WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _draw_line(frame: Image.Image, scene: Scene, line: Line, rows: tuple[int, int], chance: random.Random) -> None:
    label = _label(scene, line.text, chance.randint(36, 54), chance)
    if line.turned:
        label = label.rotate(line.turned, Image.Resampling.BICUBIC, expand=True)
    if max(line.turned % 180, 20) != 20 and line.turned % 180 < 160:  # steep: it needs the whole height
        rows = (_MARGIN, HEIGHT - _MARGIN)
    room = WIDTH - 2 * _MARGIN, rows[1] - rows[0]
    if label.width > room[0] or label.height > room[1]:
        scale = min(room[0] / label.width, room[1] / label.height)
        label = label.resize((int(label.width * scale), int(label.height * scale)), Image.Resampling.BICUBIC)
    left = _MARGIN + chance.randint(0, room[0] - label.width)
    top = rows[0] + chance.randint(0, room[1] - label.height)
    frame.paste(label, (left, top), label)


def _label(scene: Scene, text: str, size: int, chance: random.Random) -> Image.Image:
    font = _font(scene.font, size)
    edge = size // 12 if scene.style == "outlined" else 0
    left, top, right, bottom = font.getbbox(text, stroke_width=edge)
    padding = size // 3
    area = int(right - left) + 2 * padding, int(bottom - top) + 2 * padding
    label = Image.new("RGBA", area, (245, 245, 240, 255) if scene.style == "boxed" else (0, 0, 0, 0))
    fill = {"boxed": (20, 20, 60, 255), "faint": (128, 128, 128, 110)}.get(
        scene.style, chance.choice([(255, 255, 255, 255), (255, 240, 80, 255)])
    )
    ImageDraw.Draw(label).text(
        (padding - left, padding - top), text, fill=fill, font=font, stroke_width=edge, stroke_fill=(0, 0, 0, 255)
    )
    return label


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    is_cjk = name == "NotoSansCJK"
    package, _, file = (_CJK if is_cjk else _FONTS.format(name)).partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: pip install --no-deps --group example-samples")
    font = ImageFont.truetype(str(Path(spec.origin).parent / file), size, index=_SIMPLIFIED if is_cjk else 0)
    if is_cjk:
        font.set_variation_by_axes([600])
    return font


def _compressed(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=88)
    return content.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
