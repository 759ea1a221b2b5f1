"""The student paper "Image Super-Resolution Via a Convolutional Neural Network".

Garber, Grossman and Johnson-Yu trained SRCNN 9-1-5 on 100 images of DIV2K. Its Table 1 is repeated
by the variants of conf/variant/, its figures by the experiments of conf/experiment/.
"""

from srcnn_lightning.report.study import Study
from srcnn_lightning.studies.srcnn_paper.figures import comparison_figures, curve_figures
from srcnn_lightning.studies.srcnn_paper.page import page_section
from srcnn_lightning.studies.srcnn_paper.table_1 import BASE, EXTRA_LABELS, L2, TABLE_1

STUDY = Study(
    name="srcnn_paper",
    printed=TABLE_1,
    extra_labels=EXTRA_LABELS,
    base=BASE,
    reference="bicubic",
    families=(L2,),
    varied=("init", "batch_norm", "output_activation"),
    curve_figures=curve_figures,
    comparisons=comparison_figures,
    section=page_section,
)
