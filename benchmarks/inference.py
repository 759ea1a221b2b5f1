"""Inference: one large image by plain programs, by this one in tiles, and by ONNX Runtime.

The last two run the same network with the same weights, interpolation included; all of them have
the same number of threads on the CPU. ONNX Runtime gets the plain form of the last layer.
"""

import io
import logging
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from benchmarks import roof
from benchmarks.alone import Figures, alone, alternate, column
from benchmarks.figures import FigureSet, Row, ratio
from benchmarks.options import Options
from benchmarks.textbook import as_tensor
from benchmarks.textbook import network as plain_network
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.inference.tiling import upscale_tiled
from srcnn_lightning.models import SRCNN

REPETITIONS = 5


def measure(options: Options) -> list[FigureSet]:
    """Images per second, milliseconds and peak memory, in alternating order."""
    size = {"height": options.height, "width": options.width, "threads": options.threads}
    with TemporaryDirectory() as folder:
        model = str(Path(folder) / "srcnn.onnx")
        export(Path(model), options.height, options.width)
        contenders = {
            "a textbook, from a file": partial(alone, "benchmarks.inference:textbook", **size),
            "a' textbook, in memory": partial(alone, "benchmarks.inference:plain", **size),
            "b channels_last": partial(
                alone, "benchmarks.inference:plain", channels_last=True, **size
            ),
            "ours, in tiles": partial(alone, "benchmarks.inference:ours", **size),
            "ours, whole": partial(alone, "benchmarks.inference:ours", tile=0, **size),
            "ONNX Runtime": partial(alone, "benchmarks.inference:onnx", model=model, **size),
            "roof": partial(
                alone,
                "benchmarks.inference:roof_of_inference",
                matrix=options.matrix,
                channels=options.channels,
                **size,
            ),
        }
        found = alternate(contenders, options.rounds)
    speed = {
        name: Row(name, "image/s", column(figures, "images_per_second"))
        for name, figures in found.items()
    }
    memory = [Row(name, "MB", column(found[name], "peak_mb")) for name in list(found)[:-1]]
    a, a_in_memory, b, tiles, whole, other, limit = speed.values()
    higher = Row(
        "roof of convolutions", "image/s", column(found["roof"], "convolution_images_per_second")
    )
    ratios = [
        ratio("ours, in tiles / ONNX Runtime", tiles, other, at_least=0.9),
        ratio("ours, in tiles / a", tiles, a),
        ratio("ours, in tiles / a'", tiles, a_in_memory),
        ratio("ours, in tiles / b", tiles, b),
        ratio("ours, in tiles / whole", tiles, whole),
        ratio("ours, in tiles / roof", tiles, limit),
        ratio("ours, in tiles / roof of convolutions", tiles, higher),
    ]
    difference = Row(
        "largest difference of a value",
        "of 1",
        column(found["ONNX Runtime"], "largest_difference"),
        at_most=1e-5,
    )
    title = f"Inference of SRCNN 9-1-5, one {options.width}x{options.height} output"
    return [
        FigureSet("inference", title, [*speed.values(), higher, *ratios, difference]),
        FigureSet("inference_memory", "Peak memory of each process that enlarged", memory),
    ]


def network(cpu_forms: bool = True) -> SRCNN:
    """The same weights in every process, none of them zero."""
    torch.manual_seed(0)
    return SRCNN(init="default", cpu_forms=cpu_forms).eval()


def low_resolution(height: int, width: int) -> Tensor:
    """`(1, 3, height / 2, width / 2)` in [0, 1], the same in every process."""
    return torch.rand(1, 3, height // 2, width // 2, generator=torch.Generator().manual_seed(0))


def textbook(height: int, width: int, threads: int) -> Figures:
    """An image file is opened, enlarged by Pillow and refined, eager and in NCHW."""
    torch.set_num_threads(threads)
    model = plain_network().eval()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image.png"
        pixels = (255 * low_resolution(height, width)[0]).byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(path)

        @torch.no_grad()
        def enlarge_file() -> Tensor:
            image = Image.open(path).convert("RGB")
            image = image.resize((width, height), Image.Resampling.BICUBIC)
            enlarged: Tensor = model(as_tensor(image)[None]).clamp(0, 1)
            return enlarged

        return _speed(enlarge_file)


def plain(height: int, width: int, threads: int, channels_last: bool = False) -> Figures:
    """The whole image at once, from memory, enlarged by torch."""
    torch.set_num_threads(threads)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    model = plain_network().eval().to(memory_format=memory_format)  # type: ignore[call-overload]
    image = low_resolution(height, width)

    @torch.no_grad()
    def enlarge_whole() -> Tensor:
        large = F.interpolate(image, scale_factor=2, mode="bicubic", antialias=True)
        enlarged: Tensor = model(large.contiguous(memory_format=memory_format)).clamp(0, 1)
        return enlarged

    return _speed(enlarge_whole)


def ours(height: int, width: int, threads: int, tile: int | None = None) -> Figures:
    """channels_last, `torch.inference_mode`, in tiles unless `tile` is 0."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    model = network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = low_resolution(height, width)
    settings = {} if tile is None else {"tile": tile}
    return _speed(lambda: upscale_tiled(model, image, **settings))


def onnx(height: int, width: int, threads: int, model: str) -> Figures:
    """ONNX Runtime with its own optimizations."""
    import onnxruntime

    torch.set_num_threads(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    image = low_resolution(height, width)
    inputs = {session.get_inputs()[0].name: image.numpy()}
    figures = _speed(lambda: session.run(None, inputs))
    (output,) = session.run(None, inputs)
    largest = (upscale_tiled(network(), image) - torch.from_numpy(output)).abs().max()
    return {**figures, "largest_difference": float(largest)}


def roof_of_inference(matrix: int, channels: int, height: int, width: int, threads: int) -> Figures:
    """Images per second if the convolutions ran as fast as this machine computes or copies."""
    torch.set_num_threads(threads)
    works, copy = roof.inference_work(plain_network(), height, width), roof.copy_rate("cpu")
    product, convolution = roof.product_rate(matrix, "cpu"), roof.convolution_rate(channels, "cpu")
    return {
        "images_per_second": 1 / roof.seconds(works, product, copy),
        "convolution_images_per_second": 1 / roof.seconds(works, convolution, copy),
    }


def export(path: Path, height: int, width: int) -> None:
    """Write the network for ONNX Runtime, quietly."""
    model = network(cpu_forms=False)  # those forms are for the convolutions of torch
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # torchvision is not needed
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # torch's exporter warns of itself
        torch.onnx.export(
            model, (low_resolution(height, width),), path, dynamo=True, external_data=False
        )


def _speed(action: Callable[[], object]) -> Figures:
    times = []
    for _ in range(REPETITIONS + 1):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return {"images_per_second": 1 / median(times[1:])}  # the first warms up
