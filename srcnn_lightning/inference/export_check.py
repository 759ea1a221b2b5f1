"""Does an exported file give what its network gives? Asked of the file itself, once written."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from srcnn_lightning.errors import one_line
from srcnn_lightning.models.padding import upscale

LIMIT = 1e-4  # of [0, 1]: a fortieth of a level of an 8-bit file
SIZES = ((1, 1, 1), (1, 1, 9), (1, 9, 1), (1, 7, 3), (2, 17, 31))  # images, height, width
RANDOM_SIZES = 3


class Different(Exception):  # noqa: N818 - it says what was found
    """A file's output is not the network's; the message says by how much, without a full stop."""


@torch.inference_mode()
def compare(network: nn.Module, file: Callable[[Tensor], Tensor]) -> float:
    """The largest difference between the network's output, clamped, and the file's.

    Args:
        network: plain network in evaluation mode, on the CPU.
        file: function that runs the file, from `(B, 3, h, w)` in [0, 1] to the clamped output.

    Raises:
        Different: the difference exceeds `LIMIT`, or the file's output has another size.
    """
    numbers = random.Random(0)
    odd = [(1, *(2 * numbers.randrange(3, 40) + 1 for _ in range(2))) for _ in range(RANDOM_SIZES)]
    generator = torch.Generator().manual_seed(0)
    largest, count = 0.0, 0
    for images, height, width in (*SIZES, *odd):
        given = torch.rand(images, 3, height, width, generator=generator)
        try:
            wanted = upscale(network, given).clamp(0, 1)
        except RuntimeError:  # a network of one's own need not take every size
            continue
        where = f"for {images} images of {width}x{height} pixels"
        try:
            found = file(given)
        except Exception as error:  # each runtime has types of its own
            raise Different(f"the file cannot be run {where} ({error})") from error
        if found.shape != wanted.shape:
            shapes = (" x ".join(map(str, one.shape)) for one in (found, wanted))
            raise Different(f"its output is {' in place of '.join(shapes)} {where}")
        difference = float((found - wanted).abs().max())
        if not difference <= LIMIT:
            raise Different(
                f"its output differs from the network's by {difference:.2g} {where}, and "
                f"{LIMIT:g} is the limit"
            )
        largest, count = max(largest, difference), count + 1
    if not count:
        raise Different("the network takes none of the sizes that it is verified with")
    return largest


def check_onnx(path: Path, network: nn.Module) -> float:
    """`compare` with ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # its own lines would stand beside our sentence
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a type of its own for each cause
        raise Different(f"ONNX Runtime cannot use the file ({one_line(error)})") from error
    (name,) = (one.name for one in session.get_inputs())
    return compare(
        network, lambda images: torch.from_numpy(session.run(None, {name: images.numpy()})[0])
    )


def check_pt2(path: Path, network: nn.Module) -> float:
    """`compare` with `torch.export.load`."""
    with path.open("rb") as file:
        program: Any = torch.export.load(file).module()
    return compare(network, program)
