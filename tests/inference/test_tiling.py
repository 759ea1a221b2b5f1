import pytest
import torch
from torch import nn

from srcnn_lightning.inference.tiling import (
    OVERLAP,
    PROBE_RADIUS,
    probed_radius,
    tile_overlap,
    upscale_tiled,
    upscaled_tiles,
)
from srcnn_lightning.models import SRCNN, Interpolation


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(1, 3, 46, 61, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("tile", [7, 20, 46, 61, 1000])
def test_tiles_give_what_the_whole_image_gives(image: torch.Tensor, tile: int) -> None:
    torch.manual_seed(0)
    network = SRCNN(init="default").eval()
    with torch.no_grad():
        whole = network(image)
    # Seams of a margin that is too small differ by 1e-2.
    torch.testing.assert_close(upscale_tiled(network, image, tile), whole, rtol=0, atol=2e-6)


def test_overlap_that_is_too_small_shows_at_the_seams(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = SRCNN(init="default").eval()
    whole = upscale_tiled(network, image, tile=0)
    assert (upscale_tiled(network, image, tile=20, overlap=1) - whole).abs().max() > 1e-3


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_tiles_of_any_scale_lie_where_they_belong(image: torch.Tensor, scale: int) -> None:
    network = Interpolation("nearest", scale=scale)
    wanted = image.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    assert torch.equal(upscale_tiled(network, image, tile=16), wanted)


def test_network_never_sees_more_than_a_tile_and_its_overlap(image: torch.Tensor) -> None:
    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sides: list[int] = []

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.sides += images.shape[-2:]
            return images

    network = Watched()
    assert torch.equal(upscale_tiled(network, image, tile=10, overlap=3), image)
    assert max(network.sides) <= 10 + 2 * 3
    assert len(network.sides) == 2 * 5 * 7


def test_all_tiles_are_of_one_size(image: torch.Tensor) -> None:
    """Tiles of several sizes would not fit into the memory that the last one left."""
    sizes = set()

    class Watched(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            sizes.add(tuple(images.shape))
            return images

    assert torch.equal(upscale_tiled(Watched(), image, tile=10, overlap=3), image)
    # 46 - 2 * 3 in five parts, 61 - 2 * 3 in seven: the ends have an overlap on one side alone.
    assert sizes == {(1, 3, 8 + 2 * 3, 8 + 2 * 3)}


@pytest.mark.parametrize("overlap", [0, 1, 3, 20, 40])
@pytest.mark.parametrize("tile", [1, 2, 7, 16, 45])
def test_every_pixel_is_of_one_tile(image: torch.Tensor, tile: int, overlap: int) -> None:
    pieces = [*upscaled_tiles(nn.Identity(), image, tile, overlap)]
    counted = torch.zeros(46, 61)
    for piece in pieces:
        height, width = piece.pixels.shape[-2:]
        counted[piece.top : piece.top + height, piece.left : piece.left + width] += 1
    assert torch.equal(counted, torch.ones(46, 61))
    assert [piece.number for piece in pieces] == [*range(1, pieces[0].count + 1)]
    assert torch.equal(upscale_tiled(nn.Identity(), image, tile, overlap), image)


@pytest.mark.parametrize(("kernel_size", "wanted"), [(1, 0), (3, 1), (9, 4)])
def test_reach_of_a_convolution_is_half_its_kernel(kernel_size: int, wanted: int) -> None:
    assert probed_radius(nn.Conv2d(3, 3, kernel_size, padding=kernel_size // 2)) == wanted


def test_reach_of_srcnn_lies_within_the_usual_overlap() -> None:
    torch.manual_seed(0)
    # Kernels 9 and 5 look (8 + 4) / 2 = 6 output pixels far, 3 input pixels, bicubic 2 more.
    assert 5 <= probed_radius(SRCNN(init="default").eval()) <= OVERLAP


def test_layer_that_is_dead_on_noise_is_seen() -> None:
    """ReLU(sum of a 5x5 neighbourhood - 24.5) is alive where all is white, and dead on noise."""
    convolution = nn.Conv2d(3, 3, 5, padding=2, groups=3)
    nn.init.constant_(convolution.weight, 1)
    nn.init.constant_(convolution.bias, -24.5)
    assert probed_radius(nn.Sequential(convolution, nn.ReLU())) == 2


@pytest.mark.slow
def test_network_that_looks_at_the_whole_image_has_no_reach() -> None:
    class Centred(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images - images.mean((2, 3), keepdim=True)

    assert probed_radius(Centred()) is None
    radius = PROBE_RADIUS - 1
    convolution = nn.Conv2d(3, 3, 2 * radius + 1, padding=radius, groups=3)
    assert probed_radius(convolution) == radius


class Positioned(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + torch.linspace(0, 1, images.shape[-1])


class Quantized(nn.Module):
    """Its gradient is 0 everywhere, and its convolution looks 20 pixels far."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = nn.AvgPool2d(41, stride=1, padding=20)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        blurred: torch.Tensor = self.blur((255 * images).round() / 255)
        return blurred


class EvenSidesOnly(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        half = nn.functional.max_pool2d(images, 2)
        return images + nn.functional.interpolate(half, scale_factor=2)


@pytest.mark.parametrize("network", [Positioned(), Quantized(), EvenSidesOnly()])
def test_network_that_tiles_would_change_wants_the_whole_image(network: nn.Module) -> None:
    assert tile_overlap(network) is None


class MeansOfSquares(nn.Module):
    """Each square of 4 pixels becomes its mean, so that tiles must begin with a square."""

    receptive_radius, multiple_of = 3, 4

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        means = nn.functional.avg_pool2d(images, 4)
        return nn.functional.interpolate(means, scale_factor=4)


@pytest.mark.parametrize(("height", "width"), [(40, 48), (41, 50), (1, 7)])
@pytest.mark.parametrize("tile", [4, 10, 30])
def test_tiles_begin_where_the_networks_squares_begin(height: int, width: int, tile: int) -> None:
    network, image = MeansOfSquares(), torch.rand(1, 3, height, width)
    assert tile_overlap(network) == 3
    tiled = upscale_tiled(network, image, tile, 3)
    assert tiled.shape == image.shape
    torch.testing.assert_close(tiled, upscale_tiled(network, image, 0), rtol=0, atol=1e-6)
    # 41 rows: the last square holds the last row four times, whose mean is the row's.
    last = image[0, :, height // 4 * 4 :, :4]
    if height % 4 == 1 and width >= 4:
        torch.testing.assert_close(tiled[0, :, -1, 0], last.mean((1, 2)), rtol=0, atol=1e-6)


def test_network_that_tiles_do_not_change_has_a_margin() -> None:
    torch.manual_seed(0)
    assert tile_overlap(SRCNN(init="default").eval()) == 5  # as it declares
    assert tile_overlap(nn.Conv2d(3, 3, 3, padding=1)) == OVERLAP
    assert tile_overlap(nn.Conv2d(3, 3, 41, padding=20)) == 20
