"""Pictures a run leaves behind: each test image's output, and a few beside input and target."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COMPARED = 3  # test images in comparison.png, as in the paper's figure 8


def strips(lr: Tensor, output: Tensor, hr: Tensor) -> Tensor:
    """`input | output | target`: `(B, 3, H, 3 * W)` uint8; the input's pixels are repeated."""
    return to_uint8(torch.cat([enlarge_pixels(lr, hr), output, hr], dim=-1))


def enlarge_pixels(lr: Tensor, hr: Tensor) -> Tensor:
    """The low-resolution image at the size of `hr`, each pixel a square."""
    return torch.nn.functional.interpolate(lr, hr.shape[-2:], mode="nearest-exact")


def to_uint8(images: Tensor) -> Tensor:
    """[0, 1] clamped and rounded as an image file is, on the CPU."""
    return images.clamp(0, 1).mul(255).round().to(torch.uint8).cpu()


def write_outputs(folder: Path, names: Sequence[str], outputs: Sequence[Tensor]) -> None:
    """One PNG for each `(3, H, W)` uint8 output, under its image's name."""
    folder.mkdir(parents=True, exist_ok=True)
    stems = [Path(name).stem for name in names]
    for name, stem, output in zip(names, stems, outputs, strict=True):
        unique = stem if stems.count(stem) == 1 else name
        Image.fromarray(output.permute(1, 2, 0).numpy()).save(folder / f"{unique}.png")


def write_comparison(
    path: Path,
    names: Sequence[str],
    lr: Tensor,
    outputs: Sequence[Tensor],
    hr: Tensor,
    psnr: Sequence[float],
) -> None:
    """Input, output and target of the first test images side by side (paper, figure 8)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = min(COMPARED, len(outputs))
    figure = Figure(figsize=(9, 3.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # no window, no global state
    axes = figure.subplots(rows, 3, squeeze=False)
    inputs = to_uint8(enlarge_pixels(lr[:rows], hr[:rows]))
    targets = to_uint8(hr[:rows])
    for row in range(rows):
        _draw(axes[row][0], inputs[row], f"{names[row]}, input")
        _draw(axes[row][1], outputs[row], f"output, {psnr[row]:.2f} dB")
        _draw(axes[row][2], targets[row], "target")
    figure.savefig(path, dpi=120)


def _draw(axes: "Axes", image: Tensor, title: str) -> None:
    axes.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
    axes.set_title(title, fontsize=10, parse_math=False)  # a file name may hold a $
    axes.set_axis_off()
