"""The test of a network by one scale: scores, pictures and cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer

from srcnn_lightning.models import cost
from srcnn_lightning.models.scales import at_scale
from srcnn_lightning.training import images
from srcnn_lightning.training.components import Components
from srcnn_lightning.training.scores import summarize


@dataclass
class ScaleResult:
    """Results by one scale, as fields of the run record.

    Attributes:
        metrics: metrics of the test; with those of the validation for one of several scales.
        per_image: scores of each test image.
        cost: cost of an image.
        history: validation of each epoch by one of several scales; empty for the only one.
    """

    metrics: dict[str, float | None]
    per_image: list[dict[str, Any]]
    cost: dict[str, float]
    history: list[dict[str, float]]


def run_test(
    components: Components, tester: Trainer, scale: int, folder: Path, test_images: Path
) -> ScaleResult:
    """Test the network by one scale, and write the pictures.

    Args:
        components: components of the run, with the weights that are tested.
        tester: Trainer that tests.
        scale: factor between the sides of output and input.
        folder: folder of the pictures.
        test_images: folder of the test images' targets, for all runs that share them.
    """
    task, data = components.task, components.data
    data.test_scale = scale
    components.test_outputs.outputs.clear()
    tester.test(task, data, verbose=False)
    table = task.test_table()
    columns = [
        dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)
    ]
    # trainer.limit_test_batches may end the test before the last image.
    per_image = [
        {"name": name, **values} for name, values in zip(data.split.test, columns, strict=False)
    ]
    _write_pictures(components, scale, folder, test_images, table["psnr"])
    history, is_of_several = components.history, task.has_several_scales
    return ScaleResult(
        metrics={**(history.metrics(scale) if is_of_several else {}), **summarize(table)},
        per_image=per_image,
        cost={
            **cost.count_operations(at_scale(task.network, scale), scale),
            "seconds_per_megapixel": _seconds_per_megapixel(components, tester, scale),
        },
        history=history.of_scale(scale) if is_of_several else [],
    )


def _seconds_per_megapixel(components: Components, tester: Trainer, scale: int) -> float:
    """Time of inference on the first test image, in the run's precision, on its device."""
    device, precision = tester.strategy.root_device, tester.precision_plugin
    image = next(iter(components.data.test_dataloader()))[0][:1].to(device)
    network = at_scale(components.task.network, scale)
    with precision.test_step_context():
        return cost.seconds_per_megapixel(network.to(device).eval(), image)


def _write_pictures(
    components: Components, scale: int, folder: Path, test_images: Path, psnr: list[float]
) -> None:
    outputs, data = components.test_outputs.outputs, components.data
    pairs, names = data.pairs[scale]["test"], data.split.test[: len(outputs)]
    images.write_outputs(folder / "pictures", names, outputs)
    compared = [pairs[[index]] for index in range(min(images.COMPARED, len(names)))]
    images.write_comparison(folder / "comparison.png", names, compared, outputs, psnr)
    test_pairs = zip(pairs.lr, pairs.hr, strict=True)
    images.write_test_images(test_images, data.split.test, test_pairs, data.degradation.at(scale))
