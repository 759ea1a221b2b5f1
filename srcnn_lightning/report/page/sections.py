"""From the runs of one set of images to a section of the page, and to its figures' files."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from srcnn_lightning.record import Record
from srcnn_lightning.report.figures import comparisons, curves, style
from srcnn_lightning.report.figures.series import curve_figures
from srcnn_lightning.report.page.html import Cell, Grid, Group, Row, Shown, as_grid, number
from srcnn_lightning.report.page.viewer import chosen_images, shown_settings, viewer
from srcnn_lightning.report.pictures import BICUBIC, TARGET, TestImage, as_uri, test_images
from srcnn_lightning.report.settings import Setting
from srcnn_lightning.report.tables.collect import tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BUDGET = 4_300_000  # bytes of a section in the page: below 5 MB together with the rest
FIGURES = "figures"
RUNS_HEAD = (
    "Run",
    "Experiment",
    "Status",
    "Epochs",
    "Seed",
    "Learning rate",
    "L2",
    "Max val PSNR",
    "Test PSNR",
    "Test PSNR (Y)",
    "SSIM (Y)",
    "Test loss",
    "Minutes",
)


@dataclass
class Section:
    """A section, and the files of its figures by their path below the report's folder."""

    group: Group
    files: dict[str, bytes] = field(default_factory=dict)


def title_of(found: Record) -> str:
    """Data set and degradation."""
    degradation = found["config"]["degradation"]
    return f"{found['data']}, {degradation['name']} x{degradation['scale']}"


def make_section(
    identifier: str,
    title: str,
    records: Sequence[Record],
    settings: Sequence[Setting],
    report: Path,
) -> Section:
    """Tables, figures, pictures and runs.

    Args:
        identifier: of the section, for links and for its folder of figures.
        title: of the section.
        records: of one set of images.
        settings: of the same.
        report: the folder that the page will lie in, for its links to the runs.
    """
    grids = [as_grid(table) for table in tables(records)]
    section = Section(Group(identifier, title, grids, _runs(records, report)))
    shown = shown_settings(settings)
    baselines = [setting for setting in settings if not setting.is_trained and setting.finished]
    for figure in curve_figures(settings):
        drawn = curves.draw_curves(figure, baselines)
        text = f"{figure.title} ({figure.note}); dashed: the baselines."
        _add(
            section,
            figure.name,
            drawn,
            curves.describe_curves(figure),
            _numbered(figure.name, text),
        )
    bilinear = [setting for setting in baselines if setting.kernel == "bilinear"]
    has_pictures = any(setting.finished for setting in settings)
    images = test_images([*shown, *bilinear], settings) if has_pictures else []
    _add_comparisons(section, images, settings, shown)
    _add_gains(section, images, shown)
    _add_viewer(section, images, settings, shown, report)
    return section


def _add(section: Section, name: str, drawn: "Figure", alt: str, caption: str) -> None:
    folder = f"{FIGURES}/{section.group.id}"
    svg, png = style.as_svg(drawn), style.as_png(drawn)
    files = {kind: f"{folder}/{name}.{kind}" for kind in ("svg", "png")}
    section.files |= {files["svg"]: svg, files["png"]: png}
    photographs = b"<image" in svg
    if photographs:
        source = as_uri(style.as_page_picture(png), "image/webp")
    else:
        source = as_uri(style.as_page_svg(svg), "image/svg+xml")
    links = [quote(files[kind]) for kind in ("svg", "png")]
    kind = "photographs wide" if photographs else "wide"
    section.group.figures.append(Shown(name, kind, source, alt, caption, *links))


def _numbered(name: str, text: str) -> str:
    """Figures of the paper say so."""
    found = re.match(r"figure_(\d)", name)
    return f"As the paper's figure {found[1]}. {text}" if found else text


