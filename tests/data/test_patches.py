"""Patches and their orientations: cut alike from input and target, drawn from seed and epoch."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
import torch
from data_settings import data_settings
from PIL import Image

from srcnn_lightning.config import DegradationConfig
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.data.pairs import BatchIndices, Draw, OrderedBatchIndices, Pairs, oriented
from srcnn_lightning.data.sources import open_source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput


def numbered(height, width, first=0):
    """`(3, H, W)` uint8 whose red is the row, green the column, and blue one number."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows, columns, np.full((height, width), first)]).astype(np.uint8)
    return torch.from_numpy(pixels)


def pairs(scale, sizes, patch_size=None):
    """Targets of numbered pixels in blocks of `scale`: each block is one pixel of the input."""
    lr = [numbered(*size, first=index) for index, size in enumerate(sizes)]
    hr = [one.repeat_interleave(scale, -2).repeat_interleave(scale, -1) for one in lr]
    return Pairs(lr, hr, patch_size=patch_size)


def whole_numbers(batch):
    return [(images * 255).round().to(torch.uint8) for images in batch]


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("orientation", range(8))
def test_input_and_target_show_the_same_area_turned_alike(scale, orientation):
    data = pairs(scale, [(9, 20), (30, 7)], patch_size=4 * scale)
    draws = [Draw(0, 0.5, 0.25, orientation), Draw(1, 0.99, 0.0, orientation)]
    lr, hr = whole_numbers(data[draws])
    assert (lr.shape, hr.shape) == ((2, 3, 4, 4), (2, 3, 4 * scale, 4 * scale))
    # 9 rows have 6 places for 4, 20 columns 17: row 3 and column 4; of 30 rows the last is 26.
    assert sorted(set(lr[0, 0].flatten().tolist())) == [3, 4, 5, 6]
    assert sorted(set(lr[0, 1].flatten().tolist())) == [4, 5, 6, 7]
    assert sorted(set(lr[1, 0].flatten().tolist())) == [26, 27, 28, 29]
    blocks = lr.repeat_interleave(scale, -2).repeat_interleave(scale, -1)
    assert torch.equal(hr, blocks)


def test_eight_orientations_are_those_of_a_square():
    square = torch.tensor([[[1, 2], [3, 4]]])
    all_eight = [oriented(square, number)[0].tolist() for number in range(8)]
    assert all_eight[0] == [[1, 2], [3, 4]]
    rotations = [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]
    flips = [[[2, 1], [4, 3]], [[4, 2], [3, 1]], [[3, 4], [1, 2]], [[1, 3], [2, 4]]]
    assert sorted(all_eight) == sorted(rotations + flips)


def test_draws_are_those_of_seed_epoch_and_place_alone():
    def epoch(number, seed=0, **changed):
        sampler = BatchIndices(5, 4, seed, draw_seed=seed, augment=True, **{"steps": 3} | changed)
        sampler.set_epoch(number)
        return list(sampler)

    assert epoch(2) == epoch(2)
    assert epoch(2) != epoch(3)
    assert epoch(2) != epoch(2, seed=1)
    # Other lengths leave the draws of a place as they are.
    assert epoch(2, steps=50)[:3] == epoch(2)
    many = list(chain(*epoch(0, steps=500)))
    assert min(Counter(draw.orientation for draw in many).values()) > 2000 / 8 * 0.7
    assert len({draw.orientation for draw in many}) == 8
    assert {draw.image for draw in many} == set(range(5))
    for place in ("top", "left"):
        values = [getattr(draw, place) for draw in many]
        assert 0 <= min(values) < 0.01
        assert 0.99 < max(values) < 1


def test_epoch_of_steps_passes_over_all_images_before_one_comes_again():
    sampler = BatchIndices(5, 4, seed=0, steps=5, draw_seed=0)
    batches = list(sampler)
    assert (len(sampler), [len(batch) for batch in batches]) == (5, [4] * 5)
    images = [draw.image for draw in chain(*batches)]
    passes = [images[start : start + 5] for start in range(0, 20, 5)]
    assert all(sorted(one) == list(range(5)) for one in passes)
    assert len({tuple(one) for one in passes}) > 1


def test_processes_share_the_draws_of_a_batch():
    settings = {"steps": 3, "draw_seed": 7, "augment": True}
    alone = list(BatchIndices(5, 4, 0, **settings))
    shares = [list(BatchIndices(5, 4, 0, rank, 2, **settings)) for rank in range(2)]
    for whole, even, odd in zip(alone, *shares, strict=True):
        assert (whole[0::2], whole[1::2]) == (even, odd)


def test_fixed_batches_have_the_same_draws_in_every_epoch():
    sampler = OrderedBatchIndices(3, 2, draw_seed=0)
    first = list(sampler)
    sampler.set_epoch(5)
    assert list(sampler) == first
    assert [draw.image for draw in chain(*first)] == [0, 1, 2]


def test_empty_share_has_the_shape_of_a_patch():
    lr, hr = pairs(2, [(9, 20)], patch_size=8)[[]]
    assert (lr.shape, hr.shape) == ((0, 3, 4, 4), (0, 3, 8, 8))


