"""The paper's printed Table 1, in its order."""

from typing import NamedTuple

from srcnn_lightning.report.comparable_runs import Run
from srcnn_lightning.report.study import Family, PrintedRow


class Printed(NamedTuple):
    """One printed row: its label, PSNRs in dB, and loss."""

    label: str
    max_val_psnr: float
    test_loss: float
    test_psnr: float


def factor(run: Run) -> float:
    """The L2 factor of a run."""
    return run.config["optimizer"].get("weight_decay", 0.0)


BASE = "base"
PRINTED = {
    BASE: Printed("Basic SRCNN", 27.455, 0.0064324, 26.442),
    "l2": Printed("+ Regularization", 27.459, 0.0064412, 26.429),
    "tanh": Printed("+ Tanh", 27.336, 0.0066215, 26.282),
    "batch_norm": Printed("+ Batch Norm", 25.530, 0.0100244, 24.373),
    "bicubic": Printed("Bicubic", 25.433, 0.0066051, 23.226),
    "bilinear": Printed("Bilinear", 25.220, 0.0074545, 23.182),
    "nearest": Printed("Nearest neighbor", 22.198, 0.014747, 20.551),
}
TABLE_1 = [PrintedRow(variant=variant, **row._asdict()) for variant, row in PRINTED.items()]
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
