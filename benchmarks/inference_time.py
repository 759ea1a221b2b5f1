"""How long does each network below a folder of runs take for a megapixel, with nothing beside it?

`python -m benchmarks.inference_time OUTPUTS` times the networks of the finished runs that have
`checkpoints/best.ckpt`, and the baselines, one after the other on this machine, and writes the time
into their run records together with the device. A time that a run has measured itself, at its end,
is worth nothing where other runs shared the device with it.

All networks upscale an image of the same output, in 32 bits, that of the multiply-adds. Networks of
one kind share a measurement, for their weights change no time. Each time is the median over
rounds, in which all networks take their turns.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from srcnn_lightning import run_record
from srcnn_lightning.errors import BadInput
from srcnn_lightning.hardware import thread_count
from srcnn_lightning.inference import loading
from srcnn_lightning.models import cost
from srcnn_lightning.report.run_words import describe_device
from srcnn_lightning.training import environment

CHECKPOINT = Path("checkpoints/best.ckpt")
INTERPOLATION = "interpolation"


@dataclass
class Timed:
    """A network and the folders of the records that it belongs to.

    Attributes:
        network: network on the device.
        folders: folders of run records, one for each seed.
        seconds: seconds for a million pixels of output, one for each round.
    """

    network: loading.LoadedNetwork
    folders: list[Path]
    seconds: list[float]


def main() -> None:
    """Time every network, print a table, and write the records."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inference_time",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("outputs", type=Path, metavar="OUTPUTS", help="folder of runs")
    parser.add_argument("--rounds", type=_positive, default=3, help="default: 3")
    parser.add_argument("--threads", type=_positive, help="of the CPU; default: all cores")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU where there is one")
    parser.add_argument("--quick", action="store_true", help="an output of 640x360 pixels")
    parser.add_argument("--allow-package", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    has_gpu = torch.cuda.is_available()
    if options.device == "cuda" and not has_gpu:
        parser.error("--device=cuda: there is no GPU here; give cpu")
    device = torch.device(options.device or ("cuda" if has_gpu else "cpu"))
    torch.set_num_threads(thread_count(options.threads))
    networks = find_networks(options.outputs, device, options.allow_package)
    if not networks:
        parser.error(
            f"OUTPUTS={options.outputs}: it holds no finished run with {CHECKPOINT}; give a folder "
            "of runs"
        )
    place = describe_device(environment.describe(device, "32-true"))
    print(f"On {place}, rounds: {options.rounds}", flush=True)
    for _ in range(options.rounds):
        for one in networks:
            one.seconds.append(measure(one.network, device, options.quick))
    for one in networks:
        low, middle, high = (1e3 * f(one.seconds) for f in (min, median, max))
        names = ", ".join(str(folder.relative_to(options.outputs)) for folder in one.folders)
        print(f"{middle:10.2f} ms/megapixel ({low:.2f} to {high:.2f})  {names}")
        for folder in one.folders:
            write_time(folder, one, place)


def find_networks(outputs: Path, device: torch.device, allow: list[str]) -> list[Timed]:
    """The different networks below a folder of runs, on the device; others are named on stderr."""
    found: dict[str, Timed] = {}
    for folder in run_record.find(outputs):
        try:
            record = run_record.load(folder)
            degradation, model = record.config["degradation"], record.config["model"]
            kernel = degradation["kernel"] if model.get("name") == INTERPOLATION else None
            scale, checkpoint = degradation["scale"], find_checkpoint(folder)
            # Of several scales each has a record.
            if record.status != "finished" or isinstance(scale, list):
                continue
            if kernel is None and checkpoint is None:
                continue
            key = json.dumps([model, kernel, scale])
            if key not in found:
                network = (
                    loading.load(checkpoint, allow, scale)
                    if checkpoint
                    else loading.interpolation(str(kernel), scale)
                )
                found[key] = Timed(network.on(device.type), [], [])
            found[key].folders.append(folder)
        except (BadInput, ValueError, OSError) as error:
            print(f"Left out: {folder} ({error})", file=sys.stderr)
    return [*found.values()]


def find_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of a run; that of a network of several scales lies in the folder above."""
    places = [folder, folder.parent] if re.fullmatch(r"x\d+", folder.name) else [folder]
    paths = (place / CHECKPOINT for place in places)
    return next((path for path in paths if path.is_file()), None)


def measure(loaded: loading.LoadedNetwork, device: torch.device, quick: bool) -> float:
    """Seconds for a million pixels of an output of 1280x720 pixels, or somewhat less.

    Where `quick` says so, the output has half the sides.
    """
    height, width = (side // (2 if quick else 1) // loaded.scale for side in cost.OUTPUT_SIZE)
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, height, width, generator=generator)
    image = image.to(device, memory_format=torch.channels_last)
    return cost.seconds_per_megapixel(loaded.network, image)


def write_time(folder: Path, timed: Timed, place: str) -> None:
    """Write the time and the device into the record of a run, and leave all else as it is."""
    content = run_record.read(folder)
    if content is None:
        return  # removed meanwhile
    height, width = (side // timed.network.scale for side in cost.OUTPUT_SIZE)
    content["cost"] = {
        **content.get("cost", {}),
        "input_height": height,
        "input_width": width,
        "seconds_per_megapixel": median(timed.seconds),
        "time_device": place,
    }
    run_record.write(folder, content)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    main()
