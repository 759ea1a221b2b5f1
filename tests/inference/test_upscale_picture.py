"""Pictures with all they hold through a network: by tiles, in grey, with transparency."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_lightning.image_io import Picture
from srcnn_lightning.inference.tiling import OVERLAP
from srcnn_lightning.inference.upscale import fill_transparent, upscale_picture
from srcnn_lightning.models import SRCNN, Interpolation
from srcnn_lightning.resize import to_uint8

NOISE = np.random.default_rng(0).integers(0, 256, (46, 61, 4)).astype(np.uint8)
HALF_HIDDEN = np.where(NOISE[..., 3] < 128, 0, NOISE[..., 3]).astype(np.uint8)
# Upscale a file to a PNG as the command does, and print the peak memory in units of `ru_maxrss`.
PEAK_MEMORY = """
import resource, sys
from pathlib import Path
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.image_io import read_picture
from srcnn_lightning.inference import tiling
from srcnn_lightning.inference.upscale import upscale_picture
from srcnn_lightning.models import Interpolation

keep_freed_memory()
picture, network = read_picture(Path(sys.argv[1])), Interpolation("bicubic", scale=2)
upscale_picture(network, picture, tiling.TILE, tiling.OVERLAP).save(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture
def srcnn() -> SRCNN:
    torch.manual_seed(0)
    return SRCNN(init="identity").eval()


def picture(colours: np.ndarray, alpha: np.ndarray | None = None) -> Picture:
    layer = None if alpha is None else Image.fromarray(alpha)
    return Picture(Image.fromarray(colours), layer, None, ())


def upscaled(
    network: torch.nn.Module, colours: np.ndarray, alpha: np.ndarray | None = None, tile: int = 16
) -> np.ndarray:
    image = upscale_picture(network, picture(colours, alpha), tile, OVERLAP)
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("alpha", [None, HALF_HIDDEN], ids=["opaque", "transparent"])
@pytest.mark.parametrize("colours", [NOISE[..., :3], NOISE[..., 0]], ids=["RGB", "grey"])
def test_tiles_of_8_bits_give_what_the_whole_image_gives(
    srcnn: SRCNN, colours: np.ndarray, alpha: np.ndarray | None
) -> None:
    tiles, whole = (upscaled(srcnn, colours, alpha, tile) for tile in (16, 0))
    assert tiles.shape[:2] == (92, 122)
    assert np.abs(tiles - whole).max() <= 1
    assert (tiles != whole).mean() < 1e-3


def test_whole_image_is_what_the_network_makes_of_it(srcnn: SRCNN) -> None:
    colours = np.ascontiguousarray(NOISE[..., :3])
    with torch.no_grad():
        wanted = to_uint8(srcnn(torch.from_numpy(colours).permute(2, 0, 1)[None] / 255)[0])
    assert np.abs(upscaled(srcnn, colours) - wanted.permute(1, 2, 0).numpy()).max() <= 1


def test_grey_stays_grey(srcnn: SRCNN) -> None:
    grey = NOISE[..., 0]
    found = upscaled(srcnn, grey)
    assert found.shape == (92, 122)
    of_three = upscaled(srcnn, np.dstack([grey] * 3))
    luma = of_three @ [0.299, 0.587, 0.114]
    assert np.abs(found - luma).max() <= 1


def test_opaque_alpha_stays_opaque_and_changes_no_colour(srcnn: SRCNN) -> None:
    colours = np.ascontiguousarray(NOISE[..., :3])
    found = upscaled(srcnn, colours, np.full((46, 61), 255, np.uint8))
    assert found.shape == (92, 122, 4)
    assert (found[..., 3] == 255).all()
    assert np.array_equal(found[..., :3], upscaled(srcnn, colours))


def test_alpha_is_upscaled_by_bicubic_interpolation() -> None:
    alpha = np.repeat(np.array([[0, 0, 0, 200, 200, 200]], np.uint8), 6, axis=0)
    found = upscaled(Interpolation("nearest", scale=2), np.full((6, 6, 3), 9, np.uint8), alpha)
    # A quarter of a pixel beside a pixel Keys' cubic (a = -0.5) has the weights -9, 111, 29, -3 of
    # 128: 200 * 26 / 128 = 41, 200 * 102 / 128 = 159, 200 * 137 / 128 = 214, 200 * 131 / 128 = 205.
    assert found[6, :, 3].tolist() == [0, 0, 0, 0, 0, 41, 159, 214, 205, 200, 200, 200]


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (0, 255, 0)])
@pytest.mark.parametrize("visible", [1, 128, 255])
def test_hidden_colours_do_not_bleed_into_visible_ones(
    hidden: tuple[int, ...], visible: int
) -> None:
    colours = np.full((20, 20, 3), hidden, np.uint8)
    colours[5:12, 6:14] = (200, 30, 60)
    alpha = np.zeros((20, 20), np.uint8)
    alpha[5:12, 6:14] = visible
    found = upscaled(Interpolation("bicubic", scale=2), colours, alpha, tile=7)
    shown = found[..., 3] > 0
    assert shown.any()
    assert not shown.all()
    assert (found[shown][:, :3] == (200, 30, 60)).all()


def test_hidden_pixels_take_the_mean_of_visible_neighbours() -> None:
    colours = torch.zeros(3, 1, 6, dtype=torch.uint8)
    colours[:, 0, 0], colours[:, 0, 2], colours[:, 0, 5] = 100, 200, 50
    alpha = torch.tensor([[255, 0, 1, 0, 0, 0]], dtype=torch.uint8)
    # Between 100 and 200 lies 150; the 50 is hidden and two steps reach but two pixels.
    assert fill_transparent(colours, alpha, 2)[1].tolist() == [[100, 150, 200, 200, 200, 0]]


def test_filling_by_bands_is_filling_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    colours = torch.from_numpy(NOISE[..., :3].copy()).permute(2, 0, 1)
    alpha = torch.from_numpy((NOISE[..., 3] > 250).astype(np.uint8))
    at_once = fill_transparent(colours, alpha, 8)
    monkeypatch.setattr("srcnn_lightning.inference.upscale.BAND", 9)
    assert torch.equal(fill_transparent(colours, alpha, 8), at_once)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_memory_grows_by_8_bytes_a_pixel_of_the_output(tmp_path: Path, mode: str) -> None:
    def peak(width: int, height: int) -> int:
        Image.new(mode, (width, height), (9, 99, 200, 128)[: len(mode)]).save(tmp_path / "in.png")
        command = [sys.executable, "-c", PEAK_MEMORY, tmp_path / "in.png", tmp_path / "out.png"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)

    # A whole result in floating point would take 12 bytes a pixel more.
    tile = 60e6
    assert peak(3000, 2000) - peak(100, 100) < 8 * 6000 * 4000 + tile
