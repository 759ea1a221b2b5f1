"""What the paper printed: its Table 1, in its order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperRow:
    """One row of Table 1; PSNR in dB, loss as mean squared error for pixels in [0, 1]."""

    variant: str
    label: str
    max_val_psnr: float
    test_loss: float
    test_psnr: float


TABLE_1 = (
    PaperRow("base", "Basic SRCNN", 27.455, 0.0064324, 26.442),
    PaperRow("l2", "+ Regularization", 27.459, 0.0064412, 26.429),
    PaperRow("tanh", "+ Tanh", 27.336, 0.0066215, 26.282),
    PaperRow("batch_norm", "+ Batch Norm", 25.530, 0.0100244, 24.373),
    PaperRow("bicubic", "Bicubic", 25.433, 0.0066051, 23.226),
    PaperRow("bilinear", "Bilinear", 25.220, 0.0074545, 23.182),
    PaperRow("nearest", "Nearest neighbor", 22.198, 0.014747, 20.551),
)
# Our own rows, below the paper's.
EXTRA_ROWS = {"identity": "SRCNN, identity start (ours)"}
