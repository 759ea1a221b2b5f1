"""What an image costs: operations and activations, counted, and time, measured."""

import copy
import time
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from srcnn_lightning.models.padding import upscale

OUTPUT_SIZE = (720, 1280)  # sides of the upscaled image that papers count operations for
REPETITIONS = 5


class _Activations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Elements of the outputs of all convolutions, as NTIRE's efficient challenge counts them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default:
            self.count += result.numel()
        return result


@torch.no_grad()  # in inference mode torch does not break `conv2d` down into `convolution`
def count_operations(network: nn.Module, scale: int) -> dict[str, int]:
    """What one image costs that is upscaled to 1280x720 pixels, or to somewhat less.

    It is that of the plain network, also where its layers are accelerated. Nothing is computed.
    Interpolation and other work beside convolutions and matrix products is not counted. A
    transposed convolution is counted by its input, where papers count it by its output.

    Args:
        network: network on any device, which stays as it is.
        scale: factor between the sides of output and input.

    Returns:
        `multiply_adds`, half of the operations that torch counts; `activations`, elements of all
        outputs of convolutions; `input_height` and `input_width` in pixels. Empty for a network
        that cannot be copied, or cannot run without values or with an image of these sides.
    """
    height, width = (side // scale for side in OUTPUT_SIZE)
    images = torch.zeros(1, 3, height, width, device="meta")
    try:
        # The forms of accelerated layers are for a CPU alone (`acceleration`).
        plain = copy.deepcopy(network).to("meta").eval()
        with FlopCounterMode(display=False) as operations, _Activations() as activations:
            upscale(plain, images)
    except Exception:
        # A network of one's own is code that the run has used on other images alone. Without values
        # `item` raises RuntimeError and `numpy` TypeError, a copy may be forbidden, and a check of
        # the sides raises what its author likes. No list is complete, and the run is worth more.
        return {}
    return {
        "multiply_adds": operations.get_total_flops() // 2,
        "activations": activations.count,
        "input_height": height,
        "input_width": width,
    }


@torch.inference_mode()
def seconds_per_megapixel(network: nn.Module, images: Tensor) -> float:
    """Time of inference for a million upscaled pixels, the median of a few repetitions.

    Args:
        network: network in evaluation mode.
        images: `(B, 3, h, w)` in [0, 1], on the network's device.
    """

    def run() -> Tensor:
        output = upscale(network, images)
        if images.device.type != "cpu":
            torch.accelerator.synchronize()
        return output

    height, width = run().shape[-2:]  # memory is taken in this call
    seconds = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return median(seconds) / (len(images) * height * width / 1e6)
