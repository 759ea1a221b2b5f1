"""From the runs of one set of images to a section of the page."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from srcnn_lightning.report.comparable_runs import Run
from srcnn_lightning.report.images import TestImage, read_test_images
from srcnn_lightning.report.page.illustrations import illustrate, illustrate_networks
from srcnn_lightning.report.page.page_model import Cell, Grid, GridRow, Section, as_grid, number
from srcnn_lightning.report.page.viewer import (
    choose_images,
    compared_groups,
    most_images,
    viewed_groups,
    viewer,
)
from srcnn_lightning.report.seed_groups import BICUBIC, TARGET, SeedGroup
from srcnn_lightning.report.study import Study
from srcnn_lightning.report.tables.collect import collect_tables

PAGE_BUDGET = 4_600_000  # bytes of figures and images: the page stays below 5 MB with the rest
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
    "High frequencies",
    "Test loss",
    "Minutes",
)


def title_of(run: Run) -> str:
    """Data set and degradation."""
    return f"{run.data}, {run.degradation}"


def make_section(
    identifier: str,
    title: str,
    runs: Sequence[Run],
    seed_groups: Sequence[SeedGroup],
    report: Path,
    study: Study | None,
    sections: int = 1,
) -> Section:
    """Tables, figures and runs; the slider comes with `add_viewers`.

    Args:
        identifier: identifier of the section, for links and for its folder of figures.
        title: title of the section.
        runs: runs of one set of images.
        seed_groups: seed groups of the same runs.
        report: folder that the page will lie in, for its links to the runs.
        study: study whose tables and figures come first, if any.
        sections: number of sections of the page that have a slider.
    """
    tables = collect_tables(runs, study)
    section = Section(identifier, title, [*map(as_grid, tables)], _runs(runs, report))
    compared = compared_groups(seed_groups, study)
    viewed = viewed_groups(seed_groups, compared)
    bilinear = [group for group in seed_groups if group.kernel == "bilinear"]
    has_finished = any(group.finished for group in seed_groups)
    images = read_test_images([*viewed, *bilinear], seed_groups) if has_finished else []
    illustrate_networks(section, tables)
    illustrate(section, seed_groups, compared, images, study)
    grey = set().union(*(group.grey_images() for group in seed_groups))
    section.notes = _notes(images, viewed, grey)
    if images:
        most = most_images(len(viewed) + 2, sections)
        section.images = choose_images(images, compared[0].label, most) if compared else []
        section.labels = [group.label for group in viewed]
        columns = [*viewed, *(one for one in seed_groups if one.kernel and one.finished)]
        gains = [group.label for group in compared]
        section.per_image = _per_image(images, section.images, columns, gains, grey)
    return section


def add_viewers(sections: Sequence[Section], report: Path) -> None:
    """Give each section a slider, with its share of the bytes that the page can hold."""
    used = sum(len(figure.source) for section in sections for figure in section.figures)
    weights = [_pixels(section) for section in sections]
    for section, weight in zip(sections, weights, strict=True):
        if weight:
            budget = (PAGE_BUDGET - used) * weight // sum(weights)
            section.viewer = viewer(
                section.images, section.labels, budget, lambda path: link(path, report)
            )


def _pixels(section: Section) -> int:
    return sum(
        image.pixels[label].size
        for image in section.images
        for label in (*section.labels, BICUBIC, TARGET)
        if label in image.pixels
    )


def _notes(images: Sequence[TestImage], compared: Sequence[SeedGroup], grey: set[str]) -> list[str]:
    if not images:
        return ["No run has finished, so there are no pictures."]
    notes = []
    if grey:
        notes.append(
            "Test images marked (grey) are grey in their file: their part in PSNR (Y) and SSIM (Y) "
            "is that of their grey values, of full range; PSNR is that of RGB, as of all images."
        )
    if not any(TARGET in image.pixels for image in images):
        notes.append(
            "The pictures of the targets are gone, so there are no error maps; any run of these "
            "images with rerun=true writes them again."
        )
    return notes + [
        f"Pictures of {group.label} are gone from its run's folder, all or some."
        for group in compared
        if not all(group.label in image.pixels for image in images)
    ]


def _per_image(
    images: Sequence[TestImage],
    chosen: Sequence[TestImage],
    seed_groups: Sequence[SeedGroup],
    gaining: Sequence[str],
    grey: set[str],
) -> Grid:
    """PSNR of each test image, the mean over seeds.

    Args:
        images: all test images, one for each row.
        chosen: images of the slider, which a click shows.
        seed_groups: seed groups of the columns.
        gaining: labels of the seed groups whose gains have columns too.
        grey: names of the images to mark.
    """
    psnr = {group.label: group.psnr_per_image() for group in seed_groups}
    places = {id(image): place for place, image in enumerate(chosen) if image.pixels}
    gains = gaining if BICUBIC in psnr else []
    rows = []
    for image in images:
        values = {label: table.get(image.name) for label, table in psnr.items()}
        name = f"{image.name} (grey)" if image.name in grey else image.name
        cells = [Cell(name, image=places.get(id(image)))]
        cells += [number(value) for value in values.values()]
        for label in gains:
            value, bicubic = values[label], values[BICUBIC]
            gain = None if value is None or bicubic is None else value - bicubic
            cells.append(number(gain, sign=True))
        rows.append(GridRow(cells))
    return Grid(["Test image", *psnr, *(f"Gain of {label}" for label in gains)], rows)


def _runs(runs: Sequence[Run], report: Path) -> Grid:
    rows = []
    for run in runs:
        optimizer, seconds = run.config["optimizer"], run.durations.get("fit_s")
        rates = (optimizer["lr"], optimizer.get("weight_decay", 0))
        cells = [
            Cell(run.name, link=link(run.folder, report) + "/"),
            Cell(run.experiment),
            Cell(run.status, hint=run.error or ""),
            Cell("" if run.epochs is None else str(run.epochs)),
            Cell(str(run.seed)),
            *(Cell(f"{rate:g}" if run.is_trained else "") for rate in rates),
            *(number(run.metrics.get(key)) for key in ("max_val_psnr", "test_psnr", "test_psnr_y")),
            number(run.metrics.get("test_ssim"), 4),
            number(run.metrics.get("test_high_frequency_ratio")),
            number(run.metrics.get("test_loss"), 7),
            number(None if seconds is None else seconds / 60, 1),
        ]
        rows.append(GridRow(cells))
    return Grid(RUNS_HEAD, rows)


def link(path: Path, report: Path) -> str:
    """From the page to a file or folder, as an address."""
    try:
        relative = os.path.relpath(path, report)
    except ValueError:  # another drive
        return path.resolve().as_uri()
    return quote(Path(relative).as_posix())
