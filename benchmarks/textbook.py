"""How fast is SRCNN as people write it? Programs without anything of this project.

`train_from_files` opens, crops and resizes an image file whenever it is asked for one.
`train_from_memory` is its loop alone, on random images: what a convolution costs does not depend on
its values.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from benchmarks.rounds import Figures

Batches = Iterable[tuple[Tensor, Tensor]]
EXTENSIONS = Image.registered_extensions()


def network() -> nn.Sequential:
    """SRCNN 9-1-5: `(B, 3, H, W)` upscaled images -> `(B, 3, H, W)`."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 9, padding=4),
        nn.ReLU(),
        nn.Conv2d(64, 32, 1),
        nn.ReLU(),
        nn.Conv2d(32, 3, 5, padding=2),
    )


class ImageFolder(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of the upscaled low-resolution image and the target."""

    def __init__(self, folder: str, count: int, crop: int, side: int) -> None:
        """Use the first `count` images; `crop` and `side` of the target in pixels."""
        paths = (path for path in Path(folder).iterdir() if path.suffix.lower() in EXTENSIONS)
        self.paths = sorted(paths)[:count]
        self.crop = crop
        self.side = side

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Input and target, both `(3, side, side)` in [0, 1]."""
        image = Image.open(self.paths[index]).convert("RGB")
        left, top = (image.width - self.crop) // 2, (image.height - self.crop) // 2
        image = image.crop((left, top, left + self.crop, top + self.crop))
        target = image.resize((self.side, self.side), Image.Resampling.BICUBIC)
        low = target.resize((self.side // 2, self.side // 2), Image.Resampling.BICUBIC)
        upscaled = low.resize((self.side, self.side), Image.Resampling.BICUBIC)
        return _as_tensor(upscaled), _as_tensor(target)


def _as_tensor(image: Image.Image) -> Tensor:
    """`(3, H, W)` in [0, 1]."""
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.view(image.height, image.width, 3).permute(2, 0, 1).contiguous().float() / 255


def train_from_files(
    folder: str, images: int, crop: int, side: int, batch: int, threads: int, device: str
) -> Figures:
    """Images per second of an epoch, from the moment the loader is asked for its first batch."""
    dataset = ImageFolder(folder, images, crop, side)
    loader = DataLoader(dataset, batch_size=batch, shuffle=True, num_workers=2)
    warm_up = [tuple(torch.rand(2, batch, 3, side, side))]  # what torch does once is no epoch's
    return train(network(), [warm_up, loader], images, threads, device)


def train_from_memory(
    images: int, side: int, batch: int, threads: int, device: str, channels_last: bool = False
) -> Figures:
    """Images per second of the second epoch; in channels_last the loss is read at its end."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    inputs, targets = (
        torch.rand(images, 3, side, side, device=device).contiguous(memory_format=layout)
        for _ in range(2)
    )
    orders = [torch.split(torch.randperm(images), batch) for _ in range(2)]
    epochs = [((inputs[indices], targets[indices]) for indices in order) for order in orders]
    return train(network(), epochs, images, threads, device, layout)


def loss_of(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """The mean squared error of the output, or of all outputs that the network is trained by."""
    supervised_outputs = getattr(model, "supervised_outputs", None)
    outputs = supervised_outputs(inputs) if supervised_outputs else [(1, model(inputs))]
    return torch.stack([weight * F.mse_loss(output, targets) for weight, output in outputs]).sum()


def train(
    model: nn.Module,
    epochs: Sequence[Batches],
    images: int,
    threads: int,
    device: str,
    layout: torch.memory_format = torch.contiguous_format,
) -> Figures:
    """Images per second of the last epoch, by the loop of every tutorial."""
    torch.set_num_threads(threads)
    model = model.to(device).to(memory_format=layout)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    started = 0.0
    for batches in epochs:
        started = time.perf_counter()
        total = torch.zeros((), device=device)
        for inputs, targets in batches:
            optimizer.zero_grad()
            loss = loss_of(model, inputs.to(device), targets.to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() if layout is torch.contiguous_format else loss.detach()
        total.item()
    return {"images_per_second": images / (time.perf_counter() - started)}
