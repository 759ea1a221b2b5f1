"""The page in a real browser, from disk: what a reader does, at a desk and on a phone."""

import io

import pytest
from commands import run
from page_in_browser import WIDTHS, needs_browser, open_browser, opened
from PIL import Image
from report_outputs import TEST_IMAGES, make_run, psnr_of, write_ablation, write_run

pytestmark = needs_browser


@pytest.fixture(scope="module")
def browser():
    with open_browser() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_ablation(folder / "outputs")
    done = run(folder, verb="report")
    assert done.returncode == 0, done.stderr
    return (folder / "report/index.html").as_uri()


@pytest.fixture(params=WIDTHS)
def page(request, browser, address):
    """The page, open."""
    yield from opened(browser, address, viewport={"width": request.param, "height": 900})


@pytest.fixture
def wide(browser, address):
    yield from opened(browser, address, viewport={"width": 1280, "height": 900})


def column(page, table, name):
    """The cells of a column, from top to bottom."""
    return page.evaluate(
        """([table, name]) => {
            const shown = document.querySelectorAll("table")[table];
            const heads = [...shown.tHead.rows[0].cells].map((cell) => cell.innerText.trim());
            const at = heads.findIndex((head) => head.startsWith(name));
            return [...shown.tBodies[0].rows].map((row) => row.cells[at].innerText.trim());
        }""",
        [table, name],
    )


def button(page, table, name):
    return page.locator("table").nth(table).get_by_role("button", name=name, exact=True)


@pytest.mark.slow
def test_nothing_is_wider_than_the_screen(page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".stage").bounding_box()["width"] > 0.5 * min(width, 900)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.slow
def test_long_names_stay_within_the_screen(browser, tmp_path, width):
    write_ablation(tmp_path / "outputs")
    name = "output_activation=none,kernel_sizes=9-5-5,features=64-32,lr=0.0001,gradient_clip_val=1"
    run_of_long_name = make_run(None, name=name, level=110, settings={"optimizer.lr": 1e-4})
    write_run(tmp_path / "outputs", run_of_long_name | {"experiment": f"study_{'of_words_' * 6}"})
    done = run(tmp_path, verb="report")
    assert done.returncode == 0, done.stderr
    address = (tmp_path / "report/index.html").as_uri()
    for tab in opened(browser, address, viewport={"width": width, "height": 900}):
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.locator("select.left-label").bounding_box()["width"] < width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.slow
def test_names_of_runs_break_after_commas_alone(browser, tmp_path, width):
    name = "patch_size=48,augment=true,steps_per_epoch=10,model=espcn,schedule=cosine,loss=l1"
    write_ablation(tmp_path / "outputs")
    write_run(tmp_path / "outputs", make_run(None, name=name, experiment="single", level=110))
    done = run(tmp_path, verb="report")
    assert done.returncode == 0, done.stderr
    address = (tmp_path / "report/index.html").as_uri()
    for tab in opened(browser, address, viewport={"width": width, "height": 900}):
        cell = tab.locator("th a", has_text="patch_size=48")
        assert cell.inner_text() == name
        # The top of each letter says on which line it stands.
        tops = cell.evaluate(
            """(cell) => [...cell.childNodes].filter((node) => node.data).map((node) =>
                [...node.data].map((_, place) => {
                    const range = document.createRange();
                    range.setStart(node, place);
                    range.setEnd(node, place + 1);
                    return Math.round(range.getBoundingClientRect().top);
                }))"""
        )
        assert all(len({*word}) == 1 for word in tops)
        assert len({word[0] for word in tops}) > 1


def test_table_is_sorted_by_a_click(page):
    before = column(page, 1, "Test PSNR")
    button(page, 1, "Test PSNR").click()
    values = [float(cell.split()[0]) for cell in column(page, 1, "Test PSNR") if cell]
    assert values == sorted(values, reverse=True)
    assert values != [float(cell.split()[0]) for cell in before if cell]
    # Highest first: the identity start is the nearest to the target. Empty cells come last.
    rows = column(page, 1, "Experiment")
    assert rows[0] == "SRCNN, identity start (ours)"
    assert set(rows[-2:]) == {"+ Regularization", "+ Batch Norm"}
    assert page.locator("th[aria-sort=descending]").count() == 1
    button(page, 1, "Test PSNR").click()
    assert column(page, 1, "Experiment")[0] == "Nearest neighbor"
    assert set(column(page, 1, "Experiment")[-2:]) == {"+ Regularization", "+ Batch Norm"}


def test_figures_are_sorted_as_numbers(wide):
    # As words, +12.041 would come before +6.021.
    button(wide, 1, "Gain over bicubic").click()
    gains = [float(cell) for cell in column(wide, 1, "Gain over bicubic") if cell]
    base = (psnr_of(116) + psnr_of(124)) / 2
    psnr = [psnr_of(108), base, *map(psnr_of, (132, 140, 164, 180))]
    expected = [one - psnr_of(132) for one in psnr]
    assert gains == pytest.approx(expected, abs=0.001)


def test_rows_without_a_figure_come_last(wide):
    # Their state stands in the place of the first figure, and is none.
    button(wide, 1, "Max val PSNR").click()
    assert column(wide, 1, "Max val PSNR")[-2:] == ["missing", "missing"]
    button(wide, 1, "Max val PSNR").click()
    assert column(wide, 1, "Max val PSNR")[-2:] == ["missing", "missing"]


