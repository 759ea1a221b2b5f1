import base64
import io

import numpy as np
import pytest
from PIL import Image
from run_records import make_record, seed_groups

from srcnn_lightning.report.images import BICUBIC, TARGET, TestImage
from srcnn_lightning.report.page.viewer import (
    choose_images,
    compared_groups,
    most_images,
    viewed_groups,
    viewer,
)
from srcnn_lightning.studies.srcnn_paper import STUDY

LABELS = ["base", "best", "second"]


def picture(smooth, seed, side=96):
    """Noise, or a part of it on a smooth ground, which packs as much better as it is smooth."""
    generator = np.random.default_rng(seed)
    ground = np.add.outer(np.arange(side), np.arange(side))[..., None] * 255 // (2 * side)
    noise = generator.integers(-100, 101, (side, side, 3)) * (1 - smooth)
    return np.clip(ground + noise, 0, 255).astype(np.uint8)


def image(name, smoothness, **changes):
    pictures = {
        label: picture(smooth, seed, **changes)
        for seed, (label, smooth) in enumerate(smoothness.items())
    }
    return TestImage(name, pictures, {}, {}, {})


def five(name, **changes):
    """As a page has them: bicubic is the smoothest, the target the roughest."""
    smoothness = {TARGET: 0, BICUBIC: 0.97, "base": 0.6, "best": 0.5, "second": 0.5}
    return image(name, smoothness, **changes)


def decoded(uri):
    kind, _, content = uri.partition(",")
    assert kind == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as found:
        return np.array(found.convert("RGB"))


def total(shown):
    return sum(len(uri) for one in shown["images"] for uri in one["sources"].values())


@pytest.fixture(scope="module")
def images():
    return [five(f"{place}.png") for place in range(6)]


def test_without_need_pictures_are_whole_and_lossless(images):
    shown = viewer(images, LABELS, 10**9, str)
    for one, source in zip(images, shown["images"], strict=True):
        assert source["part"] == "The whole image, 96x96 pixels."
        assert (source["width"], source["height"]) == (96, 96)
        assert {*source["sources"]} == {BICUBIC, *LABELS, TARGET}
        for label, uri in source["sources"].items():
            assert np.array_equal(decoded(uri), one.pixels[label])


@pytest.mark.parametrize("part", [0.75, 0.5, 0.25])
def test_parts_use_the_budget_and_are_of_one_size_and_place(images, part):
    budget = round(total(viewer(images, LABELS, 10**9, str)) * part)
    shown = viewer(images, LABELS, budget, str)
    assert 0.85 * budget < total(shown) <= budget
    for one, source in zip(images, shown["images"], strict=True):
        size = (source["height"], source["width"])
        assert source["part"].startswith(f"The {size[1]}x{size[0]} of 96x96 pixels where")
        assert 32 <= size[0] == size[1] < 96
        window = one.window(size[0])
        for label, uri in source["sources"].items():
            assert np.array_equal(decoded(uri), one.pixels[label][window])
    assert len({source["part"] for source in shown["images"]}) == 1


def test_labels_are_in_order_and_only_those_that_have_pictures(images):
    assert viewer(images, LABELS, 10**9, str)["labels"] == [BICUBIC, *LABELS, TARGET]
    shown = viewer(images, ["base", "gone", BICUBIC, "base"], 10**9, str)
    assert shown["labels"] == [BICUBIC, "base", TARGET]
    assert shown["right"] == "base"
    alone = [image("a", {BICUBIC: 0.5, TARGET: 0})]
    assert viewer(alone, ["base"], 10**9, str)["right"] == TARGET
    assert viewer([image("a", {TARGET: 0})], ["base"], 10**9, str)["right"] == TARGET


def test_picture_that_one_image_lacks_is_left_out_there_alone(images):
    less = image("less.png", {TARGET: 0, BICUBIC: 0.9})
    shown = viewer([images[0], less], LABELS, 10**9, str)
    assert shown["labels"] == [BICUBIC, *LABELS, TARGET]
    assert {*shown["images"][1]["sources"]} == {BICUBIC, TARGET}


def test_image_has_its_figures_and_links(tmp_path):
    one = five("a.png")
    one.psnr = {BICUBIC: 25.12345, "base": 26.0, "not shown": 27.0}
    one.seeds = {"base": 1}
    one.links = {"base": tmp_path / "a.png", "not shown": tmp_path / "b.png"}
    (source,) = viewer([one], LABELS, 10**9, lambda path: f"../{path.name}")["images"]
    assert source["name"] == "a.png"
    assert source["texts"][BICUBIC] == "Bicubic, 25.12 dB"
    assert source["texts"]["base"] == "base, seed 1, 26.00 dB"
    assert source["texts"][TARGET] == TARGET
    assert source["links"] == {"base": "../a.png", "not shown": "../b.png"}


