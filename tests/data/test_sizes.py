"""Sizes that a training or test cannot use: one sentence that names image, setting and value."""

import re

import numpy as np
import pytest
from data_settings import data_settings

from srcnn_lightning.data.sizes import (
    check_test_sizes,
    check_training_sizes,
    cropped_to_multiple,
)
from srcnn_lightning.errors import BadInput

OWN = {"kind": "folder", "crop": None, "target_size": None}


def test_crop_to_a_multiple_loses_the_odd_row_below_and_the_odd_column_at_the_right():
    rows, columns = np.mgrid[:11, :13]
    cut = cropped_to_multiple(np.dstack([rows, columns, rows]), 4)
    assert cut[:, 0, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert cut[0, :, 1].tolist() == list(range(12))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"patch_size": 64},
            "data.patch_size=64: c.png, the smallest training image, has 62x70 pixels; "
            "set data.patch_size=60 or less, or leave small images out.",
        ),
        (
            {"batch_size": 4},
            "data.batch_size=4: a.png has 80x90 pixels and b.png 80x63 pixels, which make no "
            "batch; set data.patch_size, data.target_size or data.batch_size=1.",
        ),
        (
            {"batch_size": 1, "augment": True},
            "data.augment=true: a.png has 80x90 pixels, and a quarter turn needs a square; "
            "set data.patch_size, or data.augment=false.",
        ),
    ],
)
def test_training_images_that_make_no_batch_are_named(changed, sentence):
    images = [("a.png", (90, 80)), ("b.png", (63, 80)), ("c.png", (70, 62))]
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        check_training_sizes(images, data_settings(**{**OWN, **changed}), scale=4)


@pytest.mark.parametrize("changed", [{"patch_size": 60}, {"batch_size": 1}])
def test_training_images_that_make_batches_are_taken(changed):
    images = [("a.png", (90, 80)), ("b.png", (62, 80))]
    check_training_sizes(images, data_settings(**{**OWN, **changed}), scale=4)


def test_test_image_too_small_for_ssim_is_named():
    data = data_settings(**OWN)
    check_test_sizes([("a.png", (19, 30))], data, scale=4)  # a window of 11, and 4 at each side
    needed = "SSIM needs 19 pixels a side, a window of 11 within the shaved border of 4"
    with pytest.raises(BadInput, match=rf"b\.png has 30x18 pixels, and {needed}; leave"):
        check_test_sizes([("a.png", (19, 30)), ("b.png", (18, 30))], data, scale=4)
