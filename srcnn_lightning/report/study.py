"""What a study of one paper adds to a report: its printed table, its figures, a section."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcnn_lightning.report.comparable_runs import Run
    from srcnn_lightning.report.figures.figure_selection import Comparison, CurveFigure
    from srcnn_lightning.report.seed_groups import SeedGroup


@dataclass(frozen=True, kw_only=True)
class PrintedRow:
    """One row of a printed table; what the paper does not print is None.

    Attributes:
        variant: name of the variant that repeats it, conf/variant/NAME.yaml, or of a family.
        label: printed name.
        max_val_psnr: best validation PSNR in dB, of RGB.
        test_loss: mean squared error of pixels in [0, 1].
        test_psnr: test PSNR in dB, of RGB without a border.
        test_psnr_y: test PSNR in dB, of Y with a border of `scale` pixels.
        test_ssim: test SSIM of the same.
    """

    variant: str
    label: str
    max_val_psnr: float | None = None
    test_loss: float | None = None
    test_psnr: float | None = None
    test_psnr_y: float | None = None
    test_ssim: float | None = None


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
        title: first words of the table's title.
        varied: keys of `model` in which rows of one table may differ; None: in all.
        curve_figures: function from the trained seed groups of one set of images to the paper's
            figures of curves; seed groups in none of them get a figure for their experiment.
        comparisons: function from all seed groups of one set of images, and those whose images are
            compared, the base first, to the figures of images side by side; None for one figure of
            bicubic and all of them.
        section: function from the seed groups of each set of images, by its title, to a section;
            None for none.
    """

    name: str
    printed: Sequence[PrintedRow]
    base: str
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    reference: str = "bicubic"
    title: str = "Ablation"
    families: Sequence[Family] = ()
    varied: Sequence[str] | None = None
    curve_figures: "Callable[[Sequence[SeedGroup]], list[CurveFigure]]" = lambda groups: []
    comparisons: "Callable[[Sequence[SeedGroup], Sequence[SeedGroup]], list[Comparison]] | None" = (
        None
    )
    section: "Callable[[Mapping[str, Sequence[SeedGroup]]], StudySection] | None" = None

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels of the rows by variant, in the order of the table."""
        return {row.variant: row.label for row in self.printed} | {**self.extra_labels}

    @cached_property
    def printed_metrics(self) -> tuple[str, ...]:
        """Names of the metrics that the printed table has, in the order of a table's columns."""
        names = [one.name for one in fields(PrintedRow) if one.name not in ("variant", "label")]
        return tuple(
            name for name in names if any(getattr(row, name) is not None for row in self.printed)
        )

    @property
    def gain_metric(self) -> str:
        """The test PSNR that is printed, whose gains over the reference are shown."""
        is_y_alone = "test_psnr" not in self.printed_metrics
        return (
            "test_psnr_y" if is_y_alone and "test_psnr_y" in self.printed_metrics else "test_psnr"
        )

    def family(self, variant: str | None) -> Family | None:
        """The family that a variant is a member of, if any."""
        return next((family for family in self.families if family.holds(variant)), None)

    def label(self, variant: str, run: "Run") -> str:
        """The label of a variant, and of one of its runs."""
        family = self.family(variant)
        return family.label(run) if family else self.labels.get(variant, variant)
