"""A network of several scales: its batches, its records, and its use."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from conftest import Command
from kills import LEAVES, kill_once_there, record
from PIL import Image

from srcnn_lightning import run_record
from srcnn_lightning.data.module import SuperResolutionData

MDSR = (
    *(*LEAVES, "data.target_size=48", "data.crop=50", "model=mdsr", "model.blocks=1"),
    *("model.features=4", "degradation.scale=[2,3,4]", "data.patch_size=24", "data.batch_size=2"),
    "data.steps_per_epoch=12",
)


def data_of(folder: Path, seed: int = 0) -> SuperResolutionData:
    data = SuperResolutionData(
        scale=[2, 3, 4], count=5, crop=50, target_size=None, patch_size=24, batch_size=2,
        steps_per_epoch=60, seed=seed, cache_dir=str(folder),
    )  # fmt: skip
    data.prepare()
    return data


def scales_of(data: SuperResolutionData, epoch: int) -> list[int]:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
    scales = []
    for lr, hr in loader:
        assert hr.shape == (2, 3, 24, 24)
        scales.append(24 // lr.shape[-1])
    return scales


def test_batch_has_one_scale_that_seed_epoch_and_step_decide(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    first = scales_of(data, 0)
    assert scales_of(data_of(tmp_path), 0) == first
    assert scales_of(data, 1) != first
    assert scales_of(data_of(tmp_path, seed=1), 0) != first
    counts = Counter(scales_of(data, 2) + scales_of(data, 3))
    # Of 120 draws, 40 of each on average, with a standard deviation of 5.
    assert set(counts) == {2, 3, 4}
    assert all(20 < count < 60 for count in counts.values())


def test_validation_has_every_image_by_every_scale(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    shapes = [tuple(hr.shape[-2:]) for _, hr in data.val_dataloader() for _ in hr]
    assert shapes == [(50, 50), (48, 48), (48, 48)]  # 50 pixels are no multiple of 3 and 4
    for scale, side in ((2, 50), (3, 48), (4, 48)):
        data.test_scale = scale
        for lr, hr, _ in data.test_dataloader():
            assert (lr.shape[-1], hr.shape[-1]) == (side // scale, side)


@pytest.mark.slow
def test_each_scale_has_a_record_and_a_row_beside_runs_of_one_scale(
    command: Command, tmp_path: Path
) -> None:
    done = command(*MDSR, "trainer.max_epochs=2")
    assert (done.returncode, done.stderr) == (0, "")
    whole, *folders = run_record.find(tmp_path / "outputs")
    assert [folder.name for folder in folders] == ["x2", "x3", "x4"]
    run, by_scale = record(whole), [record(folder) for folder in folders]
    for name in ("test_psnr", "test_loss", "test_ssim"):
        mean = sum(one["metrics"][name] for one in by_scale) / 3
        assert run["metrics"][name] == pytest.approx(mean)
    for number, scale in enumerate((2, 3, 4)):
        one = by_scale[number]
        assert one["config"]["degradation"]["scale"] == scale
        epochs = [epoch[f"val_psnr_x{scale}"] for epoch in run["history"]]
        assert [epoch["val_psnr"] for epoch in one["history"]] == epochs
        assert one["metrics"]["max_val_psnr"] == max(epochs)
        names = {path.name for path in (folders[number] / "pictures").iterdir()}
        assert names == {f"{image['name']}.png" for image in one["per_image"]}
    # One validation image: its PSNR over the scales is the mean of theirs.
    last = run["history"][-1]
    mean = sum(last[f"val_psnr_x{scale}"] for scale in (2, 3, 4)) / 3
    assert last["val_psnr"] == pytest.approx(mean)
    single = (*LEAVES, "data.target_size=48", "data.crop=50", "model=bicubic", "experiment_name=b")
    for scale in (2, 3, 4):
        assert command(*single, f"degradation.scale={scale}").returncode == 0
    baselines = [record(path) for path in run_record.find(tmp_path / "outputs/b")]
    assert [one["test_images"] for one in baselines] == [one["test_images"] for one in by_scale]
    table = command("table").stdout
    for scale in (2, 3, 4):
        title = f"**single, dead_leaves, antialiased x{scale}, 2 epochs**"
        assert table.count(title) == 1
        row = next(line for line in table.partition(title)[2].splitlines() if "MDSR" in line)
        test_psnr = by_scale[scale - 2]["metrics"]["test_psnr"]
        gain = test_psnr - baselines[scale - 2]["metrics"]["test_psnr"]
        assert f"{test_psnr:.3f}" in row
        assert f"{gain:+.3f}" in row
    again = command(*MDSR, "trainer.max_epochs=2")
    assert "skipped" in again.stdout
    copied = command(*MDSR, "trainer.max_epochs=2", "experiment_name=other")
    assert "copied from there" in copied.stdout
    for copy in run_record.find(tmp_path / "outputs/other"):
        assert run_record.load(copy).same_as
    _, *copies = run_record.find(tmp_path / "outputs/other")
    assert [record(one)["experiment"] for one in copies] == ["other"] * 3
    assert [record(one)["metrics"] for one in copies] == [one["metrics"] for one in by_scale]


def test_longer_run_has_no_rows_of_fewer_epochs_until_it_ends(
    command: Command, tmp_path: Path
) -> None:
    assert command(*MDSR, "trainer.max_epochs=1").returncode == 0
    done = command(*MDSR, "trainer.max_epochs=2")
    assert "goes on after epoch 1" in done.stdout
    whole = next(run_record.find(tmp_path / "outputs"))
    assert {record(one)["epochs"] for one in run_record.find(tmp_path / "outputs")} == {2}
    assert len(list(whole.rglob("metrics-1-epochs.json"))) == 4


def test_images_are_prepared_by_every_scale(command: Command, tmp_path: Path) -> None:
    done = command(*MDSR, "prepare_only=true")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "data/cache").glob("*.npy"))) == 4  # targets, and three inputs


@pytest.mark.slow
def test_kill_leaves_no_trace(command: Command, tmp_path: Path) -> None:
    arguments = (*MDSR, "trainer.max_epochs=15")
    assert command(*arguments, "output_dir=whole").returncode == 0
    folder = next(run_record.find(tmp_path / "whole"))
    last = tmp_path / "killed" / folder.relative_to(tmp_path / "whole") / "checkpoints/last.ckpt"
    kill_once_there(tmp_path, last, *arguments, "output_dir=killed", delay_s=0.1)
    ended = command(*arguments, "output_dir=killed")
    assert "goes on after epoch" in ended.stdout
    records = [
        [record(one) for one in run_record.find(tmp_path / name)] for name in ("whole", "killed")
    ]
    for whole, killed in zip(*records, strict=True):
        assert whole["metrics"] == killed["metrics"]
        assert whole["history"] == killed["history"]
        assert whole["per_image"] == killed["per_image"]
    checkpoints = [
        torch.load(
            tmp_path / name / folder.relative_to(tmp_path / "whole") / "checkpoints/last.ckpt",
            weights_only=True,
        )
        for name in ("whole", "killed")
    ]
    for key, value in checkpoints[0]["state_dict"].items():
        assert torch.equal(value, checkpoints[1]["state_dict"][key]), key


def test_upscale_asks_for_one_of_the_scales(command: Command, tmp_path: Path) -> None:
    assert command(*MDSR, "trainer.max_epochs=1").returncode == 0
    run = str(next(run_record.find(tmp_path / "outputs")))
    Image.new("RGB", (9, 7), "teal").save(tmp_path / "small.png")
    for chosen, sentence in (
        ((), "--scale: {} upscales by 2, 3, 4; give one of these.\n"),
        (
            ("--scale", "5"),
            "argument --scale: invalid choice: 5 (choose from 2, 3, 4); --help lists "
            "the options.\n",
        ),
    ):
        done = command("upscale", "small.png", "--model", run, *chosen)
        wanted = sentence.format(run)
        assert (done.returncode, done.stderr) == (2, wanted)
    for scale in (2, 3, 4):
        output = f"big{scale}.png"
        done = command(
            "upscale", "small.png", "--model", run, "--scale", str(scale), "--output", output
        )
        assert (done.returncode, done.stderr) == (0, "")
        with Image.open(tmp_path / output) as image:
            assert image.size == (9 * scale, 7 * scale)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("degradation.scale=2",), "degradation.scale=2: mdsr is for several scales; give a list"),
        (("degradation.scale=[2]",), "degradation.scale=[2]: a list must have several scales"),
        (("degradation.scale=[2,2]",), "degradation.scale=[2, 2]: its scales must rise, as in"),
        (("degradation.scale=[3,2]",), "degradation.scale=[3, 2]: its scales must rise, as in"),
        (("degradation.scale=[2,x]",), "degradation.scale=[2, 'x']: each must be a whole number"),
        (("degradation.scale=[2,5]", "data.patch_size=20"), "degradation.scale=[2, 5]: mdsr has"),
        (("data.patch_size=16",), "data.patch_size=16: it must be a multiple of degradation.scale"),
        (("trainer.compile=true",), "trainer.compile=true: a network of several scales does not"),
        (("trainer.devices=2",), "trainer.devices=2: a network of several scales does not take"),
        (("trainer.limit_val_batches=1",), "trainer.limit_val_batches=1: a network of several"),
        (
            ("task=srgan", "task.pretrain_epochs=0", "data.patch_size=36"),
            "task=srgan: a network of several scales does not take it",
        ),
    ],
)
def test_what_several_scales_cannot_take_is_refused(
    arguments: tuple[str, ...], sentence: str, command: Command, tmp_path: Path
) -> None:
    done = command(*MDSR, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
    assert not list(run_record.find(tmp_path))


def test_network_of_one_scale_refuses_a_list(command: Command) -> None:
    done = command(*LEAVES, "degradation.scale=[2,4]")
    sentence = "degradation.scale=[2,4]: srcnn upscales by one scale; give one, or a network of"
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith(sentence)
