"""From the runs of one set of images to a section of the page."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from srcnn_lightning.report.comparable_runs import is_trained
from srcnn_lightning.report.images import TestImage, test_images
from srcnn_lightning.report.page.illustrations import illustrate
from srcnn_lightning.report.page.page_model import Cell, Grid, GridRow, PageSection, as_grid, number
from srcnn_lightning.report.page.viewer import chosen_images, shown_settings, viewer
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup
from srcnn_lightning.report.tables.collect import tables
from srcnn_lightning.run_record import Record

PAGE_BUDGET = 4_600_000  # bytes of figures and pictures: the page stays below 5 MB with the rest
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
    """A section, the files of its figures, and what its slider will show.

    Attributes:
        group: for the page.
        files: of its figures, by their path below the report's folder.
        images: for the slider.
        labels: of the settings that the slider compares.
    """

    group: PageSection
    files: dict[str, bytes] = field(default_factory=dict)
    images: Sequence[TestImage] = ()
    labels: Sequence[str] = ()


def title_of(found: Record) -> str:
    """Data set and degradation."""
    degradation = found["config"]["degradation"]
    return f"{found['data']}, {degradation['name']} x{degradation['scale']}"


def make_section(
    identifier: str,
    title: str,
    records: Sequence[Record],
    settings: Sequence[SeedGroup],
    report: Path,
) -> Section:
    """Tables, figures and runs; the slider's pictures come with `share`.

    Args:
        identifier: of the section, for links and for its folder of figures.
        title: of the section.
        records: of one set of images.
        settings: of the same.
        report: the folder that the page will lie in, for its links to the runs.
    """
    grids = [as_grid(table) for table in tables(records)]
    section = Section(PageSection(identifier, title, grids, _runs(records, report)))
    shown = shown_settings(settings)
    bilinear = [setting for setting in settings if setting.kernel == "bilinear"]
    has_finished = any(setting.finished for setting in settings)
    images = test_images([*shown, *bilinear], settings) if has_finished else []
    figures = illustrate(identifier, title, settings, shown, images)
    section.group.figures, section.files = figures.shown, figures.files
    grey = set().union(*(setting.grey_images() for setting in settings))
    section.group.notes = _notes(images, shown, grey)
    if images:
        section.images = chosen_images(images, shown[0].label) if shown else []
        section.labels = [setting.label for setting in shown]
        compared = [*shown, *(one for one in settings if one.kernel and one.finished)]
        section.group.per_image = _per_image(images, section.images, compared, grey)
    return section


def share(sections: Sequence[Section], report: Path) -> None:
    """Give each section's slider its part of what the page can hold."""
    used = sum(len(figure.source) for section in sections for figure in section.group.figures)
    weights = [_pixels(section) for section in sections]
    for section, weight in zip(sections, weights, strict=True):
        if weight:
            budget = (PAGE_BUDGET - used) * weight // sum(weights)
            section.group.viewer = viewer(
                section.images, section.labels, budget, lambda path: link(path, report)
            )


def _pixels(section: Section) -> int:
    return sum(
        image.pictures[label].size
        for image in section.images
        for label in (*section.labels, BICUBIC, TARGET)
        if label in image.pictures
    )


def _notes(images: Sequence[TestImage], shown: Sequence[SeedGroup], grey: set[str]) -> list[str]:
    if not images:
        return ["No run has finished, so there are no pictures."]
    notes = []
    if grey:
        notes.append(
            "Test images marked (grey) are grey in their file: their part in PSNR (Y) and SSIM (Y) "
            "is that of their grey values, of full range; PSNR is that of RGB, as of all images."
        )
    if not any(TARGET in image.pictures for image in images):
        notes.append(
            "The pictures of the targets are gone, so there are no error maps; any run of these "
            "images with rerun=true writes them again."
        )
    return notes + [
        f"Pictures of {setting.label} are gone from its run's folder, all or some."
        for setting in shown
        if not all(setting.label in image.pictures for image in images)
    ]


def _per_image(
    images: Sequence[TestImage],
    chosen: Sequence[TestImage],
    settings: Sequence[SeedGroup],
    grey: set[str],
) -> Grid:
    """Means over seeds, of each setting that the section compares; names of `grey` are marked."""
    labels = [setting.label for setting in settings]
    tables_by_label = {setting.label: setting.psnr_per_image() for setting in settings}
    places = {id(image): place for place, image in enumerate(chosen) if image.pictures}
    gains = [
        setting.label for setting in settings if setting.is_trained and BICUBIC in tables_by_label
    ]
    rows = []
    for image in images:
        psnr = {label: tables_by_label[label].get(image.name) for label in labels}
        name = f"{image.name} (grey)" if image.name in grey else image.name
        cells = [Cell(name, image=places.get(id(image)))]
        cells += [number(psnr[label]) for label in labels]
        for label in gains:
            ours, bicubic = psnr[label], psnr[BICUBIC]
            gain = None if ours is None or bicubic is None else ours - bicubic
            cells.append(number(gain, sign=True))
        rows.append(GridRow(cells))
    return Grid(["Test image", *labels, *(f"Gain of {label}" for label in gains)], rows)


def _runs(records: Sequence[Record], report: Path) -> Grid:
    rows = []
    for found in records:
        config, metrics = found["config"], found.get("metrics", {})
        optimizer = config["optimizer"]
        rate, decay = (
            (f"{optimizer['lr']:g}", f"{optimizer.get('weight_decay', 0):g}")
            if is_trained(found)
            else ("", "")
        )
        seconds = found.get("durations", {}).get("fit_s")
        rows.append(
            GridRow(
                [
                    Cell(found["name"], link=link(found["folder"], report) + "/"),
                    Cell(found["experiment"]),
                    Cell(found["status"], hint=str(found.get("error", ""))),
                    Cell(str(found.get("epochs", ""))),
                    Cell(str(config["seed"])),
                    Cell(rate),
                    Cell(decay),
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
