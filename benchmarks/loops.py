"""Training loops over tensors in memory: the textbook's, and one in channels_last.

Both take random images: what a convolution costs does not depend on what is in it.
"""

import time

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.alone import Figures
from benchmarks.textbook import network


def plain(images: int, side: int, batch: int, epochs: int, threads: int, device: str) -> Figures:
    """The textbook's loop without its files: NCHW, eager, `loss.item()` at each step."""
    return _train(images, side, batch, epochs, threads, device, torch.contiguous_format)


def channels_last(
    images: int, side: int, batch: int, epochs: int, threads: int, device: str
) -> Figures:
    """The same in channels_last, and the loss is read once an epoch."""
    return _train(images, side, batch, epochs, threads, device, torch.channels_last)


def _train(
    images: int,
    side: int,
    batch: int,
    epochs: int,
    threads: int,
    device: str,
    memory_format: torch.memory_format,
) -> Figures:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model: nn.Module = network().to(device)
    model = model.to(memory_format=memory_format)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    inputs, targets = (
        torch.rand(images, 3, side, side, device=device).contiguous(memory_format=memory_format)
        for _ in range(2)
    )
    reads_each_loss = memory_format is torch.contiguous_format
    seconds = 0.0
    for epoch in range(epochs + 1):
        started = time.perf_counter()
        total = torch.zeros((), device=device)
        for indices in torch.split(torch.randperm(images), batch):
            optimizer.zero_grad()
            loss = F.mse_loss(model(inputs[indices]), targets[indices])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() if reads_each_loss else loss.detach()
        total.item()
        if epoch:  # the first warms up
            seconds += time.perf_counter() - started
    return {"images_per_second": epochs * images / seconds}
