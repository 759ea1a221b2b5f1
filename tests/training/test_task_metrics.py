"""What validation and test measure, against values worked out by hand."""

import math

import pytest
from grey_tasks import PLAIN_TRAINER, constant_task, greys, loader, scored

from srcnn_lightning.training.scores import summarize

pytestmark = PLAIN_TRAINER


def test_validation_psnr_is_of_the_clamped_output_and_the_loss_is_not(trainer):
    trainer.validate(constant_task(1.5), loader(greys(1.0)), verbose=False)
    assert float(trainer.callback_metrics["val/psnr"]) == math.inf
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(0.25)


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_validation_means_are_over_images_whatever_the_batches(trainer, batch_size):
    pairs = greys(0.1, 0.01, 0.001)
    trainer.validate(constant_task(0.0), loader(pairs, batch_size), verbose=False)
    # 20, 40 and 60 dB; pooled it would be 24.73 dB, by batches of two 45 dB.
    assert float(trainer.callback_metrics["val/psnr"]) == pytest.approx(40, abs=1e-4)
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(0.010101 / 3)


def test_test_metrics_of_each_image_by_hand(trainer):
    task = constant_task(0.5)
    trainer.test(task, loader(scored(greys(0.6, 0.51)), 2), verbose=False)
    table = task.test_table()
    assert table["loss"] == pytest.approx([0.01, 0.0001], rel=1e-5)
    assert table["mse"] == pytest.approx([0.01, 0.0001], rel=1e-5)
    assert table["psnr"] == pytest.approx([20, 40], abs=1e-3)
    # Y of a grey g is (16 + 219 g) / 255: errors of 0.0858824 and 0.00858824.
    assert table["psnr_y"] == pytest.approx([21.3219, 41.3219], abs=1e-3)
    # (2ab + C1) / (a^2 + b^2 + C1) in 1/255: a = 125.5, b = 147.4 and 127.69, C1 = 2.55^2.
    wanted = [
        (2 * 125.5 * b + 6.5025) / (125.5**2 + b**2 + 6.5025) for b in (16 + 219 * 0.6, 127.69)
    ]
    assert table["ssim"] == pytest.approx(wanted, abs=1e-3)


def test_test_scores_an_image_that_is_grey_in_its_file_on_grey_values(trainer):
    task = constant_task(0.5)
    trainer.test(task, loader(scored(greys(0.6, 0.6), True, False), 2), verbose=False)
    table = task.test_table()
    assert table["grey"] == [True, False]
    # An error of 0.1 of full range is 20 dB; Y's studio swing makes it 20 log10(255 / 219) more.
    assert table["psnr_y"] == pytest.approx([20, 21.3219], abs=1e-3)
    # (2ab + C1) / (a^2 + b^2 + C1): of 0.5 and 0.6 with C1 = 0.01^2, and as above.
    y = 16 + 219 * 0.6
    wanted = [0.6001 / 0.6101, (2 * 125.5 * y + 6.5025) / (125.5**2 + y**2 + 6.5025)]
    assert table["ssim"] == pytest.approx(wanted, abs=1e-3)
    # RGB is what every image is trained on.
    for name, value in {"loss": 0.01, "mse": 0.01, "psnr": 20}.items():
        assert table[name] == pytest.approx([value, value], rel=1e-4)


def test_test_shaves_the_scale_for_the_literatures_metrics(trainer):
    pairs = greys(0.6)
    pairs[0][1][:, :2] = 0.0  # the target's first two rows, wrong by 0.5
    task = constant_task(0.5)
    trainer.test(task, loader(scored(pairs)), verbose=False)
    table = task.test_table()
    assert table["psnr_y"] == pytest.approx([21.3219], abs=1e-3)
    # RGB keeps its border: (2 * 0.25 + 14 * 0.01) / 16 = 0.04, 13.979 dB.
    assert table["psnr"] == pytest.approx([13.9794], abs=1e-3)


def test_test_loss_is_of_the_unclamped_output_and_every_other_metric_of_the_clamped(trainer):
    task = constant_task(1.5)
    trainer.test(task, loader(scored(greys(1.0))), verbose=False)
    table = task.test_table()
    assert table["loss"] == pytest.approx([0.25])
    assert table["mse"] == [0]
    assert table["psnr"] == table["psnr_y"] == [math.inf]
    assert table["ssim"] == pytest.approx([1], abs=1e-5)


def test_test_table_holds_the_latest_test_in_the_order_of_the_images(trainer):
    task = constant_task(0.0)
    trainer.test(task, loader(scored(greys(0.5))), verbose=False)
    trainer.test(task, loader(scored(greys(0.1, 0.01, 0.001)), 2), verbose=False)
    assert task.test_table()["psnr"] == pytest.approx([20, 40, 60], abs=1e-3)


def test_summary_averages_each_metric_and_pools_one():
    table = {
        "loss": [0.02, 0.0001],
        "mse": [0.01, 0.0001],
        "psnr": [20.0, 40.0],
        "psnr_y": [21.0, 42.0],
        "ssim": [0.5, 1.0],
        "high_frequency_ratio": [0.2, 0.6],
    }
    summary = summarize(table)
    # Pooled: (0.01 + 0.0001) / 2 = 0.00505 is 22.9671 dB, not 30.
    wanted = {
        "test_loss": 0.01005,
        "test_psnr": 30.0,
        "test_psnr_pooled": 22.9671,
        "test_psnr_y": 31.5,
        "test_ssim": 0.75,
        "test_high_frequency_ratio": 0.4,
    }
    assert summary == pytest.approx(wanted, abs=1e-4)
