"""Whether the fast program ends where a plain loop ends: test PSNR of both, over several seeds.

The plain loop is that of any PyTorch program (`nn.Conv2d`, NCHW, Adam of torch) on the same images,
with the same first weights and the same order of images: what is left are the last bits. Both test
the epoch with the best val PSNR. The learning rate is 1e-4, at which training is steady; at 1e-3
the last bits alone move the best of 100 epochs by tenths of a decibel, whoever computes them.
"""

import tempfile
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import textbook
from benchmarks.alone import Contender, Figures, alone, alternate, column
from benchmarks.compose import request
from benchmarks.figures import FigureSet, Row
from benchmarks.images import folder_of_images
from benchmarks.options import Options
from srcnn_lightning import metrics
from srcnn_lightning.data.pairs import BatchIndices, Pairs
from srcnn_lightning.training import fit
from srcnn_lightning.training.components import build

LEARNING_RATE = 1e-4
TOLERANCE_DB = 0.05


def measure(options: Options) -> list[FigureSet]:
    """Test PSNR of each seed, and the differences."""
    folder = str(folder_of_images(options))
    settings = [
        *("data=folder", f"data.root='{folder}'", "model.init=default"),
        f"data.count={options.compared_images}",
        f"data.crop={options.crop}",
        f"data.target_size={options.compared_side}",
        f"data.batch_size={options.batch}",
        f"optimizer.lr={LEARNING_RATE}",
        f"trainer={'gpu' if options.device == 'cuda' else 'cpu'}",
        f"trainer.threads={options.threads}",
        f"trainer.max_epochs={options.compared_epochs}",
    ]
    contenders: dict[str, Contender] = {
        f"{name}, seed {seed}": partial(
            alone, f"benchmarks.accuracy:{name}", overrides=[*settings, f"seed={seed}"]
        )
        for seed in range(options.compared_seeds)
        for name in ("plain", "ours")
    }
    found = alternate(contenders, 1)
    rows = [Row(name, "dB", column(figures, "test_psnr")) for name, figures in found.items()]
    differences = [
        ours.median - plain.median for plain, ours in zip(rows[::2], rows[1::2], strict=True)
    ]
    rows += [
        Row(f"difference, seed {seed}", "dB", (difference,))
        for seed, difference in enumerate(differences)
    ]
    largest = max(map(abs, differences))
    rows.append(Row("largest difference", "dB", (largest,), at_most=TOLERANCE_DB))
    title = (
        f"Test PSNR after {options.compared_epochs} epochs of {options.compared_images} images "
        f"of {options.compared_side}x{options.compared_side}, lr {LEARNING_RATE}"
    )
    return [FigureSet("accuracy", title, rows)]


def ours(overrides: list[str]) -> Figures:
    """A real run."""
    with tempfile.TemporaryDirectory() as folder:
        asked = request(Path(folder), *overrides)
        parts = build(asked, None)
        parts.data.prepare()
        found = fit.fit_and_test(parts, asked).metrics["test_psnr"]
    assert found is not None
    return {"test_psnr": found}


def plain(overrides: list[str]) -> Figures:
    """The same training as a loop."""
    with tempfile.TemporaryDirectory() as folder:
        asked = request(Path(folder), *overrides)
        parts = build(asked, None)
        parts.data.prepare()
    device = parts.trainer.strategy.root_device
    network = textbook.network()
    network.load_state_dict(parts.task.network.layers.state_dict())  # type: ignore[union-attr]
    network.to(device)
    train, val, test = (
        _tensors(parts.data.pairs[part], parts.task.network.upsampling, device)  # type: ignore[arg-type]
        for part in ("train", "val", "test")
    )
    settings = asked.settings
    optimizer = torch.optim.Adam(network.parameters(), lr=settings["optimizer"]["lr"])
    order = BatchIndices(len(train[0]), settings["data"]["batch_size"], settings["seed"])
    best, best_test = -1.0, 0.0
    for epoch in range(settings["trainer"]["max_epochs"]):
        order.set_epoch(epoch)
        for indices in order:
            optimizer.zero_grad()
            F.mse_loss(network(train[0][indices]), train[1][indices]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if (psnr := _psnr(network, *val)) > best:
            best, best_test = psnr, _psnr(network, *test)
    return {"test_psnr": best_test}


def _tensors(pairs: Pairs, enlarge: nn.Module, device: torch.device) -> tuple[Tensor, Tensor]:
    lr, hr = pairs[list(range(len(pairs)))]
    return enlarge(lr).contiguous().to(device), hr.contiguous().to(device)


@torch.no_grad()
def _psnr(network: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Mean over images, RGB, no border."""
    pairs = zip(torch.split(inputs, 4), torch.split(targets, 4), strict=True)
    found = [metrics.psnr(network(one).clamp(0, 1), other) for one, other in pairs]
    return float(torch.cat(found).mean())
