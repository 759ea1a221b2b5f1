import io
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from run_records import make_record, seed_groups

from srcnn_lightning.report import images
from srcnn_lightning.report.figures.comparisons import columns, representative_images
from srcnn_lightning.report.images import BICUBIC, TARGET, TestImage, as_uri, image_psnr, webp

SHARED = "test_images/d0"
NAMES = ["a.png", "b.jpg"]
SIDE = 8


def flat(value, side=SIDE):
    return np.full((side, side, 3), value, dtype=np.uint8)


def noise(side=SIDE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def as_test_image(**shown):
    return TestImage("a.png", shown, {}, {}, {})


@pytest.fixture
def outputs(tmp_path):
    """Target and bicubic of two images; pictures of a run hold its seed."""
    for name in ("a.png", "b.png"):
        save(tmp_path / SHARED / "target" / name, flat(100))
        save(tmp_path / SHARED / "bicubic" / name, flat(110))
    return tmp_path


def run(outputs, variant, *, seed=0, psnr=30.0, **changes):
    name = f"variant={variant},seed={seed}"
    folder = outputs / "ablation" / name
    for file in ("a.png", "b.png"):
        save(folder / "pictures" / file, flat(120 + seed))
    return replace(
        make_record(variant, name=name, seed=seed, **changes),
        folder=folder,
        outputs=outputs,
        test_images=SHARED,
        per_image=[{"name": name, "psnr": psnr + place} for place, name in enumerate(NAMES)],
        split={"train": [], "val": [], "test": NAMES},
    )


def read(records, *labels):
    """The test images as the page has them, with the pictures of these settings."""
    settings = seed_groups(records)
    return images.read_test_images([one for one in settings if one.label in labels], settings)


def test_window_is_where_bicubic_misses_most():
    target = flat(50, 40)
    bicubic = target.copy()
    bicubic[3:6, 30:33] += 2  # many small misses
    bicubic[20:26, 10:16] += 9
    image = as_test_image(**{TARGET: target, BICUBIC: bicubic})
    rows, columns_ = image.window(6)
    assert (rows, columns_) == (slice(20, 26), slice(10, 16))
    bicubic[38:, 38:] = 255  # in the corner
    assert image.window(2) == (slice(38, 40), slice(38, 40))


def test_window_takes_the_square_of_the_largest_sum():
    generator = np.random.default_rng(3)
    target, bicubic = (generator.integers(0, 256, (12, 17, 3), dtype=np.uint8) for _ in range(2))
    rows, columns_ = as_test_image(**{TARGET: target, BICUBIC: bicubic}).window(5)
    error = ((target.astype(int) - bicubic) ** 2).sum(2)
    sums = {
        (top, left): error[top : top + 5, left : left + 5].sum()
        for top in range(8)
        for left in range(13)
    }
    assert (rows.start, columns_.start) == max(sums, key=sums.get)
    assert (rows.stop - rows.start, columns_.stop - columns_.start) == (5, 5)


@pytest.mark.parametrize("side", [8, 9, 100])
def test_window_of_the_whole_side_is_the_whole_image(side):
    image = as_test_image(**{TARGET: flat(1), BICUBIC: flat(2)})
    assert image.window(side) == (slice(0, 8), slice(0, 8))


def test_window_without_target_or_bicubic_is_somewhere_inside():
    for label in (TARGET, BICUBIC, "Basic SRCNN"):
        rows, columns_ = as_test_image(**{label: noise(20)}).window(5)
        assert 0 <= rows.start < rows.stop == rows.start + 5 <= 20
        assert 0 <= columns_.start < columns_.stop == columns_.start + 5 <= 20


def test_webp_is_lossless():
    generator = np.random.default_rng(8)
    smooth = np.add.outer(np.arange(40), np.arange(56))[..., None] + np.array([0, 20, 140])
    for pixels in (noise(40), smooth.astype(np.uint8), generator.integers(0, 2, (3, 5, 3)) * 255):
        packed = webp(pixels.astype(np.uint8))
        with Image.open(io.BytesIO(packed)) as image:
            assert image.format == "WEBP"
            assert np.array_equal(np.array(image.convert("RGB")), pixels)


def test_uri_holds_the_content():
    assert as_uri(b"\x00\xffabc", "image/webp") == "data:image/webp;base64,AP9hYmM="


def test_psnr_of_a_picture_by_hand():
    # Wrong by 51 of 255, a fifth, everywhere: 10 * log10(25) = 13.9794.
    image = as_test_image(**{TARGET: flat(100), BICUBIC: flat(151), "same": flat(100)})
    assert image_psnr(image, BICUBIC) == pytest.approx(13.9794, abs=1e-4)
    image.pixels["one channel"] = flat(100)
    image.pixels["one channel"][..., 1] = 49  # downwards, in a third of the values
    assert image_psnr(image, "one channel") == pytest.approx(13.9794 + 10 * math.log10(3), abs=1e-4)
    assert image_psnr(image, "same") is None
    assert image_psnr(image, TARGET) is None
    del image.pixels[TARGET]
    assert image_psnr(image, BICUBIC) is None


def test_images_are_read_with_their_figures(outputs):
    runs = [run(outputs, "base", psnr=31.0), run(outputs, "tanh", psnr=28.0)]
    first, second = read(runs, "Basic SRCNN")
    assert [first.name, second.name] == NAMES
    assert {label: pixels[0, 0, 0] for label, pixels in first.pixels.items()} == {
        TARGET: 100,
        BICUBIC: 110,
        "Basic SRCNN": 120,
    }
    # Of the record where there is one, else of the picture: 20 * log10(255 / 10) = 28.1308. What
    # is not read has none: that of a record is no picture's.
    assert first.psnr == pytest.approx({BICUBIC: 28.1308, "Basic SRCNN": 31.0}, abs=1e-4)
    assert first.seeds == {}
    assert second.psnr["Basic SRCNN"] == 32.0
    # Every setting is linked, also one whose picture is not read.
    assert first.links == {
        TARGET: outputs / SHARED / "target" / "a.png",
        BICUBIC: outputs / SHARED / "bicubic" / "a.png",
        "Basic SRCNN": runs[0].folder / "pictures" / "a.png",
        "+ Tanh": runs[1].folder / "pictures" / "a.png",
    }
    assert second.links["+ Tanh"].name == "b.png"  # whatever the image's own type


def test_psnr_of_bicubic_is_its_runs_where_it_was_run(outputs):
    runs = [run(outputs, "base"), run(outputs, "bicubic", psnr=25.0)]
    first, _ = read(runs, "Basic SRCNN")
    assert first.psnr[BICUBIC] == 25.0
    assert first.pixels[BICUBIC][0, 0, 0] == 110  # the shared one, of the network's input


def test_bicubic_of_its_run_stands_in_for_a_shared_one_that_is_gone(outputs):
    (outputs / SHARED / "bicubic" / "a.png").unlink()
    first, _ = read([run(outputs, "base"), run(outputs, "bicubic")], "Basic SRCNN")
    assert first.pixels[BICUBIC][0, 0, 0] == 120


@pytest.mark.parametrize("how", ["gone", "empty", "no picture", "cut", "of another size"])
@pytest.mark.parametrize("which", [TARGET, BICUBIC, "Basic SRCNN"])
def test_picture_that_cannot_be_shown_is_left_out_alone(outputs, which, how):
    runs = [run(outputs, "base"), run(outputs, "tanh")]
    path = {
        TARGET: outputs / SHARED / "target" / "a.png",
        BICUBIC: outputs / SHARED / "bicubic" / "a.png",
        "Basic SRCNN": runs[0].folder / "pictures" / "a.png",
    }[which]
    spoil(path, how)
    labels = {TARGET, BICUBIC, "Basic SRCNN", "+ Tanh"}
    first, second = read(runs, "Basic SRCNN", "+ Tanh")
    if which == TARGET and how == "of another size":
        # Nothing else fits to it.
        assert {*first.pixels} == {TARGET}
        return
    assert {*first.pixels} == labels - {which}
    assert {*second.pixels} == labels
    # Each figure is that of a picture: without the one there is not the other.
    assert ("Basic SRCNN" in first.psnr) == (which != "Basic SRCNN")
    assert (BICUBIC in first.psnr) == (which == "Basic SRCNN")


def spoil(path, how):
    if how == "gone":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no picture":
        path.write_text("<html>404</html>")
    elif how == "cut":
        save(path, noise())
        path.write_bytes(path.read_bytes()[:-60])
    else:
        save(path, flat(100, SIDE + 1))


def test_picture_with_a_damaged_part_is_left_out(outputs):
    path = outputs / SHARED / "target" / "a.png"
    save(path, noise(200))
    content = path.read_bytes()
    assert content.count(b"IDAT") > 1
    place = content.rindex(b"IDAT")
    path.write_bytes(content[:place] + b"\0" + content[place + 1 :])  # Pillow: SyntaxError
    first, second = read([run(outputs, "base")], "Basic SRCNN")
    assert {*first.pixels} == {BICUBIC, "Basic SRCNN"}
    assert {*second.pixels} == {TARGET, BICUBIC, "Basic SRCNN"}


def test_all_pictures_gone_leave_the_figures(outputs):
    found = replace(run(outputs, "base"), folder=outputs / "moved", test_images="nowhere")
    first, second = read([found], "Basic SRCNN")
    assert (first.pixels, first.links) == ({}, {})
    assert (first.psnr, second.psnr) == ({}, {})


def test_of_several_seeds_the_lowest_with_a_picture_is_shown_and_named(outputs):
    runs = [run(outputs, "base", seed=seed, psnr=30.0 + seed) for seed in (0, 1)]
    first, _ = read(runs, "Basic SRCNN")
    assert (first.psnr["Basic SRCNN"], first.seeds) == (30.0, {"Basic SRCNN": 0})
    (runs[0].folder / "pictures" / "a.png").unlink()
    first, second = read(runs, "Basic SRCNN")
    assert (first.psnr["Basic SRCNN"], first.seeds) == (31.0, {"Basic SRCNN": 1})
    assert first.links["Basic SRCNN"] == runs[1].folder / "pictures" / "a.png"
    assert second.seeds == {"Basic SRCNN": 0}


def test_runs_from_before_the_shared_pictures_have_none(outputs):
    old = replace(run(outputs, "base"), test_images=None)
    first, _ = read([old], "Basic SRCNN")
    assert {*first.pixels} == {"Basic SRCNN"}
    first, _ = read([old, run(outputs, "tanh")], "Basic SRCNN")
    assert {*first.pixels} == {TARGET, BICUBIC, "Basic SRCNN"}


def test_run_that_did_not_finish_has_no_pictures(outputs):
    runs = [run(outputs, "base", status="diverged"), run(outputs, "tanh")]
    first, _ = read(runs, "Basic SRCNN", "+ Tanh")
    assert "Basic SRCNN" not in first.pixels
    assert "Basic SRCNN" not in first.links


def image_of(gain, *labels):
    shown = {label: flat(1) for label in labels}
    return TestImage(f"{gain}", shown, {BICUBIC: 25.0, "ours": 25.0 + gain}, {}, {})


def test_representative_images_are_those_of_largest_median_and_smallest_gain():
    images = [image_of(gain) for gain in (0.5, 3.0, -1.0, 2.0, 1.0)]
    assert [image.name for image in representative_images(images, "ours")] == ["3.0", "1.0", "-1.0"]
    assert [image.name for image in representative_images(images[:2], "ours")] == ["3.0", "0.5"]
    assert representative_images(images[:1], "ours") == images[:1]
    assert representative_images(images, "another") == []


def test_columns_are_labels_that_every_image_has():
    images = [image_of(1, TARGET, "ours", BICUBIC), image_of(2, "ours", TARGET)]
    assert columns(images, [BICUBIC, "ours", "ours"]) == ["ours", TARGET]
    assert columns(images[:1], [BICUBIC, "ours", "ours"]) == [BICUBIC, "ours", TARGET]
    assert columns([], ["ours"]) == []
