"""Every network as a file: what ONNX Runtime, OpenCV and torch.export.load make of it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import onnx
import onnxruntime
import pytest
import torch
from small_networks import ALL_SCALES, SEVERAL, settings_of
from torch import Tensor, nn

from srcnn_lightning import models
from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.export import Source, interpolation_source, write_verified
from srcnn_lightning.inference.export_check import Different
from srcnn_lightning.models.checkpoint import load_network
from srcnn_lightning.models.padding import upscale

Y = ("drcn", "espcn", "fsrcnn", "srcnn", "vdsr")
RESIDUAL = ("edsr", "mdsr", "srcnn", "srresnet")
FORMS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"color": "y"}) for name in Y),
    *((name, {"residual": True}) for name in RESIDUAL),
    ("srcnn", {"batch_norm": True, "output_activation": "tanh", "init": "default"}),
    ("unetpp", {"features": [4, 8, 8], "deep_supervision": True}),
    ("interpolation", {"kernel": "bicubic", "antialias": False}),
    ("interpolation", {"kernel": "bilinear", "antialias": False}),
    ("interpolation", {"kernel": "bilinear"}),
    ("interpolation", {"kernel": "nearest"}),
]
SIZES = ((1, 1, 1), (1, 1, 9), (1, 9, 1), (1, 7, 3), (3, 33, 17), (1, 64, 65))

# One of each kind: interpolation before the layers and none, luma.
FAST = ("srcnn", "edsr")


def cases() -> Iterator[Any]:
    forms = [(name, {}) for name in models.list_models()] + FORMS
    for name, form in forms:
        for scale in (2,) if form else (2, 4):
            is_fast = (name in FAST and not form) or (name, form) == ("espcn", {"color": "y"})
            is_slow = scale != 2 or not is_fast
            yield pytest.param(name, form, scale, marks=[pytest.mark.slow] * is_slow)


def source(name: str, form: dict[str, Any], scale: int) -> Source:
    """A network whose every layer has an effect."""
    torch.manual_seed(0)
    settings = settings_of(name, scale) | form
    network = models.build_network(settings)
    for parameter in network.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return Source(name, network.eval(), settings, ALL_SCALES if name in SEVERAL else scale)


def written(one: Source, file_format: str, folder: Path) -> Path:
    path = folder / f"network.{file_format}"
    with path.open("w+b") as file:
        assert write_verified(one, file_format, file) <= 1e-4
    return path


def difference(
    network: nn.Module,
    run: Callable[[Tensor], Any],
    sizes: tuple[tuple[int, int, int], ...] = SIZES,
) -> float:
    found = []
    for number, (count, height, width) in enumerate(sizes):
        generator = torch.Generator().manual_seed(number)
        images = torch.rand(count, 3, height, width, generator=generator)
        with torch.inference_mode():
            wanted = upscale(network, images).clamp(0, 1)
            output = torch.as_tensor(run(images))
        assert output.shape == wanted.shape
        found.append(float((output - wanted).abs().max()))
    return max(found)


def by_onnx_runtime(path: Path) -> Callable[[Tensor], Any]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["upscaled"], {"image": images.numpy()})[0]


def by_opencv(path: Path) -> Callable[[Tensor], Any]:
    network = cv2.dnn.readNetFromONNX(str(path))

    def run(images: Tensor) -> Any:
        network.setInput(images.numpy())
        return network.forward()

    return run


@pytest.mark.parametrize(("name", "form", "scale"), [*cases()])
def test_file_of_every_network_gives_what_the_network_gives(
    name: str, form: dict[str, Any], scale: int, tmp_path: Path
) -> None:
    whole = source(name, form, scale)
    one = whole.at(scale)
    onnx_file = written(one, "onnx", tmp_path)
    assert difference(one.network, by_onnx_runtime(onnx_file)) <= 1e-4
    sizes = SIZES
    if form.get("kernel") == "bilinear":
        # OpenCV 5.0.0 reads beside the memory of images one pixel high: random values.
        sizes = tuple(size for size in SIZES if size[1] > 1)
    assert difference(one.network, by_opencv(onnx_file), sizes) <= 1e-4
    program = torch.export.load(written(one, "pt2", tmp_path)).module()
    assert difference(one.network, program) <= 1e-4
    loaded = load_network(written(whole, "safetensors", tmp_path))[0].eval()
    again = Source(name, loaded, one.settings, whole.scale).at(scale)
    assert difference(one.network, lambda images: upscale(again.network, images).clamp(0, 1)) == 0


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    networks = [source("srcnn", {}, 2) for _ in range(5)]
    networks[0].network.to(memory_format=torch.channels_last)
    contents = {written(one, "safetensors", tmp_path).read_bytes() for one in networks}
    assert len(contents) == 1


def test_values_beyond_the_range_are_clamped(tmp_path: Path) -> None:
    one = interpolation_source("bicubic", 2)
    image = torch.zeros(1, 3, 8, 8)
    image[..., 4:] = 1  # bicubic overshoots an edge
    assert one.network(image).min() < -0.01 and one.network(image).max() > 1.01
    output = by_onnx_runtime(written(one, "onnx", tmp_path))(image)
    assert (output.min(), output.max()) == (0, 1)


def test_file_names_no_file_of_the_machine_that_wrote_it(tmp_path: Path) -> None:
    one = source("srcnn", {}, 2)
    for file_format in ("onnx", "pt2"):
        content = written(one, file_format, tmp_path).read_bytes()
        assert b".py" not in content and b"/srcnn_lightning" not in content


@pytest.mark.slow
def test_metadata_say_what_the_network_is_and_how_it_is_used(tmp_path: Path) -> None:
    settings = settings_of("unetpp", 3)
    model = onnx.load(written(source("unetpp", {}, 3), "onnx", tmp_path))
    onnx.checker.check_model(model, full_check=True)
    sides = [
        [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    ]
    assert sides == [
        ["batch", 3, "height", "width"],
        ["batch", 3, "3*height", "3*width"],
    ]
    texts = {one.key: one.value for one in model.metadata_props}
    assert json.loads(texts["network"]) == settings
    # Two levels: 5 * (2 - 1) + 2 * 2 input pixels.
    values = ("scale", "color", "receptive_radius", "multiple_of")
    assert [json.loads(texts[key]) for key in values] == [3, "rgb", 9, 2]
    assert "RGB in [0, 1]" in texts["input"] and "clamped to [0, 1]" in texts["output"]
    extra = {"metadata.json": ""}
    torch.export.load(written(source("unetpp", {}, 3), "pt2", tmp_path), extra_files=extra)
    assert json.loads(extra["metadata.json"]) == texts


class Noisy(nn.Upsample):
    """A network that gives another output each time, by up to 0.1."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) * (1 - 0.1 * torch.rand_like(images).mean())


class Undecided(nn.Upsample):
    """A network that looks at its values, which no exported file can."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images if images.mean() > 0.5 else 1 - images)


@pytest.mark.parametrize("file_format", ["onnx", "pt2"])
def test_file_that_differs_from_the_network_is_refused(file_format: str, tmp_path: Path) -> None:
    one = Source("noisy", Noisy(scale_factor=2).eval(), {"name": "noisy"}, 2)
    words = r"differs from the network's by 0\.\d"
    with (tmp_path / "file").open("w+b") as file, pytest.raises(Different, match=words):
        write_verified(one, file_format, file)


@pytest.mark.parametrize("file_format", ["onnx", "pt2"])
def test_network_that_torch_cannot_export_is_one_sentence(file_format: str, tmp_path: Path) -> None:
    one = Source("undecided", Undecided(scale_factor=2).eval(), {"name": "undecided"}, 2)
    with (tmp_path / "file").open("w+b") as file, pytest.raises(BadInput) as caught:
        write_verified(one, file_format, file)
    assert str(caught.value).startswith("undecided: torch cannot export this network (")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