def _add_comparisons(
    section: Section,
    images: Sequence[TestImage],
    settings: Sequence[Setting],
    shown: Sequence[Setting],
) -> None:
    """The paper's figures 3 and 8, of images that nobody has picked."""
    if not shown:
        return
    output = shown[0].label
    best = max(shown, key=lambda setting: setting.mean("test_psnr") or 0).label
    bilinear = next((setting.label for setting in settings if setting.kernel == "bilinear"), "")
    rows = comparisons.telling_images(
        [image for image in images if TARGET in image.pictures], output
    )
    seed = " Pictures of the lowest seed." if any(len(s.finished) > 1 for s in shown) else ""
    middle = rows[len(rows) // 2 : len(rows) // 2 + 1]
    for name, wanted, chosen, what in (
        ("figure_3", [bilinear, output], middle, "the image of median gain"),
        ("figure_8", [BICUBIC, output, best], rows, "largest, median and smallest gain"),
    ):
        labels = comparisons.columns(chosen, wanted)
        if len(labels) < 3:
            continue
        title = f"{' | '.join(labels)}"
        drawn = comparisons.draw_comparison(title, chosen, labels)
        alt = comparisons.describe_comparison(chosen, labels)
        text = f"{', '.join(labels)}: {what} of {output} over bicubic.{seed}"
        _add(section, name, drawn, alt, _numbered(name, text))


def _add_gains(section: Section, images: Sequence[TestImage], shown: Sequence[Setting]) -> None:
    bicubic = {image.name: image.psnr[BICUBIC] for image in images if BICUBIC in image.psnr}
    if not bicubic or not shown:
        return
    drawn = curves.draw_gains(shown, bicubic)
    labels = ", ".join(setting.label for setting in shown)
    text = f"Gain over bicubic on each of {len(bicubic)} test images: {labels}."
    _add(section, "gains", drawn, text, text)


def _add_viewer(
    section: Section,
    images: Sequence[TestImage],
    settings: Sequence[Setting],
    shown: Sequence[Setting],
    report: Path,
) -> None:
    group = section.group
    if not images:
        group.notes.append("No run has finished, so there are no pictures.")
        return
    chosen = chosen_images(images, shown[0].label if shown else BICUBIC)
    missing = [s.label for s in shown if not all(s.label in image.pictures for image in images)]
    if not any(TARGET in image.pictures for image in images):
        group.notes.append(
            "The pictures of the targets are gone, so there are no error maps; any run of these "
            "images with rerun=true writes them again."
        )
    for label in missing:
        group.notes.append(f"Pictures of {label} are gone from its run's folder, all or some.")
    if chosen:
        used = sum(len(figure.source) for figure in group.figures)
        group.viewer = viewer(
            chosen, [s.label for s in shown], BUDGET - used, lambda path: link(path, report)
        )
    clicked = chosen if group.viewer else []
    group.per_image = _per_image(images, clicked, [*shown, *(s for s in settings if s.kernel)])


def _per_image(
    images: Sequence[TestImage], chosen: Sequence[TestImage], settings: Sequence[Setting]
) -> Grid:
    labels = list(dict.fromkeys([*(setting.label for setting in settings), BICUBIC]))
    places = {id(image): place for place, image in enumerate(chosen)}
    first = labels[0]
    rows = []
    for image in images:
        psnr = [image.psnr.get(label) for label in labels]
        both = (image.psnr.get(first), image.psnr.get(BICUBIC))
        gain = None if None in both else both[0] - both[1]  # type: ignore[operator]
        name = Cell(image.name, image=places.get(id(image)))
        rows.append(Row([name, *map(number, psnr), number(gain, sign=True)]))
    return Grid(["Test image", *labels, f"Gain of {first}"], rows)


def _runs(records: Sequence[Record], report: Path) -> Grid:
    rows = []
    for found in records:
        config, metrics = found["config"], found.get("metrics", {})
        is_trained = bool(found.get("epochs"))
        optimizer = config["optimizer"]
        seconds = found.get("durations", {}).get("fit_s")
        rows.append(
            Row(
                [
                    Cell(found["name"], link=link(found["folder"], report) + "/"),
                    Cell(found["experiment"]),
                    Cell(found["status"]),
                    Cell(str(found.get("epochs", ""))),
                    Cell(str(config["seed"])),
                    Cell(f"{optimizer['lr']:g}" if is_trained else ""),
                    Cell(f"{optimizer.get('weight_decay', 0):g}" if is_trained else ""),
                    *(
                        number(metrics.get(key))
                        for key in ("max_val_psnr", "test_psnr", "test_psnr_y")
                    ),
                    number(metrics.get("test_ssim"), 4),
                    number(metrics.get("test_loss"), 7),
                    number(None if seconds is None else seconds / 60, 1),
                ]
            )
        )
    return Grid(RUNS_HEAD, rows)


def link(path: Path, report: Path) -> str:
    """From the page to a file or folder, as an address."""
    try:
        relative = os.path.relpath(path, report)
    except ValueError:  # another drive
        return path.resolve().as_uri()
    return quote(Path(relative).as_posix())