def module(tmp_path, sizes, scale, **changed):
    """A module of drawn photographs of these sizes; the first of each set trains."""
    (tmp_path / "in").mkdir(exist_ok=True)
    generator = np.random.default_rng(0)
    for index, (height, width) in enumerate(sizes):
        pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{index}.png")
    names = [f"{index}.png" for index in range(len(sizes))]
    folders = {"root": str(tmp_path / "in"), "cache_dir": str(tmp_path / "cache")}
    data = data_settings(
        **{"kind": "folder", "crop": None, "target_size": None, **folders, **changed}
    )
    module = SuperResolutionData(
        source=open_source(data),
        split=Split(names[:-2], names[-2:-1], names[-1:]),
        data=data,
        degradation=DegradationConfig("any", "nearest", antialias=False, scale=scale),
    )
    module.setup("fit")
    return module


SIZES = [(40, 61), (33, 32), (50, 50), (41, 29), (64, 31)]


def test_patches_are_pixels_of_the_file_and_inputs_of_its_degradation(tmp_path):
    """Nothing is shrunk after the cut: nearest by 3 takes the middle one of each 3x3 block."""
    data = module(tmp_path, SIZES, 3, patch_size=12, augment=True, steps_per_epoch=6, batch_size=4)
    files = [np.array(Image.open(tmp_path / "in" / f"{index}.png")) for index in range(3)]
    windows = [
        {
            image[top : top + 12, left : left + 12, 0].tobytes()
            for top in range(image.shape[0] - 11)
            for left in range(image.shape[1] - 11)
        }
        for image in files
    ]
    found = []
    for lr, hr in data.train_dataloader():
        assert (lr.shape, hr.shape) == ((4, 3, 4, 4), (4, 3, 12, 12))
        for low, high in zip(*whole_numbers((lr, hr)), strict=True):
            assert torch.equal(low, high[:, 1::3, 1::3])
            orientations = [oriented(high, number)[0].numpy().tobytes() for number in range(8)]
            found.append([any(one in place for one in orientations) for place in windows])
    assert all(sum(one) == 1 for one in found)
    assert all(any(column) for column in zip(*found, strict=True))


@pytest.mark.parametrize(
    ("sizes", "changed"),
    [
        ([(32, 32)] * 5, {"patch_size": None}),
        ([(32, 32)] * 5, {"patch_size": None, "augment": True}),
        ([(32, 32)] * 5, {"patch_size": 8, "augment": True}),
        ([(32, 32), (40, 24), (50, 60), (16, 16), (16, 16)], {"patch_size": 8}),
        ([(32, 32), (40, 24), (50, 60), (16, 16), (16, 16)], {"batch_size": 1}),
    ],
)
def test_batches_are_the_same_from_a_devices_memory_and_from_the_map(tmp_path, sizes, changed):
    data = module(tmp_path, sizes, 2, **changed)
    mapped = data.pairs["train"]
    loaded = [list(data.train_dataloader())]
    data.pairs["train"] = mapped.on_device(torch.device("cpu"))  # as on a GPU
    assert isinstance(mapped.hr, list)
    assert isinstance(data.pairs["train"].hr, torch.Tensor) is (len({*sizes}) == 1)
    loaded.append(list(data.train_dataloader()))
    assert loaded[0]
    for one, other in zip(*loaded, strict=True):
        for images, same in zip(one, other, strict=True):
            assert torch.equal(images, same)
            assert images.is_contiguous(memory_format=torch.channels_last)


def test_whole_squares_are_turned(tmp_path):
    data = module(tmp_path, [(24, 24)] * 3, 2, augment=True, batch_size=1)
    loader = data.train_dataloader()
    file = torch.from_numpy(np.array(Image.open(tmp_path / "in" / "0.png"))).permute(2, 0, 1)
    seen = set()
    for epoch in range(60):
        loader.sampler.set_epoch(epoch)
        ((lr, hr),) = (whole_numbers(batch) for batch in loader)
        (number,) = (one for one in range(8) if torch.equal(oriented(file, one), hr[0]))
        assert torch.equal(oriented(data.pairs["train"].lr[0], number), lr[0])
        seen.add(number)
    assert seen == set(range(8))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_whole_images_of_any_size_come_one_a_batch_cropped_to_the_scale(tmp_path, scale):
    data = module(tmp_path, SIZES, scale, batch_size=1, eval_batch_size=4)
    loaded = [*data.train_dataloader(), *data.val_dataloader()]
    shapes = sorted(tuple(hr.shape) for _, hr in loaded)
    wanted = sorted(
        (1, 3, height // scale * scale, width // scale * scale) for height, width in SIZES[:4]
    )
    assert shapes == wanted
    for lr, hr in loaded:
        assert [scale * side for side in lr.shape[-2:]] == list(hr.shape[-2:])


def test_image_smaller_than_the_scale_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(5):
        size = (30, 1) if number == 3 else (30, 30)
        Image.new("RGB", size, (number, 0, 0)).save(tmp_path / f"in/{number}.png")
    data = data_settings(
        kind="folder", root=str(tmp_path / "in"), crop=None, target_size=None, count=5,
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    module = SuperResolutionData(data=data)
    with pytest.raises(BadInput, match=r": 3\.png has 30x1 pixels, and degradation\.scale=2 "):
        module.prepare()


def test_crop_to_a_multiple_keeps_the_centre(tmp_path):
    data = module(tmp_path, [(32, 32), (32, 32), (35, 34)], 4)
    ((_, hr, _),) = data.test_dataloader()
    file = torch.from_numpy(np.array(Image.open(tmp_path / "in" / "2.png"))).permute(2, 0, 1)
    # 35 rows lose one above and two below, 34 columns one on each side.
    assert torch.equal(whole_numbers([hr])[0][0], file[:, 1:33, 1:33])
