"""The paper's printed Table 1, in its order."""

from srcnn_lightning.report.comparable_runs import Run
from srcnn_lightning.report.study import Family, PrintedRow


def printed(
    variant: str, label: str, max_val_psnr: float, test_loss: float, test_psnr: float
) -> PrintedRow:
    """A row by position."""
    return PrintedRow(
        variant=variant,
        label=label,
        max_val_psnr=max_val_psnr,
        test_loss=test_loss,
        test_psnr=test_psnr,
    )


def factor(run: Run) -> float:
    """The L2 factor of a run."""
    return run.config["optimizer"].get("weight_decay", 0.0)


BASE = "base"
TABLE_1 = (
    printed(BASE, "Basic SRCNN", 27.455, 0.0064324, 26.442),
    printed("l2", "+ Regularization", 27.459, 0.0064412, 26.429),
    printed("tanh", "+ Tanh", 27.336, 0.0066215, 26.282),
    printed("batch_norm", "+ Batch Norm", 25.530, 0.0100244, 24.373),
    printed("bicubic", "Bicubic", 25.433, 0.0066051, 23.226),
    printed("bilinear", "Bilinear", 25.220, 0.0074545, 23.182),
    printed("nearest", "Nearest neighbor", 22.198, 0.014747, 20.551),
)
PRINTED = {row.variant: row for row in TABLE_1}
# Rows of this project, below the paper's.
EXTRA_LABELS = {"identity": "SRCNN, identity start (ours)"}
# The paper does not say which factor its row shows: here the best of the five by validation.
L2 = Family(
    variant="l2",
    prefix="l2_",
    size=5,
    noun="factors",
    title="L2 factors",
    label=lambda run: f"+ Regularization ({factor(run):g})",
    value=factor,
)
