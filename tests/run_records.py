"""Run records by hand, as runs/run.py writes them, and the report's functions by the paper."""

from pathlib import Path

from srcnn_lightning import files, run_record
from srcnn_lightning.report import comparable_runs
from srcnn_lightning.report import seed_groups as groups
from srcnn_lightning.report.figures import figure_selection
from srcnn_lightning.report.tables import rows
from srcnn_lightning.studies.srcnn_paper import STUDY

SRCNN = {
    "name": "srcnn",
    "kernel_sizes": [9, 1, 5],
    "features": [64, 32],
    "batch_norm": False,
    "output_activation": "none",
    "init": "default",
}
MODELS = {
    "tanh": {**SRCNN, "output_activation": "tanh"},
    "batch_norm": {**SRCNN, "batch_norm": True},
    "identity": {**SRCNN, "init": "identity"},
    **{kernel: {"name": "interpolation"} for kernel in ("nearest", "bilinear", "bicubic")},
}
# Settings that do not change what a run gives, and so are no part of its hash.
UNHASHED = ("experiment_name", "variant", "logger", "output_dir", "rerun")


def make_content(
    variant="base",
    *,
    status="finished",
    experiment="ablation",
    name=None,
    seed=0,
    images="d0",
    settings=(),
    **metrics,
):
    """The content of one run's record.

    Args:
        variant: variant, or None for a run of another experiment.
        status: `finished`, `diverged` or `failed`.
        experiment: name of the experiment.
        name: name of the run.
        seed: seed of the run.
        images: digest of the images.
        settings: pairs of a dotted key and a value, over the defaults.
        metrics: metrics, over the defaults.
    """
    decay = float(variant.removeprefix("l2_")) if variant and variant.startswith("l2_") else 0.0
    config = {
        "data": {
            "crop": 800,
            "target_size": 224,
            "patch_size": None,
            "augment": False,
            "steps_per_epoch": None,
            "batch_size": 2,
            "seed": 0,
        },
        "degradation": {
            "name": "antialiased",
            "antialias": True,
            "scale": 2,
            "_target_": None,
            "arguments": {},
            "source": "",
        },
        "model": dict(MODELS.get(variant, SRCNN)),
        "task": {"name": "supervised"},
        "loss": {"name": "mse"},
        "optimizer": {"_target_": "torch.optim.Adam", "lr": 1e-3, "weight_decay": decay},
        "schedule": {"name": "constant"},
        "recipe": "paper",
        "monitor": "val_psnr",
        "trainer": {
            "accelerator": "cpu",
            "accelerate": True,
            "max_epochs": 100,
            "precision": "32-true",
            "accumulate_grad_batches": 1,
            "gradient_clip_algorithm": "norm",
            "ema_decay": None,
            "overfit_batches": 0,
            "profiler": None,
        },
        "logger": {},
        "experiment_name": experiment,
        "variant": variant,
        "seed": seed,
        "output_dir": "outputs",
        "rerun": False,
    }
    for key, value in dict(settings).items():
        group, _, last = key.rpartition(".")
        (config[group] if group else config)[last] = value
    kernel = variant if variant in ("nearest", "bilinear") else "bicubic"
    config["degradation"] = {"kernel": kernel, **config["degradation"]}
    metrics = {
        "max_val_psnr": 27.0,
        "test_loss": 0.005,
        "test_psnr": 26.0,
        "test_psnr_pooled": 24.0,
        "test_psnr_y": 28.0,
        "test_ssim": 0.9,
        **metrics,
    }
    is_baseline = variant in ("nearest", "bilinear", "bicubic")
    kept = {key: value for key, value in config.items() if key not in UNHASHED}
    identity = {
        "name": name or (f"variant={variant}" if variant else "srcnn"),
        "experiment": experiment,
        "variant": variant,
        "data": "photos",
        "data_hash": images,
        "hash": files.digest([kept, images]),
        "date": "2026-11-23T17:00:00+00:00",
        "config": config,
        "split": {"train": ["a.png", "b.png", "c.png"], "val": ["d.png"], "test": ["e.png"]},
        "status": status,
    }
    if status == "failed":  # no more than this is known of it
        return {**identity, "error": "RuntimeError('no luck')"}
    return {
        **identity,
        "metrics": metrics if status == "finished" else {"max_val_psnr": None},
        "history": [{"epoch": 1, "train_loss": 0.01, "val_loss": 0.01, "val_psnr": 27.0}],
        "per_image": [{"name": "e.png", "psnr": 26.0}] if status == "finished" else [],
        "parameters": 0 if is_baseline else 20_099,
        "cost": {
            "multiply_adds": 0 if is_baseline else 18_432_000_000,
            "activations": 0 if is_baseline else 91_238_400,
            "input_height": 360,
            "input_width": 640,
            "seconds_per_megapixel": 0.25,
        },
        "epochs": 1,
        "environment": {"device": "cpu", "device_name": "A CPU", "threads": 2},
        "durations": {"fit_s": 1.0, "test_s": 1.0, "total_s": 2.0},
    }


def make_record(*arguments, **changes):
    """The same as a run that was read."""
    return as_run(make_content(*arguments, **changes))


def as_run(content, folder=Path("folder"), outputs=Path("outputs")):
    """A run of a record's content."""
    return comparable_runs.at(run_record.check(content), folder, outputs)


def write_records(outputs, contents):
    """Each record into a folder of its own, where a run would have written it."""
    for content in contents:
        degradation = content["config"]["degradation"]
        kind = f"{content['data']}-{degradation['name']}-x{degradation['scale']}"
        run_record.write(outputs / content["experiment"] / kind / content["name"], content)


def seed_groups(runs, study=STUDY):
    return groups.seed_groups([*runs], study)


def variant_groups(runs):
    return comparable_runs.variant_groups(runs, STUDY.varied)


def variant_rows(runs):
    return rows.variant_rows(runs, STUDY)


def select_curves(settings, study=STUDY):
    return figure_selection.select_curves(settings, study)
