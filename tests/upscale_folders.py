"""Pictures to upscale, and what a folder holds after it."""

from pathlib import Path

import numpy as np
from PIL import Image

from srcnn_lightning.image_io import Picture, write_picture

VERB = "upscale"
BICUBIC = "--model=bicubic"
RANDOM = np.random.default_rng(0)


def write_image(folder: Path) -> Path:
    """`image.png` of odd sides, and larger than any that the network was trained on."""
    pixels = np.random.default_rng(0).integers(0, 256, (75, 430, 3), dtype=np.uint8)
    path = folder / "image.png"
    Image.fromarray(pixels).save(path)
    return path


def noise(channels: int, bits: int = 8, side: int = 24) -> np.ndarray:
    return RANDOM.integers(0, 2**bits, (side, side + 5, channels)).astype(f"uint{bits}")


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w+b") as file:
        write_picture(file, Picture(pixels), path.suffix, "a camera")


def contents(folder: Path) -> dict[str, bytes]:
    """Each file below a folder, temporary ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
