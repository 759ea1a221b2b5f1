import random
import re
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from data_settings import ALIASED, ANTIALIASED, data_settings
from PIL import Image

from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import Split, make_split
from srcnn_lightning.errors import BadInput


def settings(tmp_path, **changed):
    root = str(tmp_path / "in") if changed.get("kind") == "folder" else None
    return data_settings(**{"root": root, "cache_dir": str(tmp_path / "cache"), **changed})


def of_split(split, data, degradation, **settings):
    source = open_source(data)
    return SuperResolutionData(
        source=source, split=split, data=data, degradation=degradation, **settings
    )


def leaves(tmp_path, seed=0, degradation=ALIASED, **changed):
    data = settings(tmp_path, **changed)
    source = open_source(data)
    module = SuperResolutionData(
        source=source,
        split=make_split(source.names, data),
        data=data,
        degradation=degradation,
        seed=seed,
    )
    module.setup("fit")
    return module


def numbered(tmp_path, split, seed=0, **changed):
    """A module whose images are of one grey level each, 10 for 0.png, 20 for 1.png and so on."""
    (tmp_path / "in").mkdir(exist_ok=True)
    for name in split.names:
        value = 10 * (int(name.removesuffix(".png")) + 1)
        Image.new("L", (8, 8), value).save(tmp_path / "in" / name)
    data = settings(tmp_path, kind="folder", crop=8, **changed)
    module = SuperResolutionData(
        source=open_source(data), split=split, data=data, degradation=ALIASED, seed=seed
    )
    module.setup("fit")
    return module


def levels(loader):
    """The numbers of the images that a loader gives, batch by batch."""
    return [(torch.round(hr[:, 0, 0, 0] * 255) / 10 - 1).int().tolist() for _, hr, *_ in loader]


SPLIT = Split(
    [f"{index}.png" for index in (7, 0, 3, 9, 1)],
    [f"{index}.png" for index in (8, 2, 5)],
    [f"{index}.png" for index in (6, 4)],
)


