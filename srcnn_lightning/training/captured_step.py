"""One training step, and the same as a CUDA graph, whose kernels are all launched at once.

A step of SRCNN with a batch of 2 is some fifty kernels; launching them one by one takes a large GPU
longer than computing them. https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer

from srcnn_lightning.data.pairs import Batch
from srcnn_lightning.errors import BadInput

BatchLoss = Callable[[Batch], Tensor]
WARM_UP = 3  # steps that torch wants before it captures one


def take_step(batch_loss: BatchLoss, optimizer: Optimizer, batch: Batch) -> Tensor:
    """Forward, backward, optimizer; returns the loss, detached, without waiting for it."""
    optimizer.zero_grad()
    loss = batch_loss(batch)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


class CapturedStep:
    """`take_step` that captures a CUDA graph of itself and replays it from then on.

    The graph belongs to the first batch's shapes; another, as an epoch's last may have, is computed
    as without it. All steps are steps of the training: the first ones warm up, and capturing one
    does not compute it.
    """

    def __init__(self) -> None:
        """Nothing is captured yet."""
        self.graph: torch.cuda.CUDAGraph | None = None
        self.warmed_up = 0
        self.shape: torch.Size | None = None

    def __call__(self, batch_loss: BatchLoss, optimizer: Optimizer, batch: Batch) -> Tensor:
        """The loss of a step with this batch."""
        self.shape = self.shape or batch[1].shape
        if batch[1].shape != self.shape:
            return take_step(batch_loss, optimizer, batch)
        if self.graph is None and self.warmed_up < WARM_UP:
            self.warmed_up += 1
            return self._beside(batch_loss, optimizer, batch)
        if self.graph is None:
            self._capture(batch_loss, optimizer, batch)
            assert self.graph is not None
        for static, new in zip(self.batch, batch, strict=True):
            static.copy_(new)
        self.graph.replay()
        return self.loss.clone()  # the next replay writes over it

    def _beside(self, batch_loss: BatchLoss, optimizer: Optimizer, batch: Batch) -> Tensor:
        """On a stream of its own, as a graph will be captured."""
        current = torch.cuda.current_stream()
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            loss = take_step(batch_loss, optimizer, batch)
        current.wait_stream(stream)
        return loss

    def _capture(self, batch_loss: BatchLoss, optimizer: Optimizer, batch: Batch) -> None:
        self.batch = (batch[0].clone(), batch[1].clone())
        optimizer.zero_grad()  # the graph's gradients lie in memory of its own
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.loss = take_step(batch_loss, optimizer, self.batch)
        self.graph = graph


def make_capturable(optimizer: Optimizer) -> None:
    """Let an optimizer keep its number of steps on the GPU, where a graph counts it.

    Raises:
        BadInput: it has no such option. Some could do without, as SGD; that is not tried.
    """
    for group in optimizer.param_groups:
        if "capturable" not in group:
            name = type(optimizer).__name__
            raise BadInput(
                f"trainer.cuda_graph=true: {name} cannot be captured; give an optimizer of torch "
                "that has the option `capturable`, as Adam does, or leave it out."
            )
        group["capturable"] = True
