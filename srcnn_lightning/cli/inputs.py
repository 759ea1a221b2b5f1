"""Inputs of the verbs `table` and `report`: runs, and the study that shows them."""

import sys
from argparse import Namespace

from srcnn_lightning import studies
from srcnn_lightning.cli.options import Parser, add_outputs
from srcnn_lightning.report.comparable_runs import Run, read_all
from srcnn_lightning.report.study import Study


def add_inputs(parser: Parser) -> None:
    """The options that `read_inputs` takes."""
    add_outputs(parser)
    parser.add_argument(
        "--study",
        default="srcnn_paper",
        metavar="NAME",
        help="a paper's table and figures; none: by experiment alone; default: srcnn_paper",
    )


def read_inputs(options: Namespace) -> tuple[list[Run], list[str], Study | None]:
    """The runs, a sentence for each record that is left out, which is printed too, and the study.

    Raises:
        BadInput: there is no such study or folder, or no record in the folder.
    """
    study = studies.find(options.study)
    runs, left_out = read_all(options.outputs)
    print(*left_out, sep="\n", end="\n" if left_out else "", file=sys.stderr)
    return runs, left_out, study
