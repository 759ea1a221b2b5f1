"""The page with ten networks, three scales, and pictures of differing sizes."""

import json
import re

import numpy as np
import pytest
from commands import run
from page_in_browser import WIDTHS, needs_browser, open_browser, opened
from PIL import Image
from report_outputs import make_run, psnr_of

from srcnn_lightning import run_record

NETWORKS = ["srcnn", "espcn", "fsrcnn", "vdsr", "drcn", "edsr", "mdsr", "ninasr", "span", "unetpp"]
LABELS = [
    *("SRCNN", "ESPCN", "FSRCNN", "VDSR", "DRCN", "EDSR", "MDSR", "NinaSR", "SPAN", "UNet++"),
]
SIZES = [(224, 224), (60, 200), (300, 140), (96, 96)]  # width and height
NAMES = [f"{number:02}.png" for number in range(12)]
SCALES = (2, 3, 4)
LIMIT = 5_000_000

pytestmark = [needs_browser, pytest.mark.slow]


def photograph(number, noise):
    """As hard to pack as a photograph: a smooth ground and noise, of the image's own size."""
    width, height = SIZES[number % len(SIZES)]
    generator = np.random.default_rng(number)
    ground = np.add.outer(np.arange(height), np.arange(width))[..., None] // 3
    pixels = 60 + ground % 120 + generator.integers(-noise, noise + 1, (height, width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write_images(folder, level):
    folder.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        photograph(number, level).save(folder / name)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Ten networks at three scales; the first of them are the best."""
    folder = tmp_path_factory.mktemp("networks")
    outputs = folder / "outputs"
    for scale in SCALES:
        shared = f"test_images/photos-x{scale}"
        for kind, level in (("target", 12), ("bicubic", 4)):
            write_images(outputs / shared / kind, level)
        for place, network in enumerate(["bicubic", *NETWORKS]):
            is_baseline = network == "bicubic"
            settings = {"degradation.scale": scale, "data.crop": None, "data.target_size": None}
            if not is_baseline:
                settings["model"] = {"name": network}
            found = make_run(
                "bicubic" if is_baseline else None,
                name=f"model={network},scale={scale}",
                experiment="models",
                level=132 if is_baseline else 105 + place,
                settings=settings,
            )
            psnr = found["metrics"]["test_psnr"]
            found |= {
                "variant": None,
                "test_images": shared,
                "split": {"train": ["a.png"], "val": ["b.png"], "test": NAMES},
                "per_image": [{"name": name, "psnr": psnr} for name in NAMES],
            }
            if not is_baseline:
                found["cost"]["multiply_adds"] *= place
            run_folder = outputs / f"models/x{scale}/{network}"
            run_record.write(run_folder, found)
            write_images(run_folder / "pictures", 8 + place % 3)
    done = run(folder, verb="report")
    assert done.returncode == 0, done.stderr
    return folder / "report"


@pytest.fixture(scope="module")
def browser():
    with open_browser() as opened_browser:
        yield opened_browser


@pytest.fixture(params=WIDTHS)
def page(request, browser, report):
    address = (report / "index.html").as_uri()
    yield from opened(browser, address, viewport={"width": request.param, "height": 900})


def sliders(report):
    """The values of each section's slider."""
    text = (report / "index.html").read_text()
    found = re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    return [json.loads(one) for one in found]


def test_page_stays_below_5_mb_with_parts_that_show_something(report):
    assert (report / "index.html").stat().st_size < LIMIT
    for slider in sliders(report):
        assert len(slider["images"]) == 6  # of 12: fewer images, so that their parts are large
        assert all(min(one["width"], one["height"]) >= 60 for one in slider["images"])


def test_each_scale_has_a_slider_with_all_networks_and_its_own_pictures(report):
    for scale, slider in zip(SCALES, sliders(report), strict=True):
        assert slider["labels"] == ["Bicubic", *LABELS, "Target"]
        for image in slider["images"]:
            assert {*image["sources"]} == {*slider["labels"]}
            other_scales = [f"x{other}/" for other in SCALES if other != scale]
            for label, link in image["links"].items():
                assert (f"x{scale}/" in link) or label in ("Target", "Bicubic")
                assert not any(other in link for other in other_scales)


def test_pictures_keep_their_sizes(report):
    for slider in sliders(report):
        for image in slider["images"]:
            width, height = SIZES[int(image["name"][:2]) % len(SIZES)]
            assert (image["width"], image["height"]) <= (width, height)
            if (image["width"], image["height"]) == (width, height):
                assert image["part"] == f"The whole image, {width}x{height} pixels."
            else:
                assert f" of {width}x{height} pixels where" in image["part"]


def test_all_networks_stand_side_by_side_and_one_is_chosen_by_mouse(page):
    gallery = page.locator(".gallery").first
    shown = gallery.locator("button")
    assert shown.count() == 12
    texts = [text.split(",")[0] for text in shown.all_inner_texts()]
    assert texts == ["Bicubic", *LABELS, "Target"]
    assert gallery.locator("[aria-pressed=true]").inner_text().startswith("SRCNN")
    shown.filter(has_text="NinaSR").click()
    assert page.locator(".right-label").first.input_value() == "NinaSR"
    text = f"NinaSR, {psnr_of(113) + 0.15:.2f} dB"  # the eighth network, at level 105 + 8
    assert page.locator(".of-right").first.inner_text() == text
    assert gallery.locator("[aria-pressed=true]").inner_text().startswith("NinaSR")


def test_network_is_chosen_by_key(page):
    page.locator(".gallery button").nth(1).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(".right-label").first.input_value() == "ESPCN"
    page.locator(".right-label").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(".right-label").first.input_value() == "FSRCNN"
    assert page.locator(".gallery [aria-pressed=true]").first.inner_text().startswith("FSRCNN")


def test_choice_stays_with_the_next_image_and_its_stage_fits_the_screen(page):
    page.locator(".gallery button").filter(has_text="EDSR").first.click()
    for _ in range(6):
        page.get_by_role("button", name="Next image").first.click()
        assert page.locator(".right-label").first.input_value() == "EDSR"
        picture, stage = page.locator(".stage .right").first, page.locator(".stage").first
        width, height = (int(picture.get_attribute(side)) for side in ("width", "height"))
        box = stage.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.02)
        assert box["height"] <= 900
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
