"""How near do networks come to the figures that the literature prints?

`python -m benchmarks.literature --photos DIR --set5 DIR --set14 DIR` trains SRCNN 9-5-5 and FSRCNN
on the luma of random patches of photographs, validates on Set14, and scores Set5 at x2 as papers
do: PSNR of the luma, a border of 2 pixels left out, mean over the images. Runs that are finished
are not trained again. The printed networks have seen far more: SRCNN 395,909 images of ImageNet in
8*10^8 backward passes.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.rounds import python
from srcnn_lightning import run_record

RECIPE = (
    *("recipe=modern", "loss=mse", "data.patch_size=96", "data.batch_size=8"),
    *("data.crop=null", "data.target_size=null"),
)


class Network(NamedTuple):
    """A network as the literature has it.

    Attributes:
        settings: settings of its run.
        epochs: length of its training, of 100 steps each; SRCNN starts at bicubic, FSRCNN from
            random weights.
        printed: PSNR in dB that Kim et al. 2016 and Dong et al. 2016 print for Set5.
    """

    settings: tuple[str, ...]
    epochs: int
    printed: float


NETWORKS = {
    "bicubic": Network(("model=bicubic",), 1, 33.66),
    "srcnn": Network(("model=srcnn", "model.color=y", "model.kernel_sizes=[9,5,5]"), 60, 36.66),
    "fsrcnn": Network(("model=fsrcnn", "model.color=y"), 400, 37.00),
}


def main() -> None:
    """Train, score and print a table; runs that are there already are not trained again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.literature", description=__doc__)
    for name in ("photos", "set5", "set14"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="folder of images")
    parser.add_argument("--only", choices=NETWORKS, help="one of the networks")
    parser.add_argument("--epochs", type=int, help="length of each training, for a try-out")
    parser.add_argument("--steps", type=int, default=100, help="steps an epoch, 8 patches each")
    parser.add_argument("--output", type=Path, default=Path("outputs"), help="folder of the runs")
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    chosen = {arguments.only: NETWORKS[arguments.only]} if arguments.only else NETWORKS
    folders = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = (
            *_images(Path(folder), arguments.photos, arguments.set14, arguments.set5),
            *(f"output_dir='{output}'", "experiment_name=literature"),
            f"data.steps_per_epoch={arguments.steps}",
            *RECIPE,
        )
        for name, network in chosen.items():
            epochs = f"trainer.max_epochs={arguments.epochs or network.epochs}"
            said = python("-m", "srcnn_lightning", *network.settings, epochs, *settings)
            print(said, file=sys.stderr)
            # The last line is of the run's end, or of a run that was done before.
            folders[name] = output / said.splitlines()[-1].partition(": ")[0]
    print("Set5, x2           ours   printed  distance   seconds of training")
    for name, network in chosen.items():
        record = run_record.load(folders[name])
        ours, seconds = record.metrics["test_psnr_y"], record.durations["fit_s"]
        assert ours is not None  # a run that diverged has ended this program
        distance = ours - network.printed
        print(f"{name:14}{ours:9.2f}{network.printed:10.2f}{distance:+10.2f}{seconds:22.0f}")


def _images(folder: Path, train: Path, val: Path, test: Path) -> list[str]:
    """The settings of one folder that holds all images, and of the split's file."""
    split = {}
    for part, images in (("train", train), ("val", val), ("test", test)):
        split[part] = [f"{part}-{path.name}" for path in sorted(images.iterdir())]
        for path in images.iterdir():
            (folder / f"{part}-{path.name}").symlink_to(path.resolve())
    (folder / "split.json").write_text(json.dumps(split))
    return [
        *("data=folder", "data.name=Set5", f"data.root='{folder}'"),
        f"data.split_file='{folder}/split.json'",
    ]


if __name__ == "__main__":
    main()
