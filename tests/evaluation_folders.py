"""Folders of drawn images for tests of `evaluate`."""

from pathlib import Path

import numpy as np
from PIL import Image

from srcnn_lightning.data.dead_leaves import draw


def save(path: Path, pixels: np.ndarray) -> np.ndarray:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def drawn_folder(folder: Path) -> Path:
    """Three drawn images; two has sides that neither 2 nor 3 divides, and three is grey."""
    save(folder / "one.png", draw(72, 0, 0))
    save(folder / "two.png", draw(73, 0, 1)[:, :65])
    save(folder / "three.png", draw(66, 0, 2)[..., 1])
    return folder


def noisy_copies(folder: Path, targets: Path, ending: str = "") -> Path:
    """The images of a folder with noise of a few levels."""
    random = np.random.default_rng(0)
    for path in targets.iterdir():
        pixels = np.asarray(Image.open(path)).astype(int)
        noisy = pixels + random.integers(-9, 10, pixels.shape)
        save(folder / f"{path.stem}{ending}.png", noisy.clip(0, 255).astype(np.uint8))
    return folder


def flat(level: int, height: int = 20, width: int = 24) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)
