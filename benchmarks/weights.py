"""Which networks come with the package? Those of `make weights`.

`python -m benchmarks.weights --runs outputs/weights --set5 DIR --set14 DIR` takes the best
checkpoint of each run of `+experiment=weights`, and writes it to srcnn_lightning/weights/ as
safetensors in half precision, with a card beside it: what the network was trained on, how, and its
scores. It refuses images that are not drawn.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import srcnn_lightning as sr
from srcnn_lightning import run_record
from srcnn_lightning.config import DRAWN
from srcnn_lightning.inference import packaged
from srcnn_lightning.inference.export_formats import write_safetensors
from srcnn_lightning.models.checkpoint import load_network

NAMES = {"edsr": "edsr-small-x{scale}", "srcnn": "srcnn-x{scale}"}
CONVENTIONS = {"y": "literature", "rgb": "paper"}  # docs/conventions.md
COMMAND = "python -m srcnn_lightning +experiment=weights -m"
ARGUMENTS = {"edsr": "", "srcnn": " model=srcnn degradation.scale=2"}  # as in the Makefile


def main() -> None:
    """Write the weights and cards of all runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weights", description=__doc__)
    for name in ("runs", "set5", "set14"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a folder")
    parser.add_argument("--output", type=Path, default=packaged.FOLDER, help="default: the package")
    arguments = parser.parse_args()
    folders = {"Set5": arguments.set5, "Set14": arguments.set14}
    for path in sorted(arguments.runs.rglob(run_record.FILE_NAME)):
        record = run_record.load(path.parent)
        data: Any = record.config["data"]
        if data["kind"] not in DRAWN:
            raise SystemExit(
                f"{path.parent}: data.kind={data['kind']}; give runs on drawn images alone."
            )
        name = export(path.parent, arguments.output)
        card = make_card(name, record, arguments.output, folders)
        text = json.dumps(card, indent=1) + "\n"
        (arguments.output / f"{name}.json").write_text(text, encoding="utf-8")
        print(table_row(card))  # of docs/using.md


def table_row(card: dict[str, Any]) -> str:
    """The row of docs/using.md: parameters, and scores with those of bicubic in brackets."""
    cells = [f"`{card['name']}`", f"{card['parameters']:,}"]
    cells += [
        f"{one[f'psnr_{color}']:.2f} ({one[f'bicubic_{color}']:.2f})"
        for one in card["scores"].values()
        for color in CONVENTIONS
    ]
    return f"| {' | '.join(cells)} |"


def export(run: Path, output: Path) -> str:
    """Write the weights of a run's best checkpoint as safetensors.

    Returns:
        The name of the packaged network.
    """
    network, settings = load_network(run / "checkpoints/best.ckpt")
    name = NAMES[settings["network"]["name"]].format(scale=settings["scale"])
    metadata = {key: json.dumps(settings[key]) for key in ("network", "scale")}
    output.mkdir(parents=True, exist_ok=True)
    with (output / f"{name}{packaged.ENDING}").open("wb") as file:
        write_safetensors(network.half(), metadata, file)
    return name


def make_card(
    name: str, record: run_record.RunRecord, output: Path, folders: dict[str, Path]
) -> dict[str, Any]:
    """The card of a network whose weights are written."""
    config: Any = record.config
    data = config["data"]
    steps = record.epochs * data["steps_per_epoch"]
    return {
        "name": name,
        "network": config["model"],
        "scale": config["degradation"]["scale"],
        "parameters": record.parameters,
        "licence": "MIT",
        "data": {key: data[key] for key in ("name", "count", "split", "crop", "target_size")},
        "command": f"{COMMAND}{ARGUMENTS[config['model']['name']]}",
        "seeds": {"seed": config["seed"], "data.seed": data["seed"]},
        "steps": steps,
        "batch": f"{data['batch_size']} patches of {data['patch_size']} pixels a side",
        "date": str(record.date)[:10],
        "device": record.environment["device_name"],
        "scores": {key: _scores(name, output, folder) for key, folder in folders.items()},
    }


def _scores(name: str, output: Path, folder: Path) -> dict[str, float]:
    """PSNR in dB of a network and of bicubic interpolation, of Y and of RGB."""
    model = sr.load(output / f"{name}{packaged.ENDING}", device="cpu")
    bicubic = sr.load("bicubic", scale=model.scale)
    return {
        f"{key}_{color}": round(sr.evaluate(one, folder, convention=convention)["psnr"], 2)
        for color, convention in CONVENTIONS.items()
        for key, one in (("psnr", model), ("bicubic", bicubic))
    }


if __name__ == "__main__":
    main()
