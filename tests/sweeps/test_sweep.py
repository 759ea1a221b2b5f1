"""Sweeps: their table, what fails in them, and that no job knows of another."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import start
from conftest import Command
from kills import LEAVES, TOLD_APART, curve, record, records
from own_network import FAILS, write_network

KIND = "dead_leaves-antialiased-x2"


def test_sweep_ends_with_a_table_of_what_became_of_each_job(
    command: Command, tmp_path: Path
) -> None:
    rates = "optimizer.lr=1e-3,1e30"
    first = command(*LEAVES, "-m", rates)
    assert first.returncode == 0, first.stderr
    assert first.stdout.endswith("2 jobs: 1 finished, 1 diverged\n")
    second = command(*LEAVES, "-m", "optimizer.lr=1e-3,1e30,1e-4")
    assert second.stdout.endswith("3 jobs: 1 finished, 2 skipped\n")
    rows = [line.split() for line in second.stdout.splitlines()[-4:-1]]
    assert [row[:3] for row in rows] == [
        [str(number), f"single/{KIND}/{name}", status]
        for number, name, status in (
            (1, "lr=0.001", "skipped"),
            (2, "lr=1e+30", "skipped"),
            (3, "lr=0.0001", "finished"),
        )
    ]
    psnr = record(tmp_path / f"outputs/single/{KIND}/lr=0.0001")["metrics"]["max_val_psnr"]
    assert rows[2][3:5] == [f"{psnr:.3f}", "dB"]
    assert "job 3 of 3, lr=0.0001: epoch 1 of 1, best val" in second.stdout
    assert not list((tmp_path / "outputs/.state/sweeps").iterdir())


def test_failed_job_does_not_stop_the_others(command: Command, tmp_path: Path) -> None:
    arguments = (*write_network(tmp_path, FAILS), "+model.width=13,4", "-m")
    result = command(*LEAVES, *arguments)
    assert result.returncode == 1
    assert "2 jobs: 1 finished, 1 failed" in result.stdout
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    found = records(tmp_path / "outputs")
    failed = next(run for run in found if "width=13" in run)
    assert found[failed]["status"] == "failed"
    assert "thirteen" in found[failed]["error"]
    assert "thirteen" in (tmp_path / "outputs" / failed / "traceback.txt").read_text()
    write_network(tmp_path, FAILS.replace("13", "-1"))
    mended = command(*LEAVES, *arguments)
    assert mended.stdout.endswith("2 jobs: 1 finished, 1 skipped\n")
    assert not (tmp_path / "outputs" / failed / "traceback.txt").exists()


def test_network_that_leaves_is_a_failed_job(command: Command, tmp_path: Path) -> None:
    mine = write_network(tmp_path, FAILS.replace("raise RuntimeError('thirteen')", "exit(0)"))
    result = command(*LEAVES, *mine, "+model.width=13,4", "-m")
    assert result.returncode == 1
    assert "2 jobs: 1 finished, 1 failed" in result.stdout
    assert "SystemExit" in result.stdout


def test_stopped_sweep_says_which_job_was_under_way(tmp_path: Path) -> None:
    process = start(tmp_path, *LEAVES, "trainer.max_epochs=100000", "-m", "seed=3,4")
    last = tmp_path / f"outputs/single/{KIND}/seed=3/checkpoints/last.ckpt"
    deadline = time.monotonic() + 60
    while not last.is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate()
    assert stdout.endswith("2 jobs: 1 stopped, 1 not run\n")
    assert f"1    single/{KIND}/seed=3  stopped" in stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["optimizer.lr=1e-3,1e-4,-1"],
            "optimizer.lr=-1: it must be a number above 0, and finite.",
        ),
        (
            ["+experiment=tanh", "+variant=base"],
            "model.output_activation=tanh: variant=base sets model.output_activation=none, and "
            "its row must be what its name says; leave this override out, or run without a "
            "variant.",
        ),
        (
            ["trainer.devices=1,2"],
            "trainer.devices=2: a sweep trains each run in one process; leave trainer=ddp out, or "
            "give the settings of one run without -m and +experiment.",
        ),
    ],
)
def test_bad_setting_of_a_later_job_is_refused_before_the_first(
    arguments: list[str], sentence: str, command: Command, tmp_path: Path
) -> None:
    result = command(*LEAVES, *arguments, "-m")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"{sentence}\n")
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == [".state"]
    assert not list((tmp_path / "outputs/.state/sweeps").iterdir())


def test_glob_is_the_list_of_a_groups_options(command: Command, tmp_path: Path) -> None:
    arguments = ("degradation=glob(*aliased)", "model=glob(b*)", "-m")
    globbed = command(*LEAVES, *arguments)
    assert globbed.returncode == 0, globbed.stderr
    assert globbed.stderr == ""
    assert globbed.stdout.endswith("4 jobs: 4 finished\n")
    typed = command(*LEAVES, "degradation=aliased,antialiased", "model=bicubic,bilinear", "-m")
    assert typed.stdout.endswith("4 jobs: 4 skipped\n")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.batch_size=glob(*)", "it gives no value, so the sweep has no job"),
        ("model=glob(x*)", "it gives no value, so the sweep has no job"),
        ("seed=range(3,1)", "it gives no value, so the sweep has no job"),
        ("optimizer.lr=interval(1e-4,1e-2)", "a sweep of all values needs a list of them"),
    ],
)
def test_sweep_without_a_list_of_values_is_refused(
    override: str, words: str, command: Command, tmp_path: Path
) -> None:
    result = command(*LEAVES, override, "-m")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{override}: {words}")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_sweep_of_an_experiment_that_cannot_be_read_is_one_sentence(
    command: Command, tmp_path: Path
) -> None:
    experiment = tmp_path / "own/experiment/empty.yaml"
    experiment.parent.mkdir(parents=True)
    experiment.write_text(
        "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: choice()}}}\n"
    )
    result = command(*LEAVES, "--config-dir", "own", "+experiment=empty")
    assert result.returncode == 2
    assert result.stderr.startswith("The command line cannot be understood: ")
    assert len(result.stderr.splitlines()) == 1


def test_paths_stay_those_of_the_commands_folder(command: Command, tmp_path: Path) -> None:
    places = ("output_dir=rel", "data.cache_dir=cache", "hydra.job.chdir=true")
    result = command(*LEAVES, *places, "-m", "seed=0,1")
    assert result.returncode == 0, result.stderr
    assert [*records(tmp_path / "rel")] == [f"single/{KIND}/seed={seed}" for seed in (0, 1)]
    assert {path.name for path in tmp_path.iterdir()} == {"rel", "cache"}
    assert not list((tmp_path / "rel/.state").rglob("metrics.json"))


def test_bad_input_in_a_later_job_keeps_what_is_finished(command: Command, tmp_path: Path) -> None:
    """A file that is missing shows when its job begins."""
    result = command(*LEAVES, "-m", "init_from=null,nowhere")
    assert result.returncode == 2
    assert result.stderr.startswith("init_from=nowhere: there is no nowhere")
    assert "2 jobs: 1 finished, 1 not run" in result.stdout
    assert list(records(tmp_path / "outputs")) == [f"single/{KIND}/init_from=null"]


def test_rank_of_another_program_changes_nothing(command: Command, tmp_path: Path) -> None:
    result = command(*LEAVES, LOCAL_RANK="1", RANK="1")
    assert result.returncode == 0, result.stderr
    assert record(tmp_path / f"outputs/single/{KIND}/srcnn")["status"] == "finished"
    assert curve(tmp_path / f"outputs/single/{KIND}/srcnn")


def test_sweep_whose_folder_vanishes_goes_on(tmp_path: Path) -> None:
    process = start(tmp_path, *LEAVES, "trainer.max_epochs=30", "-m", "seed=0,1")
    sweeps = tmp_path / "outputs/.state/sweeps"
    last = tmp_path / f"outputs/single/{KIND}/seed=0/checkpoints/last.ckpt"
    deadline = time.monotonic() + 60
    while not last.is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    shutil.rmtree(sweeps)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stdout + stderr
    assert [one["status"] for one in records(tmp_path / "outputs").values()] == ["finished"] * 2


def test_error_of_a_file_elsewhere_is_a_failed_job(command: Command, tmp_path: Path) -> None:
    """Not blamed on output_dir, and the others go on."""
    source = FAILS.replace("RuntimeError('thirteen')", "PermissionError(13, 'no', '/etc/weights')")
    mine = write_network(tmp_path, source)
    result = command(*LEAVES, *mine, "+model.width=13,4", "-m")
    assert result.returncode == 1
    assert "2 jobs: 1 finished, 1 failed" in result.stdout


def test_no_state_leaks_from_job_to_job(command: Command, tmp_path: Path) -> None:
    """Alone, first and last of a sweep whose other job turns every switch there is."""
    mine = write_network(
        tmp_path,
        "import os, random, numpy\n"
        "def switches():\n"
        "    return (torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled(),\n"
        "            torch.get_float32_matmul_precision(), torch.get_default_dtype(),\n"
        "            torch.backends.mkldnn.enabled, torch.backends.cudnn.deterministic,\n"
        "            torch.backends.cudnn.benchmark, torch.get_num_threads(),\n"
        "            torch.is_anomaly_enabled(), os.environ.get('PL_GLOBAL_SEED'))\n"
        "class Net(torch.nn.Sequential):\n"
        "    def __init__(self, width=4, scale=2):\n"
        "        found = switches()\n"
        "        expected = (False, True, 'highest', torch.float32, True, False, False, 1, False,"
        " None)\n"
        "        if found != expected: raise RuntimeError(f'leaked: {found}')\n"
        "        noise = random.random() + float(numpy.random.rand())\n"
        "        super().__init__(torch.nn.Conv2d(3, 3 * scale**2, 3, padding=1),\n"
        "                         torch.nn.Dropout(0.1), torch.nn.PixelShuffle(scale))\n"
        "        self[0].bias.data.add_(noise / 100)\n"
        "        self.turns = width == 5\n"
        "    def forward(self, images):\n"
        "        if self.turns and not self.training and images.shape[0] == 2:\n"
        "            torch.set_float32_matmul_precision('medium')\n"
        "            torch.use_deterministic_algorithms(True)\n"
        "            torch.backends.mkldnn.enabled = False\n"
        "            torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = True\n"
        "            torch.autograd.set_detect_anomaly(True); torch.set_num_threads(2)\n"
        "            torch.manual_seed(99); random.seed(99); numpy.random.seed(99)\n"
        "            os.environ['PL_GLOBAL_SEED'] = '99'\n"
        "        return super().forward(images)\n",
    )
    arguments = (*LEAVES, "trainer.max_epochs=2", *mine, "-m")
    for output_dir, widths in (("alone", "4"), ("first", "4,5"), ("last", "5,4")):
        result = command(*arguments, f"+model.width={widths}", f"output_dir={output_dir}")
        assert result.returncode == 0, result.stdout + result.stderr
    name = f"single/{KIND}/model=custom,_target_=mine.Net,width=4"
    found = [record(tmp_path / folder / name) for folder in ("alone", "first", "last")]
    for key in TOLD_APART:
        assert found[0][key] == found[1][key] == found[2][key], key


def test_skipped_sweep_imports_neither_torch_nor_lightning(
    command: Command, tmp_path: Path
) -> None:
    arguments = [*LEAVES, "-m", "seed=0,1"]
    assert command(*arguments).returncode == 0
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['srcnn_lightning', *{arguments}]\n"
        "try: runpy.run_module('srcnn_lightning', run_name='__main__')\n"
        "finally: print('heavy:', {'torch', 'lightning', 'numpy'} & set(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "2 jobs: 2 skipped" in result.stdout
    assert "heavy: set()" in result.stdout


@pytest.mark.slow
def test_other_device_threads_or_precision_is_another_run(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES).returncode == 0
    folder = tmp_path / f"outputs/single/{KIND}/srcnn"
    hashes = {record(folder)["hash"]}
    for other in ("trainer.threads=2", "trainer.deterministic=true"):
        assert command(*LEAVES, other).returncode == 0
        hashes.add(record(folder)["hash"])
    assert len(hashes) == 3
    # What only names or places a run is none.
    for same in ("trainer=auto", "logger=none", "data.name=dead_leaves", "experiment_name=single"):
        assert "skipped" in command(*LEAVES, other, same).stdout, same


@pytest.mark.parametrize("threads", ["1", "2"])
def test_threads_are_taken_from_the_environment(
    threads: str, command: Command, tmp_path: Path
) -> None:
    arguments = [argument for argument in LEAVES if not argument.startswith("trainer.threads")]
    assert command(*arguments, OMP_NUM_THREADS=threads).returncode == 0
    found = record(tmp_path / f"outputs/single/{KIND}/srcnn")
    assert found["environment"]["threads"] == int(threads)
    assert found["config"]["trainer"]["threads"] == int(threads)


def test_record_says_where_it_came_from(command: Command, tmp_path: Path) -> None:
    assert command(*LEAVES).returncode == 0
    found = record(tmp_path / f"outputs/single/{KIND}/srcnn")
    environment = found["environment"]
    assert environment["device"] == "cpu"
    assert environment["precision"] == "32-true"
    assert {"torch", "lightning"} <= environment["versions"].keys()
    assert "git_commit" in environment
    json.dumps(found, allow_nan=False)
