"""The last layer of SRCNN 9-1-5, forward and backward: plain, and as a convolution over 2x2 blocks.

python benchmarks/block_convolution.py
"""

import time
from statistics import median

import torch

from srcnn_lightning.models.block_convolution import BlockConv2d
from srcnn_lightning.training.environment import keep_freed_memory

ROUNDS, STEPS = 7, 10


def milliseconds(layer: BlockConv2d, images: torch.Tensor, slope: torch.Tensor) -> float:
    """Time of one step, the mean of several."""
    started = time.perf_counter()
    for _ in range(STEPS):
        layer(images).backward(slope)
    return 1000 * (time.perf_counter() - started) / STEPS


def main() -> None:
    """Alternate both forms and print the medians."""
    keep_freed_memory()
    layer = BlockConv2d(32, 3, 5).to(memory_format=torch.channels_last)
    shape = {"memory_format": torch.channels_last}
    images = torch.rand(2, 32, 224, 224).contiguous(**shape).requires_grad_()
    slope = torch.rand(2, 3, 224, 224).contiguous(**shape)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS + 1):  # the first warms up
        for blocks, found in times.items():
            layer.blocks = blocks
            found.append(milliseconds(layer, images, slope))
    plain, blocks = (median(times[form][1:]) for form in (False, True))
    print(f"last layer, batch 2 of 224x224: plain {plain:.1f} ms, blocks {blocks:.1f} ms")
    print(f"ratio of medians {blocks / plain:.2f}")


if __name__ == "__main__":
    main()
