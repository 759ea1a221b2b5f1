"""Pictures with all they hold through a network: by tiles, in grey, with transparency, 16 bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from srcnn_lightning.errors import BadInput
from srcnn_lightning.image_io import Picture
from srcnn_lightning.inference.loading import LoadedNetwork, interpolation
from srcnn_lightning.inference.memory import bytes_per_pixel
from srcnn_lightning.inference.tiling import OVERLAP, upscale_tiled
from srcnn_lightning.inference.upscale import upscale_picture
from srcnn_lightning.models import SRCNN
from srcnn_lightning.resize import to_uint8

NOISE = np.random.default_rng(0).integers(0, 256, (46, 61, 4)).astype(np.uint8)
NOISE[..., 3] *= NOISE[..., 3] >= 128  # half of it is hidden
CHANNELS = {"grey": [0], "grey-alpha": [0, 3], "RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3]}
# Upscale a file to a PNG as the command does, and print the peak memory in units of `ru_maxrss`.
PEAK_MEMORY = """
import resource, sys
from pathlib import Path
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.image_io import read_picture, write_picture
from srcnn_lightning.inference.loading import interpolation
from srcnn_lightning.inference.upscale import upscale_picture

keep_freed_memory()
picture = upscale_picture(interpolation("bicubic", 2), read_picture(Path(sys.argv[1])))
with open(sys.argv[2], "w+b") as file:
    write_picture(file, picture, Path(sys.argv[2]).suffix, "test")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture
def srcnn() -> LoadedNetwork:
    torch.manual_seed(0)
    network = SRCNN(init="identity").eval()
    return LoadedNetwork(network, 2, OVERLAP)


def upscaled(loaded: LoadedNetwork, pixels: np.ndarray, tile: int = 16) -> np.ndarray:
    return upscale_picture(loaded, Picture(pixels), tile).pixels.astype(int)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
def test_tiles_give_what_the_whole_picture_gives(
    srcnn: LoadedNetwork, channels: list[int], bits: int
) -> None:
    pixels = NOISE[..., channels]
    if bits == 16:
        pixels = pixels.astype(np.uint16) * 257
    tiles, whole = (upscaled(srcnn, pixels, tile) for tile in (16, 0))
    assert tiles.shape == (92, 122, len(channels))
    # A level of 16 bits is 1.5e-5, so that 1e-5 may round to the level beside.
    assert np.abs(tiles - whole).max() <= 1
    assert (tiles != whole).mean() < (1e-3 if bits == 8 else 0.15)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", ["bicubic", "bilinear", "nearest"])
def test_tiles_differ_by_a_hundred_thousandth_before_rounding(kernel: str, scale: int) -> None:
    image = torch.rand(1, 3, 46, 61, generator=torch.Generator().manual_seed(0))
    loaded = interpolation(kernel, scale)
    tiled, whole = (upscale_tiled(loaded.network, image, *loaded.tiles(side)) for side in (16, 0))
    assert (tiled - whole).abs().max() <= 1e-5


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (9, 1), (7, 3), (3, 7)])
@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
def test_tiny_pictures_are_upscaled(
    srcnn: LoadedNetwork, height: int, width: int, channels: list[int]
) -> None:
    pixels = NOISE[:height, :width, channels]
    for loaded in (srcnn, srcnn.as_self_ensemble(), interpolation("bicubic", 2)):
        assert upscaled(loaded, pixels).shape == (2 * height, 2 * width, len(channels))


def test_whole_picture_is_what_the_network_makes_of_it(srcnn: LoadedNetwork) -> None:
    colours = NOISE[..., :3]
    with torch.no_grad():
        wanted = to_uint8(srcnn.network(torch.tensor(colours).permute(2, 0, 1)[None] / 255)[0])
    assert np.abs(upscaled(srcnn, colours) - wanted.permute(1, 2, 0).numpy()).max() <= 1


def test_grey_is_the_luma_of_three_channels(srcnn: LoadedNetwork) -> None:
    grey = NOISE[..., :1]
    found = upscaled(srcnn, grey)
    luma = upscaled(srcnn, grey.repeat(3, -1)) @ [0.299, 0.587, 0.114]
    assert np.abs(found[..., 0] - luma).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_of_16_bits_keeps_more_than_256_levels(channels: int) -> None:
    gradient = np.linspace(10_000, 12_000, 600).astype(np.uint16)
    pixels = np.broadcast_to(gradient[None, :, None], (4, 600, channels))
    found = upscaled(interpolation("bicubic", 2), pixels)
    assert len(np.unique(found)) > 1000
    assert np.abs(np.diff(found[0, 10:-10, 0])).max() <= 4


def test_opaque_alpha_stays_opaque_and_changes_no_colour(srcnn: LoadedNetwork) -> None:
    pixels = NOISE.copy()
    pixels[..., 3] = 255
    found = upscaled(srcnn, pixels)
    assert (found[..., 3] == 255).all()
    assert np.array_equal(found[..., :3], upscaled(srcnn, pixels[..., :3]))


