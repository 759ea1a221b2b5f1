"""How fast is one large image upscaled: in tiles, by plain torch and by ONNX Runtime?

All of them run the same network on the same image with the same number of CPU threads, the
interpolation included. Plain torch and ONNX Runtime get it without this program's forms of layers.
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
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.rounds import Figures, FigureSet, alternate, in_new_process, ratio, row
from benchmarks.workload import Workload
from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.inference.tiling import upscale_tiled
from srcnn_lightning.models import SRCNN

REPETITIONS = 5
OURS, BEFORE = "ours, in tiles", "before, in tiles"


def measure(workload: Workload) -> list[FigureSet]:
    """Images per second, and the peak memory of each process."""
    size: dict[str, Any] = {
        "height": workload.height,
        "width": workload.width,
        "threads": workload.threads,
    }
    plain, tiles = (
        partial(in_new_process, f"benchmarks.inference:{name}", **size)
        for name in ("upscale_plainly", "upscale_by_tiles")
    )
    with TemporaryDirectory() as folder:
        model = str(Path(folder) / "srcnn.onnx")
        export(model, workload.height, workload.width)
        contenders = {
            "plain torch": plain,
            "ONNX Runtime": partial(
                in_new_process, "benchmarks.inference:upscale_by_onnx", model=model, **size
            ),
            "ours, whole": partial(tiles, tile=0),
            OURS: tiles,
            **({BEFORE: partial(tiles, package=workload.other)} if workload.other else {}),
        }
        found = alternate(contenders, workload.rounds)
    speed = {name: row(found, name, "images_per_second", "image/s") for name in found}
    others = [one for name, one in speed.items() if name != OURS]
    ratios = [ratio(f"{OURS} / {other.name}", speed[OURS], other) for other in others]
    difference = row(found, "ONNX Runtime", "difference", "of 1", "largest difference of a value")
    memory = [row(found, name, "peak_mb", "MB") for name in found]
    title = f"Inference of SRCNN 9-1-5, one {workload.width}x{workload.height} output"
    return [
        FigureSet("inference", title, [*speed.values(), *ratios, difference]),
        FigureSet("inference_memory", "Peak memory of each process that upscaled", memory),
    ]


def network(is_accelerated: bool) -> nn.Module:
    """SRCNN with the same weights in every process."""
    torch.manual_seed(0)
    built = SRCNN(init="default").eval()
    return accelerate(built) if is_accelerated else built


def low_resolution(height: int, width: int) -> Tensor:
    """`(1, 3, height / 2, width / 2)` in [0, 1], the same in every process."""
    return torch.rand(1, 3, height // 2, width // 2, generator=torch.Generator().manual_seed(0))


def upscale_plainly(height: int, width: int, threads: int) -> Figures:
    """Plain torch takes the whole image at once."""
    torch.set_num_threads(threads)
    model, image = network(is_accelerated=False), low_resolution(height, width)
    with torch.inference_mode():
        return _speed(lambda: model(image))


def upscale_by_tiles(height: int, width: int, threads: int, tile: int | None = None) -> Figures:
    """This program takes tiles, or the whole image where `tile` is 0."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    model = network(is_accelerated=True).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = low_resolution(height, width)
    settings = {} if tile is None else {"tile": tile}
    return _speed(lambda: upscale_tiled(model, image, **settings))


def upscale_by_onnx(height: int, width: int, threads: int, model: str) -> Figures:
    """ONNX Runtime optimizes the network itself; its values differ from ours by `difference`."""
    import onnxruntime

    torch.set_num_threads(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    image = low_resolution(height, width)
    inputs = {session.get_inputs()[0].name: image.numpy()}
    figures = _speed(lambda: session.run(None, inputs))
    (output,) = session.run(None, inputs)
    difference = (
        (upscale_tiled(network(is_accelerated=True), image) - torch.from_numpy(output)).abs().max()
    )
    return {**figures, "difference": float(difference)}


def export(path: str, height: int, width: int) -> None:
    """Write the network for ONNX Runtime, quietly."""
    model, image = network(is_accelerated=False), low_resolution(height, width)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # torchvision is not needed
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # torch's exporter warns of itself
        torch.onnx.export(model, (image,), path, dynamo=True, external_data=False)


def _speed(action: Callable[[], object]) -> Figures:
    times = []
    for _ in range(REPETITIONS + 1):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return {"images_per_second": 1 / median(times[1:])}  # the first warms up