def test_table_is_sorted_by_key(page):
    button(page, 1, "Test PSNR").click()
    button(page, 1, "Experiment").focus()
    page.keyboard.press("Enter")
    # The paper's order again.
    assert column(page, 1, "Experiment")[:2] == ["Basic SRCNN", "+ Regularization"]
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.keyboard.press("Enter")
    assert column(page, 1, "Experiment")[-2:] == ["+ Regularization", "Basic SRCNN"]


def colours(page):
    """Of the slider's picture, a tenth from its left and from its right end."""
    with Image.open(io.BytesIO(page.locator(".stage").screenshot())) as shot:
        height = shot.height // 4
        return [shot.convert("RGB").getpixel((int(shot.width * x), height)) for x in (0.1, 0.9)]


def test_slider_is_moved_by_mouse(page):
    # Bicubic on the left has level 132, base on the right 116, as tests/report_outputs.py wrote.
    assert colours(page) == [(132,) * 3, (116,) * 3]
    box = page.locator(".stage").bounding_box()
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + 0.97 * box["width"], middle)
    assert colours(page) == [(132,) * 3, (132,) * 3]
    page.mouse.move(box["x"] + 0.97 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.03 * box["width"], middle, steps=5)
    page.mouse.up()
    assert colours(page) == [(116,) * 3, (116,) * 3]


def test_slider_is_moved_by_key(page):
    page.locator(".stage input").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".stage input").input_value() == "51"
    page.keyboard.press("Home")
    assert colours(page) == [(116,) * 3, (116,) * 3]
    page.keyboard.press("End")
    assert colours(page) == [(132,) * 3, (132,) * 3]


def test_other_pictures_are_chosen(wide):
    right = wide.get_by_label("Right")
    offered = right.locator("option").all_inner_texts()
    assert offered == ["Bicubic", "Basic SRCNN", "SRCNN, identity start (ours)", "+ Tanh", "Target"]
    right.select_option("+ Tanh")
    assert colours(wide)[1] == (140,) * 3
    picture = wide.locator(".stage .right")
    assert picture.get_attribute("alt") == f"0801.png: + Tanh, {psnr_of(140):.2f} dB"
    # Base has two seeds: the picture and its PSNR are those of the lower.
    left = wide.locator(".left-label")
    left.select_option("Basic SRCNN")
    assert wide.locator(".of-left").inner_text() == f"Basic SRCNN, seed 0, {psnr_of(116):.2f} dB"
    wide.get_by_role("button", name="Previous image").click()
    assert picture.get_attribute("alt").startswith(TEST_IMAGES[-1])
    wide.get_by_role("button", name="Next image").click()
    assert picture.get_attribute("alt").startswith(TEST_IMAGES[0])
    wide.get_by_role("button", name="0803.png").click()
    assert picture.get_attribute("alt").startswith("0803.png")


def test_error_map_is_the_error(wide):
    # Base misses every pixel by 16 levels, a quarter of the scale's 64.
    shown = wide.locator(".map-right-text")
    wide.wait_for_function(
        "document.querySelector('.map-right-text').textContent.includes('of 255')"
    )
    assert shown.inner_text() == "Basic SRCNN: mean 16.00 of 255 in this part"
    colour = wide.evaluate(
        "[...document.querySelector('.map-right').getContext('2d').getImageData(3, 3, 1, 1).data]"
    )
    assert colour == [86, 16, 110, 255]  # the second of the scale's five colours


def test_every_picture_and_control_has_a_name(wide):
    unnamed = wide.evaluate(
        """() => [...document.querySelectorAll("img, canvas, input, select, button, [role=region]")]
            .filter((one) => !(one.alt || one.ariaLabel || one.labels?.length || one.innerText))
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    assert wide.locator("h1").count() == 1
    doubled = wide.evaluate(
        """() => {
            const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
            return ids.filter((id, place) => ids.indexOf(id) !== place);
        }"""
    )
    assert doubled == []


# Relative luminance and contrast as WCAG 2.2 defines them.
CONTRASTS = """() => {
    const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const luminance = (rgb) => parse(rgb).map((v) => v / 255)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (one) => {
        while (one && getComputedStyle(one).backgroundColor === "rgba(0, 0, 0, 0)")
            one = one.parentElement;
        return getComputedStyle(one).backgroundColor;
    };
    return [...document.querySelectorAll("p, th, td, a, button, h1, h2, h3, dt, figcaption")]
        .filter((one) => one.innerText.trim())
        .map((one) => {
            const [a, b] = [luminance(getComputedStyle(one).color), luminance(ground(one))];
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.innerText.slice(0, 30)];
        });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(browser, address, scheme):
    for tab in opened(browser, address, color_scheme=scheme):
        contrasts = tab.evaluate(CONTRASTS)
        assert len(contrasts) > 100
        assert [entry for entry in contrasts if entry[0] < 4.5] == []
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        tab.get_by_role("button", name="Light or dark").click()
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != ground
        assert [entry for entry in tab.evaluate(CONTRASTS) if entry[0] < 4.5] == []


def test_evil_names_do_nothing(browser, tmp_path):
    from report_outputs import make_run, write_run

    evil = "</script><script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"
    outputs = tmp_path / "outputs"
    found = make_run(None, experiment=evil, name=evil, level=110)
    found["data"] = evil
    write_run(outputs, found, folder="run")
    write_run(outputs, make_run("bicubic"), folder="other")
    assert run(tmp_path, verb="report").returncode == 0
    for tab in opened(browser, (tmp_path / "report/index.html").as_uri()):
        assert tab.evaluate("window.evil") is None
        assert evil in tab.locator("body").inner_text()