class Halving(nn.Module):
    """It keeps no constant, and enlarges by repetition."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        repeated = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return 0.1 + 0.5 * repeated


def test_alpha_goes_through_the_network_and_constant_parts_are_exact() -> None:
    alpha = np.repeat(np.array([[0] * 6 + [200] * 6 + [255] * 6], np.uint8), 8, axis=0)
    pixels = np.dstack([np.full((8, 18), 9, np.uint8), alpha])
    found = upscaled(LoadedNetwork(Halving(), 2, 0), pixels, tile=5)[7, :, 1]
    # 0.1 + 0.5 alpha, but where all within 2 pixels is 0, or 255.
    hidden, half, opaque = (round(255 * 0.1 + 0.5 * level) for level in (0, 200, 255))
    wanted = [0] * 8 + [hidden] * 4 + [half] * 12 + [opaque] * 4 + [255] * 8
    assert np.abs(found - wanted).max() <= 1
    assert (found[:8] == 0).all()
    assert (found[-8:] == 255).all()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (0, 255, 0)])
@pytest.mark.parametrize("visible", [1, 128, 255])
def test_hidden_colours_do_not_bleed_into_visible_ones(
    hidden: tuple[int, ...], visible: int, bits: int
) -> None:
    pixels = np.zeros((20, 20, 4), np.uint16)
    pixels[..., :3] = hidden
    pixels[5:12, 6:14] = (200, 30, 60, visible)
    pixels = pixels * 257 if bits == 16 else pixels.astype(np.uint8)
    found = upscaled(interpolation("bicubic", 2), pixels, tile=7)
    shown = found[..., 3] > 0
    assert shown.any()
    assert not shown.all()
    unit = 257 if bits == 16 else 1
    assert (found[shown][:, :3] == np.array((200, 30, 60)) * unit).all()


class Leaning(nn.Module):
    """An output pixel is its input's right neighbour: it differs for flips and rotations."""

    multiple_of, receptive_radius = 1, 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(images, (0, 1))[..., 1:]


def test_self_ensemble_is_the_mean_of_8() -> None:
    pixels = np.zeros((5, 6, 3), np.uint8)
    pixels[2, 3] = 240
    loaded = LoadedNetwork(Leaning(), 1, 1).as_self_ensemble()
    # Of the 8, two lean to each of the four sides.
    wanted = np.zeros((5, 6), int)
    wanted[[1, 3, 2, 2], [3, 3, 2, 4]] = 60
    for tile in (0, 3):
        assert np.array_equal(upscaled(loaded, pixels, tile)[..., 0], wanted)


def test_digest_tells_networks_apart(srcnn: LoadedNetwork) -> None:
    torch.manual_seed(0)
    twin = LoadedNetwork(SRCNN(init="identity").eval(), 2, OVERLAP)
    assert twin.digest == srcnn.digest
    changed = SRCNN(init="identity").eval()
    changed.load_state_dict(srcnn.network.state_dict())
    with torch.no_grad():
        next(changed.parameters())[0, 0, 0, 0] += 1e-6
    others = [LoadedNetwork(changed, 2, OVERLAP), srcnn.as_self_ensemble()]
    others += [interpolation("bicubic", 2), interpolation("bicubic", 3)]
    others += [interpolation("bilinear", 2)]
    assert len({one.digest for one in (*others, srcnn)}) == 6


class Wide(nn.Module):
    """256 maps of float32, 1 KB a pixel, made from 3 and summed up; it has no radius."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = images[:, :1].repeat(1, 256, 1, 1)
        return maps.mean((1, 2, 3), keepdim=True) + images


def test_memory_of_a_network_is_measured() -> None:
    assert 1024 < bytes_per_pixel(Wide()) < 1.25 * 1100


def test_network_without_radius_is_refused_where_the_whole_picture_takes_too_much() -> None:
    loaded = LoadedNetwork(Wide(), 1, None)
    assert upscale_picture(loaded, Picture(np.zeros((30, 40, 3), np.uint8))).pixels.shape[0] == 30
    # 1000x1000 pixels of 1.3 KB are 1.3 GB, above 1 GB and 8 bytes a pixel.
    large = Picture(np.zeros((1000, 1000, 3), np.uint8))
    with pytest.raises(BadInput, match=r"1000x1000 pixels taken at once need 1\.\d GB"):
        upscale_picture(loaded, large, tile=100)


def test_progress_is_reported_tile_by_tile() -> None:
    seen: list[tuple[int, int]] = []
    loaded = interpolation("nearest", 2)
    upscale_picture(loaded, Picture(NOISE), 31, lambda done, count: seen.append((done, count)))
    assert seen == [(done, 8) for done in range(1, 9)]  # 2 x 2 tiles of colours and of alpha


@pytest.mark.parametrize(
    ("channels", "bits", "ending"), [(4, 8, "png"), (3, 16, "png"), (3, 16, "tif")]
)
@pytest.mark.slow
def test_memory_grows_by_8_bytes_a_pixel_of_the_output(
    tmp_path: Path, channels: int, bits: int, ending: str
) -> None:
    def peak(width: int, height: int) -> int:
        import tifffile

        pixels = np.zeros((height, width, channels), f"uint{bits}")
        pixels[...] = (9, 99, 200, 128)[:channels]
        path = tmp_path / "in.tif"
        extra = ["unassalpha"] if channels == 4 else None
        tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=extra)
        command = [sys.executable, "-c", PEAK_MEMORY, path, tmp_path / f"out.{ending}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        with Image.open(tmp_path / f"out.{ending}") as image:
            assert image.size == (2 * width, 2 * height)
        return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)

    # A whole result in floating point would take 12 bytes a pixel more.
    tile = 60e6
    assert peak(3000, 2000) - peak(100, 100) < 8 * 6000 * 4000 + tile
