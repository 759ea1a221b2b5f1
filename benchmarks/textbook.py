"""SRCNN as people write it: an image file is opened, cropped and resized whenever asked for.

Nothing of this project is in it, and nothing in it is slower than such programs are. The figures it
gives are measured over one epoch, from the moment its loader is asked for a batch.
"""

import time
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


def network() -> nn.Sequential:
    """SRCNN 9-1-5: `(B, 3, H, W)` enlarged images -> `(B, 3, H, W)`."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 9, padding=4),
        nn.ReLU(),
        nn.Conv2d(64, 32, 1),
        nn.ReLU(),
        nn.Conv2d(32, 3, 5, padding=2),
    )


class ImageFolder(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of the enlarged low-resolution image and the target."""

    def __init__(self, folder: str, count: int, crop: int, side: int) -> None:
        """Use the first `count` files; `crop` and `side` of the target in pixels."""
        self.paths = sorted(path for path in Path(folder).iterdir() if path.is_file())[:count]
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
        enlarged = low.resize((self.side, self.side), Image.Resampling.BICUBIC)
        return as_tensor(enlarged), as_tensor(target)


def as_tensor(image: Image.Image) -> Tensor:
    """`(3, H, W)` in [0, 1]."""
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.view(image.height, image.width, 3).permute(2, 0, 1).contiguous().float() / 255


def train(
    folder: str,
    images: int,
    crop: int,
    side: int,
    batch: int,
    epochs: int,
    threads: int,
    device: str,
) -> dict[str, float]:
    """Images per second of whole epochs after the first step."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    loader = DataLoader(
        ImageFolder(folder, images, crop, side), batch_size=batch, shuffle=True, num_workers=2
    )
    model = network().to(device)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(inputs: Tensor, targets: Tensor) -> float:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    step(*torch.rand(2, batch, 3, side, side))  # what torch does once is no one's epoch
    started = time.perf_counter()
    for _ in range(epochs):
        running_loss = 0.0
        for inputs, targets in loader:
            running_loss += step(inputs, targets)
    return {"images_per_second": epochs * images / (time.perf_counter() - started)}
