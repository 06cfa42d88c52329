"""Train both versions of the model again, and choose the samples: `python models/train.py`.

The pictures are the 1,797 handwritten digits of 8 × 8 pixels that scikit-learn carries (UCI, "Optical Recognition of
Handwritten Digits"). Three quarters are trained on; samples are taken of the rest, which no model has seen. The same
packages give the same files:

    pip install scikit-learn==1.9.1 skl2onnx==1.20.0 pillow
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

SEED = 7
ROOT = Path(__file__).parents[1]
SIDE, LARGEST, ENLARGED = 8, 16, 8
"""Pixels of a side, the darkest ink, and how many times larger a sample's picture is drawn."""
OPSET = {"": 17, "ai.onnx.ml": 3}


def main() -> None:
    digits = load_digits()
    seen, unseen, names, truth = train_test_split(
        digits.data.astype(np.float32), digits.target, test_size=0.25, random_state=SEED, stratify=digits.target
    )
    linear = LogisticRegression(C=0.001, max_iter=500)
    network = MLPClassifier(hidden_layer_sizes=(48,), alpha=0.01, max_iter=400, random_state=SEED)
    for name, model in (("linear", linear), ("network", network)):
        model.fit(seen, names)
        print(f"{name}: {model.score(unseen, truth):.1%} of {len(truth)} pictures that it has not seen")
        options = {id(model): {"zipmap": False}}
        made = to_onnx(model, seen[:1], options=options, target_opset=OPSET)
        made.doc_string = f"scikit-learn's digits, {type(model).__name__}, seed {SEED}"
        (ROOT / "models" / f"digits-{name}.onnx").write_bytes(made.SerializeToString(deterministic=True))
    before, after = linear.predict(unseen) == truth, network.predict(unseen) == truth
    _write("standard", unseen, truth, np.flatnonzero(before & after), each=2, why="every version must read it")
    _write("error", unseen, truth, np.flatnonzero(~before & after), each=2, why="it was read wrongly")


def _write(kind: str, pictures: Any, truth: Any, chosen: Any, each: int, why: str) -> None:
    """A sample set: up to so many pictures of each digit."""
    shutil.rmtree(ROOT / "samples" / kind, ignore_errors=True)
    for digit in range(10):
        for number, index in enumerate([one for one in chosen if truth[one] == digit][:each], 1):
            directory = ROOT / "samples" / kind / f"{digit}-{'abc'[number - 1]}"
            directory.mkdir(parents=True)
            pixels = np.rint(pictures[index].reshape(SIDE, SIDE) * 255 / LARGEST).astype(np.uint8)
            large = Image.fromarray(pixels).resize((SIDE * ENLARGED,) * 2, Image.Resampling.NEAREST)
            large.save(directory / "digit.png", optimize=True)
            _dump(directory / "request.json", {"picture": {"png": {"$file": "digit.png"}}})
            _dump(directory / "expected.json", {"digit": digit})
            _dump(directory / "sample.json", {"marks": [{"mark": kind, "by": "models/train.py", "why": why}]})


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