@pytest.mark.parametrize(("scale", "antialias"), [(2, False), (2, True), (4, True)])
def test_batches_are_float32_pairs_in_the_unit_range(tmp_path, scale, antialias):
    degradation = DegradationConfig(name="any", kernel="bicubic", antialias=antialias, scale=scale)
    module = leaves(tmp_path, degradation=degradation)
    for loader, sizes in (
        (module.train_dataloader(), [4, 2]),
        (module.val_dataloader(), [2]),
        (module.test_dataloader(), [2]),
    ):
        batches = list(loader)
        assert len(loader) == len(sizes)
        assert [len(lr) for lr, *_ in batches] == sizes
        for lr, hr, *_ in batches:
            assert lr.shape[1:] == (3, 8 // scale, 8 // scale)
            assert hr.shape[1:] == (3, 8, 8)
            for images in (lr, hr):
                assert images.dtype == torch.float32
                assert images.min() >= 0
                assert images.max() <= 1
                assert images.max() > 0.1  # not divided by 255 twice


def test_targets_keep_the_values_of_uint8(tmp_path):
    _, hr, _ = next(iter(leaves(tmp_path).test_dataloader()))
    assert torch.equal((hr * 255).round() / 255, hr)


def picture(tmp_path, pixels, kernel, degradation):
    """The test batch of a module with this one 4x4 picture."""
    (tmp_path / "in").mkdir()
    for name, shown in {"a": np.zeros((4, 4)), "b": np.ones((4, 4)), "c": pixels}.items():
        Image.fromarray(np.asarray(shown, np.uint8)).save(tmp_path / "in" / f"{name}.png")
    data = settings(tmp_path, kind="folder", crop=4, target_size=4)
    split = Split(["a.png"], ["b.png"], ["c.png"])
    degradation = replace(degradation, kernel=kernel)
    module = SuperResolutionData(
        source=open_source(data), split=split, data=data, degradation=degradation
    )
    module.prepare()
    lr, hr, _ = next(iter(module.test_dataloader()))
    return (lr * 255).round().int(), (hr * 255).round().int()


def test_inputs_of_nearest_take_one_pixel_of_four(tmp_path):
    blocks = np.kron([[10, 20], [30, 40]], np.ones((2, 2)))
    lr, hr = picture(tmp_path, np.dstack([blocks, blocks + 1, blocks + 2]), "nearest", ALIASED)
    assert lr[0].tolist() == [[[10 + c, 20 + c], [30 + c, 40 + c]] for c in range(3)]
    assert hr[0, 0].tolist() == blocks.tolist()


def test_inputs_are_rounded_as_an_image_file_would(tmp_path):
    # Bilinear without antialiasing is the mean of four: 11/4 = 2.75, 9/4 = 2.25, 255, 1021/4.
    pixels = [[1, 2, 2, 2], [3, 5, 2, 3], [255, 255, 255, 255], [255, 255, 255, 256 - 2]]
    lr, _ = picture(tmp_path, np.dstack([pixels] * 3), "bilinear", ALIASED)
    assert lr[0, 0].tolist() == [[3, 2], [255, 255]]


def test_inputs_do_not_overshoot(tmp_path):
    # Bicubic weights beyond an edge are negative; an image file cannot hold the result.
    pixels = np.zeros((4, 4, 3))
    pixels[:, 2:] = 255
    lr, _ = picture(tmp_path, pixels, "bicubic", ALIASED)
    # a = -0.75, half-way: weights -3/32, 19/32, 19/32, -3/32; outer neighbours repeat the border.
    assert lr[0, 0].tolist() == [[0, 255], [0, 255]]


def test_inputs_antialiased_reach_beyond_their_block(tmp_path):
    pixels = np.zeros((4, 4, 3))
    pixels[:, 2:] = 200
    lr, _ = picture(tmp_path, pixels, "bilinear", ANTIALIASED)
    # A triangle over four pixels weighs them 1, 3, 3, 1; one of them lies outside and is left out.
    assert lr[0, 0].tolist() == [[round(200 / 7), round(200 * 6 / 7)]] * 2


def test_parts_hold_the_images_of_the_split(tmp_path):
    module = numbered(tmp_path, SPLIT)
    parts = [module.train_dataloader(), module.val_dataloader(), module.test_dataloader()]
    found = [sorted(chain(*levels(loader))) for loader in parts]
    assert found == [[0, 1, 3, 7, 9], [2, 5, 8], [4, 6]]


def test_val_and_test_follow_the_order_of_the_split(tmp_path):
    module = numbered(tmp_path, SPLIT)
    for _ in range(2):
        assert levels(module.val_dataloader()) == [[8, 2], [5]]
        assert levels(module.test_dataloader()) == [[6, 4]]


def test_test_batches_say_which_images_are_grey_in_their_file(tmp_path):
    (tmp_path / "in").mkdir()
    for level, mode in enumerate(["RGB", "L", "RGB", "L", "RGB"]):
        Image.new("L", (16, 16), level).convert(mode).save(tmp_path / "in" / f"{level}.png")
    split = Split(["1.png"], ["0.png"], ["3.png", "2.png", "4.png"])
    data = settings(tmp_path, kind="folder", target_size=16)
    module = SuperResolutionData(
        source=open_source(data), split=split, data=data, degradation=ALIASED
    )
    module.setup("test")
    assert [grey.tolist() for *_, grey in module.test_dataloader()] == [[True, False], [False]]


def test_train_order_is_that_of_seed_and_epoch_alone(tmp_path):
    first = levels(numbered(tmp_path, SPLIT).train_dataloader())
    random.seed(3)
    torch.manual_seed(3)
    again = numbered(tmp_path, SPLIT).train_dataloader()
    assert levels(again) == first
    assert levels(again) == first  # no generator that runs on
    again.sampler.set_epoch(1)
    assert levels(again) != first
    again.sampler.set_epoch(0)
    assert levels(again) == first
    others = [levels(numbered(tmp_path, SPLIT, seed).train_dataloader()) for seed in (1, 2, 3)]
    assert any(other != first for other in others)


@pytest.mark.parametrize("channels_last", [True, False])
def test_memory_order_of_batches_is_the_one_asked_for(tmp_path, channels_last):
    data = settings(tmp_path)
    source = open_source(data)
    split = make_split(source.names, data)
    module = SuperResolutionData(
        source=source, split=split, data=data, degradation=ALIASED, channels_last=channels_last
    )
    module.setup("fit")
    wanted, other = torch.channels_last, torch.contiguous_format
    if not channels_last:
        wanted, other = other, wanted
    for loader in (module.train_dataloader(), module.val_dataloader()):
        for images in next(iter(loader)):
            assert images.is_contiguous(memory_format=wanted)
            assert not images.is_contiguous(memory_format=other)


def test_module_is_built_from_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(5):
        Image.new("RGB", (20, 24), (number, 0, 0)).save(tmp_path / f"in/{number}.png")
    module = SuperResolutionData(
        tmp_path / "in", scale=3, count=5, crop=18, target_size=12, batch_size=3,
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    module.setup("fit")
    assert [len(module.split.as_dict()[part]) for part in ("train", "val", "test")] == [3, 1, 1]
    lr, hr = next(iter(module.train_dataloader()))
    assert (lr.shape, hr.shape) == ((3, 3, 4, 4), (3, 3, 12, 12))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"target_sise": 8}, "data.target_sise=8: SuperResolutionData takes no such argument; it"),
        ({"crop": "x"}, "data.crop=x: it must be a whole number."),
        ({"augment": "no"}, "data.augment=no: it must be true or false."),
        ({"split": [0.6, 0.2]}, "data.split=[0.6, 0.2]: give three fractions"),
        ({"split": "x"}, "data.split=x: it must be a list"),
        ({"scale": 2.5}, "degradation.scale=2.5: it must be a whole number from 2 to 16."),
        ({"patch_size": 25}, "data.patch_size=25: it must be a multiple of degradation.scale=2."),
    ],
)
def test_setting_that_no_data_can_use_is_refused(given, sentence):
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}"):
        SuperResolutionData(**given)


def test_split_may_be_fractions_and_the_cache_a_path(tmp_path):
    split = (0.5, 0.3, 0.2)
    module = SuperResolutionData(count=10, split=split, cache_dir=tmp_path, crop=16, target_size=8)
    module.prepare()
    assert [len(names) for names in module.split.as_dict().values()] == [5, 3, 2]


def test_target_that_is_too_small_for_ssim_is_refused_in_a_test_alone(tmp_path):
    module = leaves(tmp_path)
    with pytest.raises(BadInput, match=r"^data\.target_size=8: SSIM needs 15 pixels a side, a"):
        module.setup("test")


def test_settings_beside_all_settings_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"^data: it holds all settings of the images"):
        SuperResolutionData(data=settings(tmp_path), count=5)
