"""How fast is one large image upscaled: by this program, plain torch, ONNX Runtime and OpenCV?

This program does what `upscale` does with a picture of 8 bits, from its pixels to the result's. The
others get the same pixels as floating point, and give floating point. ONNX Runtime and OpenCV run
the file that `export` has written. All have the same number of CPU threads.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks.rounds import Figures, FigureSet, Row, alternate, in_new_process, ratio, row
from benchmarks.workload import Workload
from srcnn_lightning import models
from srcnn_lightning.image_io import Picture
from srcnn_lightning.inference.loading import load
from srcnn_lightning.inference.tiling import upscale_tiled
from srcnn_lightning.inference.upscale import upscale_picture
from srcnn_lightning.models.checkpoint import load_network

REPETITIONS = 5
# As the command sets it for itself (`srcnn_lightning/__main__.py`).
AS_THE_COMMAND = {"OMP_WAIT_POLICY": "PASSIVE"}
OURS, WHOLE, BEFORE = "ours, in tiles", "ours, whole", "before, in tiles"
PLAIN, ONNX_RUNTIME, OPENCV = "plain torch", "ONNX Runtime", "OpenCV"
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "inference": ("SRCNN 9-1-5", {"name": "srcnn", "init": "default"}),
    "inference_edsr": (
        "EDSR with 8 blocks of 32 features",
        {"name": "edsr", "blocks": 8, "features": 32},
    ),
}


def measure(workload: Workload) -> list[FigureSet]:
    """Images per second of each network, and the peak memory of each process."""
    return [
        figures
        for name, (title, settings) in NETWORKS.items()
        for figures in measure_network(workload, name, title, settings)
    ]


def measure_network(
    workload: Workload, name: str, title: str, settings: dict[str, Any]
) -> list[FigureSet]:
    """The same of one network."""
    with TemporaryDirectory() as folder:
        checkpoint, file = Path(folder) / "network.ckpt", Path(folder) / "network.onnx"
        write_checkpoint(checkpoint, settings)
        export(checkpoint, file)
        common: dict[str, Any] = {
            "height": workload.height,
            "width": workload.width,
            "threads": workload.threads,
            "checkpoint": str(checkpoint),
            "file": str(file),
        }

        def contender(function: str, **others: Any) -> Callable[[], Figures]:
            name = f"benchmarks.inference:{function}"
            return partial(in_new_process, name, **common, **others)

        contenders = {
            PLAIN: contender("upscale_plainly"),
            ONNX_RUNTIME: contender("upscale_by_onnx_runtime"),
            OPENCV: contender("upscale_by_opencv"),
            WHOLE: contender("upscale_at_once", environment=AS_THE_COMMAND),
            OURS: contender("upscale_by_tiles", environment=AS_THE_COMMAND),
        }
        if workload.other:
            contenders[BEFORE] = contender(
                "upscale_by_tiles", package=workload.other, environment=AS_THE_COMMAND
            )
        found = alternate(contenders, workload.rounds)
    speed = {one: row(found, one, "images_per_second", "image/s") for one in found}
    ours = speed[OURS]
    others = [one for one in speed.values() if one is not ours]
    ratios = [ratio(f"{OURS} / {other.name}", ours, other) for other in others]
    pairs = zip(speed[ONNX_RUNTIME].values, speed[OPENCV].values, strict=True)
    faster = Row("the faster of both", "image/s", tuple(map(max, pairs)))
    ratios.append(ratio(f"{OURS} / the faster of {ONNX_RUNTIME} and {OPENCV}", ours, faster))
    differences = [
        row(found, one, "difference", "of 1", f"largest difference of a value, {one}")
        for one in (ONNX_RUNTIME, OPENCV)
    ]
    memory = [row(found, one, "peak_mb", "MB") for one in found]
    about = f"{title}, one {workload.width}x{workload.height} output"
    return [
        FigureSet(name, f"Inference of {about}", [*speed.values(), *ratios, *differences]),
        FigureSet(f"{name}_memory", f"Peak memory of each process, {about}", memory),
    ]


def write_checkpoint(path: Path, settings: dict[str, Any]) -> None:
    """Write a network with PyTorch's initial weights, as a training does."""
    torch.manual_seed(0)
    full = models.full_settings(**settings)
    state = models.build_network(full).state_dict()
    content = {
        "hyper_parameters": {"network": full, "scale": full["scale"]},
        "state_dict": {f"network.{name}": weight for name, weight in state.items()},
    }
    torch.save(content, path)


def export(checkpoint: Path, file: Path) -> None:
    """Write the network for ONNX Runtime and OpenCV, as the verb `export` does."""
    # Another commit need not have it.
    from srcnn_lightning.inference.export import load_source, write_verified

    with file.open("w+b") as opened:
        write_verified(load_source(checkpoint.name, checkpoint), "onnx", opened)


def low_resolution(height: int, width: int) -> np.ndarray:
    """`(height / 2, width / 2, 3)` uint8, the same in every process."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (height // 2, width // 2, 3), dtype=np.uint8)


def as_float(pixels: np.ndarray) -> np.ndarray:
    """`(h, w, 3)` uint8 -> `(1, 3, h, w)` in [0, 1]."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / 255


def upscale_plainly(
    height: int, width: int, threads: int, checkpoint: str, **unused: str
) -> Figures:
    """Plain torch takes the whole image at once."""
    torch.set_num_threads(threads)
    network = load_network(Path(checkpoint))[0].eval()
    image = torch.from_numpy(as_float(low_resolution(height, width)))
    with torch.inference_mode():
        return _speed(lambda: network(image))


def upscale_by_tiles(
    height: int, width: int, threads: int, checkpoint: str, **unused: str
) -> Figures:
    """This program takes tiles."""
    torch.set_num_threads(threads)
    loaded = load(Path(checkpoint))
    picture = Picture(low_resolution(height, width))
    return _speed(lambda: upscale_picture(loaded, picture))


def upscale_at_once(
    height: int, width: int, threads: int, checkpoint: str, **unused: str
) -> Figures:
    """The same network without tiles, which `upscale` refuses where it would take much memory."""
    torch.set_num_threads(threads)
    network = load(Path(checkpoint)).network
    image = torch.from_numpy(as_float(low_resolution(height, width)))
    return _speed(lambda: upscale_tiled(network, image, tile=0))


def upscale_by_onnx_runtime(
    height: int, width: int, threads: int, checkpoint: str, file: str
) -> Figures:
    """ONNX Runtime optimizes the network itself."""
    import onnxruntime

    torch.set_num_threads(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    image = as_float(low_resolution(height, width))
    inputs = {session.get_inputs()[0].name: image}
    figures = _speed(lambda: session.run(None, inputs))
    return {**figures, "difference": _difference(checkpoint, image, session.run(None, inputs)[0])}


def upscale_by_opencv(height: int, width: int, threads: int, checkpoint: str, file: str) -> Figures:
    """OpenCV's own inference, from version 5 on."""
    import cv2

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(file)
    image = as_float(low_resolution(height, width))

    def run() -> Any:
        network.setInput(image)
        return network.forward()

    return {**_speed(run), "difference": _difference(checkpoint, image, run())}


def _difference(checkpoint: str, image: np.ndarray, output: np.ndarray) -> float:
    """The largest difference of a program's output from ours."""
    ours = load(Path(checkpoint)).upscale(torch.from_numpy(image)).clamp(0, 1)
    return float((ours - torch.from_numpy(output)).abs().max())


def _speed(action: Callable[[], object]) -> Figures:
    times = []
    for _ in range(REPETITIONS + 1):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return {"images_per_second": 1 / median(times[1:])}  # the first warms up
