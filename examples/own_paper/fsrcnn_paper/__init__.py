"""Dong, Loy and Tang 2016, "Accelerating the Super-Resolution Convolutional Neural Network"."""

from srcnn_lightning.report.study import PrintedRow, Study

# Set5 at x2, of Y, as the literature prints them.
STUDY = Study(
    name="fsrcnn_paper",
    title="FSRCNN and SRCNN",
    printed=[
        PrintedRow(variant="fsrcnn_y", label="FSRCNN", test_psnr_y=37.00, test_ssim=0.9558),
        PrintedRow(variant="srcnn_y", label="SRCNN", test_psnr_y=36.66, test_ssim=0.9542),
        PrintedRow(variant="bicubic", label="Bicubic", test_psnr_y=33.66, test_ssim=0.9299),
    ],
    base="fsrcnn_y",
)
