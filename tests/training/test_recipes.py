"""Recipes: their settings, the moving average of the weights, and their table."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from conftest import Command
from kills import assert_kill_leaves_no_trace, assert_same_runs, kill_once_there, record
from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from srcnn_lightning import run_record
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.training.task import SuperResolution

pytestmark = [
    # Lightning's own; a run causes none of them (training/components.py).
    pytest.mark.filterwarnings("ignore:You called `self.log.*no logger configured.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
]
TINY = (
    "data=dead_leaves", "data.count=5", "data.crop=48", "data.target_size=24", "trainer=cpu",
    "trainer.threads=1",
)  # fmt: skip
RECIPES = Path(__file__).resolve().parents[2] / "conf/recipe"
PATCHES = ("data.patch_size=12", "data.batch_size=2", "data.steps_per_epoch=4")
AVERAGED = (*TINY, "recipe=modern", *PATCHES, "trainer.ema_decay=0.5", "optimizer.lr=0.01")


def composed(command: Command, *arguments: str) -> DictConfig:
    done = command(*arguments, "--cfg", "job")
    assert (done.returncode, done.stderr) == (0, "")
    return OmegaConf.create(yaml.safe_load(done.stdout))


def test_command_line_goes_before_experiment_before_recipe_before_group(
    command: Command, tmp_path: Path
) -> None:
    modern = composed(command, "recipe=modern")
    assert (modern.schedule.name, modern.loss.name) == ("one_cycle", "l1")
    assert (modern.data.patch_size, modern.data.augment) == (96, True)
    assert modern.trainer.ema_decay == 0.995
    assert modern.data.crop == 800  # the group's
    given = composed(command, "data.patch_size=48", "schedule=cosine", "recipe=modern")
    assert (given.data.patch_size, given.schedule.name) == (48, "cosine")
    (tmp_path / "own/experiment").mkdir(parents=True)
    (tmp_path / "own/experiment/mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /recipe: modern\n  - override /loss: mse\n"
        "experiment_name: mine\ndata:\n  patch_size: 60\n"
    )
    mine = composed(command, "+experiment=mine", f"hydra.searchpath=[file://{tmp_path}/own]")
    assert (mine.data.patch_size, mine.loss.name) == (60, "mse")
    assert mine.schedule.name == "one_cycle"


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_choice_of_the_command_line_goes_before_the_recipes(
    recipe: str, command: Command
) -> None:
    """A recipe that set keys of a group would leave them in the option that replaces its own."""
    chosen = ("schedule=cosine", "optimizer=adam", "loss=charbonnier")
    config, plain = (
        composed(command, *chosen, one) for one in (f"recipe={recipe}", "recipe=paper")
    )
    for group in ("schedule", "optimizer", "loss", "model"):
        assert config[group] == plain[group]


@pytest.mark.parametrize(
    ("recipe", "steps"), [("vdsr", 80 * 125), ("edsr", 300 * 1000), ("modern", 100 * 30)]
)
def test_recipe_has_its_papers_number_of_steps(recipe: str, steps: int, command: Command) -> None:
    config = composed(command, f"recipe={recipe}")
    assert config.trainer.max_epochs * config.data.steps_per_epoch == steps


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("recipe=modern",), "data.patch_size=96: it must not exceed the 24 pixels of a target"),
        (("recipe=[ema,flips]",), "recipe=null: give one; several together are a file"),
        (("recipe=fast",), "recipe=fast: there is no such option; choose one of edsr, ema,"),
    ],
)
def test_recipe_that_a_run_cannot_take_is_refused(
    arguments: tuple[str, ...], sentence: str, command: Command, tmp_path: Path
) -> None:
    done = command(*TINY, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("*.tfevents*"))


def test_record_pictures_and_checkpoint_are_those_of_the_averaged_weights(
    command: Command, tmp_path: Path
) -> None:
    done = command(*AVERAGED, "trainer.max_epochs=2", "monitor=last")
    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = run_record.find(tmp_path / "outputs")
    best = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)
    last = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    data = SuperResolutionData(
        scale=2, count=5, crop=48, target_size=24, cache_dir=str(tmp_path / "data/cache")
    )
    task = SuperResolution.load_from_checkpoint(folder / "checkpoints/best.ckpt")
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)

    def tested() -> float:
        (values,) = trainer.test(task, data, verbose=False)
        return values["test/psnr"]

    metrics = record(folder)["metrics"]
    assert metrics["test_psnr"] == pytest.approx(tested(), abs=1e-4)
    (validated,) = trainer.validate(task, data, verbose=False)
    assert record(folder)["history"][-1]["val_psnr"] == pytest.approx(
        validated["val/psnr"], abs=1e-4
    )
    assert "current_model_state" not in best  # nothing but what the test has used
    data.setup("test")
    with torch.no_grad():
        output = task(next(iter(data.test_dataloader()))[0])[0]
        strip = task(next(iter(data.val_dataloader()))[0])[0]
    name = data.split.test[0]
    with Image.open(folder / f"pictures/{name}.png") as picture:
        assert _difference(picture, output) <= 1
    event = EventAccumulator(str(folder)).Reload().Images(f"val/{data.split.val[0]}")[-1]
    with Image.open(io.BytesIO(event.encoded_image_string)) as image:
        side = output.shape[-1]
        zoom = image.width // (3 * side)  # input, output and target, above their captions
        middle = image.crop((side * zoom, 0, 2 * side * zoom, side * zoom))
        assert event.step == 2
        assert _difference(middle.resize((side, side), Image.Resampling.NEAREST), strip) <= 1
    task.load_state_dict(last["current_model_state"])
    assert abs(metrics["test_psnr"] - tested()) > 0.01


def _difference(image: Image.Image, output: torch.Tensor) -> int:
    """Largest difference between an image and an output `(3, H, W)` in [0, 1], in 8-bit steps."""
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
    return int((pixels.int() - (output.clamp(0, 1) * 255).round().int()).abs().max())


def test_killed_run_with_an_average_ends_as_an_undisturbed_one(
    command: Command, tmp_path: Path
) -> None:
    arguments = (*AVERAGED, "trainer.max_epochs=20")
    assert_kill_leaves_no_trace(command, tmp_path, *arguments)


def test_recipes_stand_in_one_table_with_intervals_to_the_papers(
    command: Command, tmp_path: Path
) -> None:
    sweep = (*TINY, "trainer.max_epochs=1", "+experiment=recipe", "seed=0,1", "-m")
    done = command(*sweep, "recipe=paper,flips,ema")
    assert (done.returncode, done.stderr) == (0, "")
    table = command("table")
    assert table.stdout.count("**recipe, dead_leaves") == 1
    rows = [line.split("|") for line in table.stdout.splitlines() if line.startswith("| ")]
    to_base = {row[1].strip(): row[-2].strip() for row in rows}
    assert [*to_base][2:] == ["paper", "ema", "flips"]  # after the head and the rule
    assert to_base["paper"] == ""
    assert "[" in to_base["flips"]
    assert "batch 2 or batch 2, flipped and rotated" in table.stdout
    assert "moving average of the weights (0.995)" in table.stdout


@pytest.mark.slow
def test_killed_run_goes_on_from_the_last_epoch_that_was_saved(
    command: Command, tmp_path: Path
) -> None:
    arguments = (*TINY, "trainer.max_epochs=30", "trainer.checkpoint_epochs=7")
    assert command(*arguments, "output_dir=whole").returncode == 0
    (folder,) = run_record.find(tmp_path / "whole")
    last = tmp_path / "killed" / folder.relative_to(tmp_path / "whole") / "checkpoints/last.ckpt"
    kill_once_there(tmp_path, last, *arguments, "output_dir=killed", delay_s=0.1)
    assert torch.load(last, weights_only=True)["epoch"] in (6, 13, 20, 27)  # counted from 0
    ended = command(*arguments, "output_dir=killed")
    assert "goes on after epoch" in ended.stdout
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


def test_best_checkpoint_of_an_epoch_that_is_trained_again_is_not_kept(
    command: Command, tmp_path: Path
) -> None:
    """On a GPU the second time may differ, so that no epoch replaces it."""
    arguments = (*TINY, "trainer.max_epochs=30", "trainer.checkpoint_epochs=7", "optimizer.lr=0.3")
    assert command(*arguments, "output_dir=whole").returncode == 0
    (folder,) = run_record.find(tmp_path / "whole")
    assert record(folder)["history"][-1]["val_psnr"] < record(folder)["metrics"]["max_val_psnr"]
    checkpoints = tmp_path / "killed" / folder.relative_to(tmp_path / "whole") / "checkpoints"
    kept = checkpoints / "best_before.ckpt"
    kill_once_there(tmp_path, kept, *arguments, "output_dir=killed", delay_s=0.1)
    later = torch.load(checkpoints / "best.ckpt", weights_only=True)
    weights = {name: torch.zeros_like(weight) for name, weight in later["state_dict"].items()}
    (checkpoints / "best.ckpt").unlink()  # it may be the same file under two names
    torch.save({**later, "epoch": 98, "state_dict": weights}, checkpoints / "best.ckpt")
    assert command(*arguments, "output_dir=killed").returncode == 0
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")
    assert not kept.exists()
