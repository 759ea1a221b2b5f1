"""Loggers beside TensorBoard's: real files of CSV, of MLflow and of Weights & Biases."""

import csv
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import run, run_fresh
from conftest import TINY
from kills import curve, kill_once_there, record
from mlflow import MlflowClient
from wandb.proto.wandb_internal_pb2 import Record

ALL = ("logger=[tensorboard,csv,mlflow,wandb]", "logger.wandb.offline=true")
SETTINGS = ("data=dead_leaves", *TINY, "trainer.threads=1", *ALL)
BLOCK = 2**15
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # MLflow's


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs, gone on with to four, and its copy in another experiment."""
    folder = tmp_path_factory.mktemp("logged")
    for settings in (
        ("trainer.max_epochs=2",),
        ("trainer.max_epochs=4",),
        ("trainer.max_epochs=4", "experiment_name=again"),
    ):
        done = run(folder, *SETTINGS, *settings)
        assert done.returncode == 0, done.stderr
        assert not done.stderr  # neither a warning nor a message of a logger's
    return folder / "outputs"


def run_folder(outputs: Path, experiment: str = "single") -> Path:
    (found,) = outputs.glob(f"{experiment}/*/srcnn")
    return found


def history(folder: Path) -> list[float]:
    return [epoch["val_psnr"] for epoch in record(folder)["history"]]


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ["single", "again"])
def test_csv_has_each_epoch_once_and_the_results(outputs: Path, experiment: str) -> None:
    folder = run_folder(outputs, experiment)
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    epochs = [row for row in rows if row["epoch/val_psnr"]]
    assert [row["step"] for row in epochs] == ["1", "2", "3", "4"]
    assert [float(row["epoch/val_psnr"]) for row in epochs] == history(folder)
    (last,) = (row for row in rows if row["final/test_psnr"])
    assert float(last["final/test_psnr"]) == record(folder)["metrics"]["test_psnr"]


@pytest.mark.slow
def test_tensorboard_has_the_same_curve_beside_others(outputs: Path) -> None:
    folder = run_folder(outputs)
    assert [value for _, value in curve(folder)] == pytest.approx(history(folder))


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ["single", "again"])
def test_mlflow_has_one_run_with_curve_settings_and_results(outputs: Path, experiment: str) -> None:
    folder = run_folder(outputs, experiment)
    client = MlflowClient(f"sqlite:///{outputs / 'mlflow.db'}")
    found = client.get_experiment_by_name(experiment)
    (logged,) = client.search_runs([found.experiment_id])
    assert (logged.info.run_name, logged.info.status) == ("srcnn", "FINISHED")
    assert logged.data.params["optimizer/lr"] == "0.001"
    assert logged.data.metrics["final/test_psnr"] == record(folder)["metrics"]["test_psnr"]
    measured = client.get_metric_history(logged.info.run_id, "epoch/val_psnr")
    assert [(one.step, one.value) for one in measured] == [*enumerate(history(folder), 1)]


@pytest.mark.slow
def test_weights_and_biases_goes_on_with_the_same_run(outputs: Path) -> None:
    folder = run_folder(outputs)
    processes = sorted((folder / "wandb").glob("offline-run-*"))
    assert len(processes) == 2
    assert len({one.name.rpartition("-")[2] for one in processes}) == 1
    logged, settings = [], {}
    for process in processes:
        (file,) = process.glob("*.wandb")
        for one in wandb_records(file):
            settings |= {item.key: item.value_json for item in one.run.config.update}
            settings |= {item.key: item.value_json for item in one.config.update}
            for item in one.history.item:
                if [item.key, *item.nested_key][-1] == "epoch/val_psnr":
                    logged.append(float(item.value_json))
    assert logged == pytest.approx(history(folder))
    assert (
        len([*folder.glob("wandb/offline-run-*/files/media/images/val/*.png")]) == 2 * 4
    )  # images, epochs
    assert '"lr":0.001' in settings["optimizer"]


@pytest.mark.slow
def test_failed_run_leaves_the_next_of_the_sweep_a_logger_of_its_own(tmp_path: Path) -> None:
    # The first job fails in its training.
    network = tmp_path / "failing.py"
    network.write_text(
        "from torch import nn\n"
        "class Failing(nn.Module):\n"
        "    def __init__(self, fails: bool):\n"
        "        super().__init__()\n"
        "        self.fails, self.layer = fails, nn.Conv2d(3, 12, 1)\n"
        "    def forward(self, images):\n"
        "        if self.fails and self.training:\n"
        "            raise RuntimeError('as planned')\n"
        "        return nn.functional.pixel_shuffle(self.layer(images), 2)\n"
    )
    own = ("model=custom", "model._target_=failing.Failing", "+model.fails=true,false", "-m")
    done = run(tmp_path, *SETTINGS, *own)
    assert done.returncode == 1
    folders = sorted(path.parent for path in tmp_path.rglob("logger_runs.json"))
    assert len({path.joinpath("logger_runs.json").read_text() for path in folders}) == 2
    found = MlflowClient(f"sqlite:///{tmp_path / 'outputs/mlflow.db'}")
    states = {one.info.run_name: one.info.status for one in found.search_runs(["1"])}
    assert sorted(states.values()) == ["FAILED", "FINISHED"]


def test_logger_that_cannot_start_is_a_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, *SETTINGS, "+logger.wandb.nonsense=3")
    assert done.returncode == 2
    assert done.stderr.startswith("logger.wandb: it cannot start (")
    assert "nonsense" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not [*tmp_path.rglob("metrics.json")]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("logger.mlflow.tracking_uri=foo://bar", "logger.mlflow: it cannot start ("),
        ("+logger.own._target_=pathlib.Path", "logger.own._target_=pathlib.Path: it is no logger"),
    ],
)
def test_logger_that_is_none_is_a_sentence(setting: str, words: str, tmp_path: Path) -> None:
    done = run(tmp_path, "data=dead_leaves", *TINY, "logger=mlflow", setting)
    assert done.returncode == 2
    assert done.stderr.startswith(words)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_killed_run_has_each_epoch_once(tmp_path: Path) -> None:
    """It has logged epochs beyond the checkpoint that it goes on from."""
    run_csv = ("data=dead_leaves", *TINY, "logger=csv", "trainer.max_epochs=60")
    every = ("trainer.checkpoint_epochs=20", "+logger.csv.flush_logs_every_n_steps=1")
    folder = tmp_path / "outputs/single/dead_leaves-antialiased-x2/srcnn"
    kill_once_there(tmp_path, folder / "checkpoints/last.ckpt", *run_csv, *every, delay_s=0.1)
    assert "goes on after epoch" in run(tmp_path, *run_csv, *every).stdout
    with (folder / "metrics.csv").open(newline="") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["epoch/val_psnr"]]
    assert steps == [*range(1, 61)]


@pytest.mark.slow
def test_run_whose_store_is_gone_begins_there_anew(tmp_path: Path) -> None:
    run_mlflow = ("data=dead_leaves", *TINY, "logger=mlflow")
    assert run(tmp_path, *run_mlflow).returncode == 0
    (tmp_path / "outputs/mlflow.db").unlink()
    done = run(tmp_path, *run_mlflow, "trainer.max_epochs=2")
    assert "goes on after epoch 1" in done.stdout, done.stderr
    client = MlflowClient(f"sqlite:///{tmp_path / 'outputs/mlflow.db'}")
    (logged,) = client.search_runs(["1"])
    assert logged.data.params["trainer/max_epochs"] == "2"


@pytest.mark.slow
def test_jobs_side_by_side_share_a_new_store(tmp_path: Path) -> None:
    side_by_side = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "trainer.threads=1", "-m")
    done = run_fresh(
        tmp_path, "data=dead_leaves", *TINY, "logger=mlflow", "seed=0,1,2,3", *side_by_side
    )
    assert done.returncode == 0, done.stderr
    client = MlflowClient(f"sqlite:///{tmp_path / 'outputs/mlflow.db'}")
    assert {one.info.status for one in client.search_runs(["1"])} == {"FINISHED"}
    assert len(client.search_runs(["1"])) == 4


def wandb_records(file: Path) -> Iterator[Record]:
    """The records of an offline run: LevelDB's format of logs, blocks of 32 KiB with protobuf."""
    content, place, parts = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:  # no head fits into the rest of the block
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(parts)
            parts = b""