def test_small_images_are_whole_whatever_the_budget():
    shown = viewer([five("a.png", side=20)], LABELS, 1, str)
    assert shown["images"][0]["part"] == "The whole image, 20x20 pixels."


def gains(*values):
    return [
        TestImage(
            str(value), {TARGET: np.zeros((1, 1, 3))}, {BICUBIC: 20, "ours": 20 + value}, {}, {}
        )
        for value in values
    ]


def test_up_to_20_images_are_all_chosen_in_their_order():
    images = gains(*np.random.default_rng(0).permutation(20))
    assert choose_images(images, "ours") == images


@pytest.mark.parametrize("count", [21, 39, 40, 100, 1000])
def test_of_more_images_20_spread_over_the_gains_are_chosen(count):
    values = np.random.default_rng(count).permutation(count).tolist()
    images = gains(*values)
    chosen = [int(one.name) for one in choose_images(images, "ours")]
    assert len(chosen) == len({*chosen}) == 20
    assert {0, count - 1} <= {*chosen}  # the smallest and the largest gain
    steps = np.diff(sorted(chosen))
    assert steps.max() - steps.min() <= 1
    assert chosen == [value for value in values if value in chosen]  # in the order of the images


def test_images_without_pictures_are_not_chosen():
    images = gains(*range(30))
    for one in images[:12]:
        one.pixels.clear()
    assert choose_images(images, "ours") == images[12:]


def test_images_without_figures_are_still_chosen():
    images = gains(*range(30))
    for one in images[::2]:
        one.psnr.clear()
    assert len(choose_images(images, "ours")) == 20


def test_base_and_the_best_two_others_are_shown():
    psnr = {"tanh": 27.0, "base": 20.0, "identity": 26.0, "l2_1e-3": 28.0, "bicubic": 30.0}
    records = [make_record(variant, max_val_psnr=value) for variant, value in psnr.items()]
    records += [make_record("batch_norm", status="diverged"), make_record("mine", status="failed")]
    labels = [setting.label for setting in compared_groups(seed_groups(records), STUDY)]
    assert labels == ["Basic SRCNN", "+ Regularization (0.001)", "+ Tanh"]
    assert [s.label for s in compared_groups(seed_groups(records[:1]), STUDY)] == ["+ Tanh"]
    assert compared_groups(seed_groups([make_record("bicubic")]), STUDY) == []


@pytest.mark.parametrize("budget", [0, -1_000])
def test_page_whose_figures_leave_no_room_holds_the_smallest_parts(images, budget):
    shown = viewer(images, LABELS, budget, str)
    assert {(source["width"], source["height"]) for source in shown["images"]} == {(32, 32)}


def test_images_without_a_picture_to_show_have_no_viewer():
    # Bilinear's are read for figure 3 alone.
    assert viewer([image("a.png", {"Bilinear": 0.5})], LABELS, 10**9, str) is None


def test_viewer_has_the_compared_and_the_best_run_of_every_network():
    psnr = {"srcnn": (28.0, 27.0), "edsr": (31.0, 30.0), "espcn": (26.0,), "vdsr": (25.0,)}
    records = [make_record("base", max_val_psnr=24.0), make_record("bicubic", max_val_psnr=40.0)]
    records += [
        make_record(
            None,
            name=f"model={network},lr={place}",
            max_val_psnr=value,
            settings={"model": {"name": network}, "optimizer.lr": place},
        )
        for network, values in psnr.items()
        for place, value in enumerate(values)
    ]
    records.append(
        make_record(
            None, status="diverged", settings={"model": {"name": "span"}}, name="model=span"
        )
    )
    groups = seed_groups(records)
    compared = compared_groups(groups, STUDY)
    assert [one.label for one in compared] == ["Basic SRCNN", "EDSR, lr=0", "EDSR, lr=1"]
    others = ["SRCNN, lr=0", "ESPCN, lr=0", "VDSR, lr=0"]
    viewed = [one.label for one in viewed_groups(groups, compared)]
    assert viewed == ["Basic SRCNN", "EDSR, lr=0", "EDSR, lr=1", *others]


def test_viewer_has_twelve_networks_at_most():
    records = [
        make_record(None, name=f"model=own{number}", settings={"model": {"name": f"own{number}"}})
        for number in range(15)
    ]
    groups = seed_groups(records)
    assert len(viewed_groups(groups, compared_groups(groups, STUDY))) == 12


@pytest.mark.parametrize(
    ("labels", "sections", "images"),
    [(5, 1, 20), (5, 3, 20), (6, 1, 16), (12, 1, 8), (10, 2, 6), (14, 3, 6)],
)
def test_more_networks_leave_fewer_images(labels, sections, images):
    """A page has room for about 100 pictures of a good size."""
    assert most_images(labels, sections) == images
