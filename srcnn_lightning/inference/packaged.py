"""What a model may be beside a run: packaged weights and their cards, an ONNX file; no torch."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "weights"
ENDING = ".safetensors"
STRONG = "edsr-small-x{scale}"  # what `upscale` takes where no model is named


def names() -> list[str]:
    """Names of the packaged networks, sorted."""
    return sorted(path.stem for path in FOLDER.glob(f"*{ENDING}"))


def is_onnx(path: str | Path) -> bool:
    """Whether a model is a file for ONNX Runtime, by its ending."""
    return str(path).lower().endswith(".onnx")


def weights_file(name: str) -> Path:
    """The file of a packaged network's weights."""
    return FOLDER / f"{name}{ENDING}"


def card(name: str) -> dict[str, Any]:
    """What a packaged network was trained on, how, and its scores (`benchmarks.weights`)."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content
