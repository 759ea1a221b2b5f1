"""Training: images per second of five ways to do the same work.

(a) textbook: a program as people write it, which reads its image files in every epoch; (a') its
loop with the tensors in memory; (b) the same in channels_last; (c) this program, through Lightning;
(d) the roof, (d') a higher one. Of (c), the training steps alone are the same work as the others
do; whole epochs have validation, checkpoints, pictures and events as well.
"""

from functools import partial

from benchmarks import overhead
from benchmarks.alone import alone, alternate, column
from benchmarks.figures import FigureSet, Row, ratio
from benchmarks.images import folder_of_images
from benchmarks.options import Options


def measure(options: Options) -> list[FigureSet]:
    """Images per second, and the peak memory of each process."""
    folder = str(folder_of_images(options))
    common = {
        "batch": options.batch,
        "side": options.side,
        "threads": options.threads,
        "device": options.device,
    }
    loop = {**common, "images": options.trained, "epochs": options.epochs}
    contenders = {
        "a textbook, from files": partial(
            alone, "benchmarks.textbook:train", folder=folder, crop=options.crop, **loop
        ),
        "a' textbook, in memory": partial(alone, "benchmarks.loops:plain", **loop),
        "b channels_last loop": partial(alone, "benchmarks.loops:channels_last", **loop),
        "c ours": partial(
            alone,
            "benchmarks.ours:train",
            epochs=options.epochs,
            images=options.trained,
            overrides=overrides(options, folder),
        ),
        "d roof": partial(
            alone,
            "benchmarks.roof:measure",
            matrix=options.matrix,
            channels=options.channels,
            **common,
        ),
    }
    found = alternate({**contenders, **overhead.contenders(options)}, options.rounds)
    rows = {
        name: Row(name, "image/s", column(found[name], "images_per_second")) for name in contenders
    }
    a, a_in_memory, b, c, d = rows.values()
    whole = Row(
        "c ours, whole epochs", "image/s", column(found["c ours"], "whole_images_per_second")
    )
    higher = Row(
        "d' roof of convolutions",
        "image/s",
        column(found["d roof"], "convolution_images_per_second"),
    )
    title = f"Training SRCNN 9-1-5, batch {options.batch} of {options.side}x{options.side}"
    speed = FigureSet(
        "training",
        title,
        [
            *(a, a_in_memory, b, c, whole, d, higher),
            ratio("c / a", c, a, at_least=4),
            ratio("c / a'", c, a_in_memory, at_least=1.8),
            ratio("c / b", c, b, at_least=1),
            ratio("c / d", c, d, at_least=0.45),
            ratio("c / d'", c, higher),
            ratio("whole epochs / steps", whole, c),
        ],
    )
    memory = [Row(name, "MB", column(found[name], "peak_mb")) for name in contenders]
    machine = [
        Row("matrix product", "GFLOP/s", column(found["d roof"], "product_gflop_per_second")),
        Row("convolution", "GFLOP/s", column(found["d roof"], "convolution_gflop_per_second")),
        Row("copy, read and written", "GB/s", column(found["d roof"], "gigabytes_per_second")),
    ]
    return [
        speed,
        overhead.figures(found, c, options.batch),
        FigureSet("memory", "Peak memory of each process that trained", memory[:-1]),
        FigureSet("machine", "What the roofs are made of", machine),
    ]


def overrides(options: Options, folder: str) -> list[str]:
    """The same images, sizes and threads for the command."""
    return [
        "data=folder",
        f"data.root='{folder}'",
        f"data.count={options.images}",
        f"data.crop={options.crop}",
        f"data.target_size={options.side}",
        f"data.batch_size={options.batch}",
        f"trainer={'gpu' if options.device == 'cuda' else 'cpu'}",
        f"trainer.threads={options.threads}",
    ]
