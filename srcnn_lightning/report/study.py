"""What a study of one paper adds to a report: its printed table, its figures, a section."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcnn_lightning.report.comparable_runs import Run
    from srcnn_lightning.report.figures.figure_selection import Comparison, CurveFigure
    from srcnn_lightning.report.seed_groups import SeedGroup


@dataclass(frozen=True, kw_only=True)
class PrintedRow:
    """One row of a printed table.

    Attributes:
        variant: name of the variant that repeats it, conf/variant/NAME.yaml, or of a family.
        label: printed name.
        max_val_psnr: best validation PSNR in dB.
        test_loss: mean squared error of pixels in [0, 1].
        test_psnr: test PSNR in dB.
    """

    variant: str
    label: str
    max_val_psnr: float
    test_loss: float
    test_psnr: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """Variants that differ in one value, and share one printed row.

    The member of the best validation PSNR stands in the row; all stand in a table of their own.

    Attributes:
        variant: variant of the printed row.
        prefix: first letters of the members' variants.
        size: number of members; the row's label says so where fewer have finished.
        noun: name of the members in that label, `factors`.
        title: title of the members' own table.
        label: label of a run, `+ Regularization (0.001)`.
        value: value of a run, by which the rows of the own table are sorted.
    """

    variant: str
    prefix: str
    size: int
    noun: str
    title: str
    label: "Callable[[Run], str]"
    value: "Callable[[Run], float]"

    def holds(self, variant: str | None) -> bool:
        """Whether a variant is a member."""
        return variant is not None and variant.startswith(self.prefix)


@dataclass(frozen=True, kw_only=True)
class StudySection:
    """A section of the page, below those of the runs.

    Attributes:
        id: identifier within the page, for links.
        title: heading.
        template: Jinja text of the section's content; it may import `macros.html` of the report.
        values: variables of the template.
    """

    id: str
    title: str
    template: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A paper's study, as a report shows it.

    Attributes:
        name: name of the study's package in `srcnn_lightning.studies`.
        printed: rows of the printed table, in its order; they come first.
        extra_labels: labels by variant of rows below the printed ones, in their order. Variants
            that are neither printed nor here come last, under their own names.
        base: variant that every other row is compared with.
        reference: variant whose test PSNR the gains are counted from.
        families: families of variants.
        varied: keys of `model` in which rows of one table may differ.
        curve_figures: function from the trained seed groups of one set of images to the paper's
            figures of curves; seed groups in none of them get a figure for their experiment.
        comparisons: function from all seed groups of one set of images, and those whose images are
            compared, the base first, to the figures of images side by side.
        section: function from the seed groups of each set of images, by its title, to a section.
    """

    name: str
    printed: Sequence[PrintedRow]
    extra_labels: Mapping[str, str]
    base: str
    reference: str
    families: Sequence[Family]
    varied: Sequence[str]
    curve_figures: "Callable[[Sequence[SeedGroup]], list[CurveFigure]]"
    comparisons: "Callable[[Sequence[SeedGroup], Sequence[SeedGroup]], list[Comparison]]"
    section: "Callable[[Mapping[str, Sequence[SeedGroup]]], StudySection]"

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels of the rows by variant, in the order of the table."""
        return {row.variant: row.label for row in self.printed} | {**self.extra_labels}

    def family(self, variant: str | None) -> Family | None:
        """The family that a variant is a member of, if any."""
        return next((family for family in self.families if family.holds(variant)), None)

    def label(self, variant: str, run: "Run") -> str:
        """The label of a variant, and of one of its runs."""
        family = self.family(variant)
        return family.label(run) if family else self.labels.get(variant, variant)
