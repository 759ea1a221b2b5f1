"""Scores against values worked out by hand, and against those of scikit-image."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from evaluation_folders import drawn_folder, flat, noisy_copies, save
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.conventions import Convention, InputKernel, named_convention
from srcnn_lightning.inference.evaluation import evaluate
from srcnn_lightning.inference.published import IMAGES, recognized
from srcnn_lightning.models import SRCNN, Interpolation
from srcnn_lightning.resize import resize_uint8, to_uint8

# Beside the checkout, never inside it; the project's tests pass without.
BENCHMARKS = Path(__file__).resolve().parents[3] / "shared/benchmarks"


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def by_scikit_image(output: np.ndarray, target: np.ndarray, convention: str) -> tuple[float, float]:
    """PSNR and SSIM of colour images as scikit-image computes them, levels from 0 to 255."""
    pair = [output, target]
    if convention != "paper":
        pair = [rgb2ycbcr(image)[2:-2, 2:-2, 0] for image in pair]
    if convention == "matlab":
        pair = [image.round() for image in pair]
    axis = 2 if convention == "paper" else None
    return peak_signal_noise_ratio(*pair[::-1], data_range=255), structural_similarity(
        *pair,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=axis,
    )


@pytest.mark.parametrize("convention", ["literature", "matlab", "paper"])
def test_scores_are_those_of_scikit_image(convention: str, tmp_path: Path) -> None:
    targets = drawn_folder(tmp_path / "hr")
    (targets / "three.png").unlink()  # grey, which scikit-image has no convention for
    noisy = noisy_copies(tmp_path / "sr", targets)
    (model,) = evaluate(targets, {}, 2, convention, sr_dirs={"noisy": noisy}).models
    assert [image.image for image in model.images] == ["one", "two"]
    for image in model.images:
        pair = [pixels_of(folder / f"{image.image}.png") for folder in (noisy, targets)]
        output, target = (
            pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2] for pixels in pair
        )
        psnr, ssim = by_scikit_image(output, target, convention)
        assert image.psnr == pytest.approx(psnr, abs=1e-3)
        assert image.ssim == pytest.approx(ssim, abs=1e-4)
    assert model.psnr == pytest.approx(sum(image.psnr for image in model.images) / 2)
    assert model.ssim == pytest.approx(sum(image.ssim for image in model.images) / 2)


def test_bicubic_is_that_of_pillow(tmp_path: Path) -> None:
    """Pillow shrinks and upscales with the same kernel, in whole numbers."""
    targets = drawn_folder(tmp_path / "hr")
    for path in targets.iterdir():
        image = Image.open(path)
        width, height = image.width // 2, image.height // 2
        image = image.crop((0, 0, 2 * width, 2 * height))
        small = image.resize((width, height), Image.Resampling.BICUBIC)
        large = small.resize(image.size, Image.Resampling.BICUBIC)
        save(tmp_path / "pillow" / path.name, np.asarray(large))
    found = evaluate(
        targets, {"bicubic": Interpolation()}, 2, sr_dirs={"pillow": tmp_path / "pillow"}
    )
    ours, pillows = found.models
    assert ours.psnr == pytest.approx(pillows.psnr, abs=0.01)
    assert ours.ssim == pytest.approx(pillows.ssim, abs=2e-4)
    assert 20 < ours.psnr < 40


def test_sides_are_cropped_below_and_at_the_right(tmp_path: Path) -> None:
    target, output = flat(100, 23, 26), flat(100, 21, 24)
    target[21:], target[:, 24:] = 255, 255  # what a scale of 3 leaves over
    save(tmp_path / "hr/a.png", target)
    save(tmp_path / "sr/a.png", output)
    found = evaluate(tmp_path / "hr", {}, 3, "paper", sr_dirs={"sr": tmp_path / "sr"})
    assert found.models[0].psnr == math.inf
    # One of the target's size is cropped likewise.
    save(tmp_path / "sr/a.png", target)
    found = evaluate(tmp_path / "hr", {}, 3, "paper", sr_dirs={"sr": tmp_path / "sr"})
    assert found.models[0].psnr == math.inf


def test_image_that_is_grey_in_its_file_is_scored_on_its_grey_values(tmp_path: Path) -> None:
    for name, target, output in (
        ("colour", flat(100), flat(110)),
        ("grey", flat(100)[..., 0], flat(110)),
    ):
        save(tmp_path / f"hr/{name}.png", target)
        save(tmp_path / f"sr/{name}.png", output)
    (model,) = evaluate(tmp_path / "hr", {}, sr_dirs={"sr": tmp_path / "sr"}).models
    assert [image.is_grey for image in model.images] == [False, True]
    # 20 log10(255 / 10) = 28.1308; Y is 219 / 255 of the error, 1.3219 dB more.
    assert [image.psnr for image in model.images] == pytest.approx([29.4527, 28.1308], abs=1e-3)


@pytest.mark.parametrize(
    ("reduction", "mse"),
    # Errors of 1 in 20 rows and of 10 in 60: (1 * 20 + 100 * 60) / 80, and (1 + 100) / 2.
    [("pooled", 75.25), ("mean_error", 50.5)],
)
def test_pooled_error_is_of_pixels_or_of_images(reduction: str, mse: float, tmp_path: Path) -> None:
    for name, error, height in (("a", 1, 20), ("b", 10, 60)):
        save(tmp_path / f"hr/{name}.png", flat(100, height))
        save(tmp_path / f"sr/{name}.png", flat(100 + error, height))
    convention = Convention("rgb", 0, "none", reduction, InputKernel())
    (model,) = evaluate(tmp_path / "hr", {}, 2, convention, sr_dirs={"sr": tmp_path / "sr"}).models
    assert model.psnr == pytest.approx(10 * math.log10(255**2 / mse), abs=1e-4)


def test_rounding_is_of_the_output_or_of_y(tmp_path: Path) -> None:
    image = torch.full((1, 3, 16, 16), 100.4 / 255)
    target = torch.full((1, 3, 16, 16), 100 / 255)

    def error(rounding: str) -> float:
        convention = Convention("y", 2, rounding, "mean", InputKernel())
        pair = [convention.compared(one, is_grey=False) for one in (image, target)]
        return float((pair[0] - pair[1]).mean()) * 255

    # Y of 100.4 is 16 + 100.4 * 219 / 255 = 102.226, that of 100 is 101.882: both round to 102.
    assert error("none") == pytest.approx(0.4 * 219 / 255, abs=1e-4)
    assert error("uint8") == pytest.approx(0, abs=1e-4)
    assert error("uint8_y") == pytest.approx(0, abs=1e-4)
    image += 0.3 / 255  # 100.7 rounds to 101, whose Y is 102.741; that of 100.7 is 102.484
    assert error("uint8") == pytest.approx(219 / 255, abs=1e-4)
    assert error("uint8_y") == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("kernel", "antialias", "weights"),
    [
        ("bilinear", False, (0, 0, 4, 4, 0, 0)),
        ("bilinear", True, (0, 1, 3, 3, 1, 0)),  # a triangle of twice the width
        ("bicubic", False, (0, -0.75, 4.75, 4.75, -0.75, 0)),  # of 8: a = -0.75 at 0.5 and 1.5
    ],
)
def test_input_weighs_the_pixels_as_its_kernel_says(
    kernel: str, antialias: bool, weights: tuple[float, ...]
) -> None:
    levels = torch.tensor([90.0, 10, 200, 60, 120, 30])  # of columns; the middle two make one pixel
    target = (levels / 255).expand(1, 3, 4, 6)
    wanted = float((levels * torch.tensor(weights)).sum() / 8)
    lr = InputKernel(kernel, antialias, is_rounded=False).shrink(target, 2)
    assert float(lr[0, 0, 0, 1]) * 255 == pytest.approx(wanted, abs=1e-3)
    lr = InputKernel(kernel, antialias, is_rounded=True).shrink(target, 2)
    assert float(lr[0, 0, 0, 1]) * 255 == pytest.approx(round(wanted), abs=1e-3)


def test_inputs_that_are_given_are_taken(tmp_path: Path) -> None:
    targets = drawn_folder(tmp_path / "hr")
    for path in targets.iterdir():
        hr = torch.tensor(pixels_of(path)).permute(2, 0, 1)[None]
        height, width = hr.shape[-2] // 2, hr.shape[-1] // 2
        lr = resize_uint8(hr[..., : 2 * height, : 2 * width], (height, width), "bicubic", True)
        save(tmp_path / f"lr/{path.stem}x2.png", lr[0].permute(1, 2, 0).numpy())
    models = {"bicubic": Interpolation(), "nearest": Interpolation("nearest")}
    made = evaluate(targets, models)
    given = evaluate(targets, models, lr_dir=tmp_path / "lr")
    assert made.makes_inputs
    assert not given.makes_inputs
    assert given.models == made.models
    assert made.models[0].psnr > made.models[1].psnr + 0.5
    for path in (tmp_path / "lr").iterdir():
        save(path, 255 - pixels_of(path))
    assert evaluate(targets, models, lr_dir=tmp_path / "lr").models[0].psnr < 15


def test_network_is_scored_on_what_it_makes(tmp_path: Path) -> None:
    targets = drawn_folder(tmp_path / "hr")
    torch.manual_seed(0)
    network = SRCNN(init="default").eval()
    for path in targets.iterdir():
        hr = torch.tensor(pixels_of(path)).permute(2, 0, 1)[None]
        hr = hr[..., : hr.shape[-2] // 2 * 2, : hr.shape[-1] // 2 * 2]
        lr = resize_uint8(hr, (hr.shape[-2] // 2, hr.shape[-1] // 2), "bicubic", True)
        with torch.no_grad():
            output = to_uint8(network(lr / 255))
        save(tmp_path / "sr" / path.name, output[0].permute(1, 2, 0).numpy())
    found = evaluate(targets, {"network": network}, sr_dirs={"file": tmp_path / "sr"})
    assert found.models[0].psnr == pytest.approx(found.models[1].psnr, abs=1e-4)
    assert found.models[0].ssim == pytest.approx(found.models[1].ssim, abs=1e-5)


def named_images(folder: Path, data_set: str, cropped: int = 0) -> Path:
    """Flat images of the names and sizes of a data set."""
    for name, (height, width) in IMAGES[data_set].items():
        save(folder / f"{name}_GT.png", flat(90, height - cropped, width - cropped))
    return folder


@pytest.mark.parametrize("cropped", [0, 4])
@pytest.mark.parametrize("data_set", ["Set5", "Set14"])
def test_set_is_recognized_by_names_and_sizes(data_set: str, cropped: int, tmp_path: Path) -> None:
    images = {
        f"{name}_GT": (height - cropped, width - cropped)
        for name, (height, width) in IMAGES[data_set].items()
    }
    assert recognized(images) == data_set
    first, *others = images
    assert recognized({name: images[name] for name in others}) is None
    assert recognized({**images, "more": (64, 64)}) is None
    assert recognized({**images, first: (64, 64)}) is None
    assert recognized({f"img_{number}": images[name] for number, name in enumerate(images)}) is None


@pytest.mark.parametrize(
    ("convention", "scale", "is_printed"),
    [("literature", 2, True), ("matlab", 2, True), ("paper", 2, False), ("literature", 4, False)],
)
def test_printed_values_stand_beside_their_own_convention_alone(
    convention: str, scale: int, is_printed: bool, tmp_path: Path
) -> None:
    folder = named_images(tmp_path / "any", "Set5")
    found = evaluate(folder, {}, scale, convention, sr_dirs={"same": folder})
    assert found.data_set == "Set5"
    assert [one.method for one in found.published[:2]] == ["Bicubic", "SRCNN"] * is_printed
    if is_printed:
        assert found.published[0].psnr == 33.66


def test_named_conventions_are_what_the_documents_say() -> None:
    files = InputKernel("bicubic", antialias=True, is_rounded=True)
    memory = InputKernel("bicubic", antialias=True, is_rounded=False)
    assert named_convention("literature", 3) == Convention("y", 3, "uint8", "mean", files)
    assert named_convention("matlab", 4) == Convention("y", 4, "uint8_y", "mean", memory)
    assert named_convention("paper", 2) == Convention("rgb", 0, "none", "mean", files)
    with pytest.raises(BadInput, match=r"^--convention=nobody: choose literature, matlab or paper"):
        named_convention("nobody", 2)


@pytest.mark.parametrize(
    ("name", "scale", "convention", "psnr", "ssim"),
    [
        ("Set5", 2, "literature", 33.66, 0.9299),
        ("Set5", 2, "matlab", 33.66, 0.9299),
        ("Set14", 2, "literature", 30.24, 0.8688),
        ("Set14", 2, "matlab", 30.24, 0.8688),
        ("Set14", 3, "literature", 27.54, None),
        ("Set14", 4, "literature", 26.00, None),
    ],
)
def test_bicubic_gives_what_the_literature_prints(
    name: str, scale: int, convention: str, psnr: float, ssim: float | None
) -> None:
    folder = BENCHMARKS / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: its images make the literature's dB")
    found = evaluate(folder, {"bicubic": Interpolation(scale=scale)}, scale, convention)
    assert found.data_set == name
    # The printed values are of MATLAB programs.
    is_matlab = convention == "matlab"
    assert found.models[0].psnr == pytest.approx(psnr, abs=0.015 if is_matlab else 0.025)
    if ssim:
        assert found.models[0].ssim == pytest.approx(ssim, abs=2.5e-4 if is_matlab else 7e-4)
