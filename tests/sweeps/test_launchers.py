"""Sweeps in several processes: the same records, one sentence for what is wrong, no orphans."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from commands import start_fresh
from composed_plan import compose_plan
from conftest import TINY, Command
from own_network import FAILS, write_network

from srcnn_lightning import hardware
from srcnn_lightning.runs import gpu_slots

LEAVES = ("data=dead_leaves", *TINY, "logger=none")
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
TOLD_APART = ("metrics", "history", "per_image")


def records(folder: Path) -> dict[str, dict]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.rglob("metrics.json")}


@pytest.mark.slow
def test_joblib_gives_the_records_of_one_process(fresh_command: Command, tmp_path: Path) -> None:
    sweep = (*LEAVES, "trainer.threads=1", "-m", "seed=0,1")
    assert fresh_command(*sweep, "output_dir=one").returncode == 0
    result = fresh_command(*sweep, *JOBLIB, "output_dir=two")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "2 jobs: 2 finished" in result.stdout
    one, two = records(tmp_path / "one"), records(tmp_path / "two")
    assert one.keys() == two.keys() == {"seed=0", "seed=1"}
    for name in one:
        assert all(one[name][key] == two[name][key] for key in TOLD_APART)


@pytest.mark.slow
def test_failed_job_does_not_stop_the_others_that_share_the_threads(
    fresh_command: Command, tmp_path: Path
) -> None:
    mine = write_network(tmp_path, FAILS)
    result = fresh_command(*LEAVES, "-m", *mine, "+model.width=13,4", *JOBLIB)
    assert result.returncode == 1
    assert "2 jobs: 1 finished, 1 failed" in result.stdout
    assert len(result.stderr.splitlines()) == 1
    found = records(tmp_path).values()
    assert {one["config"]["trainer"]["threads"] for one in found} == {
        hardware.thread_count(None, 2)
    }


@pytest.mark.slow
def test_bad_input_of_a_worker_is_one_sentence(fresh_command: Command) -> None:
    result = fresh_command(*LEAVES, *JOBLIB, "-m", "init_from=nothing,nowhere")
    assert result.returncode == 2
    sentence = r"init_from=(\w+): there is no \1; give a run's folder or a checkpoint's path\.\n"
    assert re.fullmatch(sentence, result.stderr)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("hydra.launcher.n_jobs=0", "hydra.launcher.n_jobs=0: it must be a whole number"),
        ("hydra.launcher.n_jobs=abc", "hydra.launcher.n_jobs=abc: it must be a whole number"),
    ],
)
def test_bad_setting_of_a_launcher(setting: str, words: str, fresh_command: Command) -> None:
    result = fresh_command(*LEAVES, "hydra/launcher=joblib", setting, "-m", "seed=0,1")
    assert result.returncode == 2
    assert result.stderr.startswith(words)
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("choice", "package", "extra"),
    [
        ("hydra/launcher=joblib", "hydra_joblib_launcher", "joblib"),
        ("hydra/launcher=submitit_local", "hydra_submitit_launcher", "submitit"),
        ("hydra/sweeper=optuna", "hydra_optuna_sweeper", "optuna"),
    ],
)
def test_missing_extra(
    choice: str, package: str, extra: str, fresh_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import pkgutil, sys\n"
        f"hidden = 'hydra_plugins.{package}'\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith(hidden): raise ImportError(name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "listed = pkgutil.iter_modules\n"
        "def iter_modules(*given):\n"
        "    return (one for one in listed(*given) if not one.name.startswith(hidden))\n"
        "pkgutil.iter_modules = iter_modules\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = fresh_command(*LEAVES, choice, "-m", PYTHONPATH=path)
    assert result.returncode == 2
    advice = f"{choice}: it needs the extra, pip install 'srcnn-lightning[{extra}]'.\n"
    assert result.stderr == advice


def test_slurm_composes(fresh_command: Command) -> None:
    result = fresh_command("hydra/launcher=submitit_slurm", "--cfg", "all", "--resolve")
    assert result.returncode == 0, result.stderr
    assert "max_num_timeout: 20" in result.stdout
    assert re.search(r"outputs/.state/submitit/\w{16}/%j", result.stdout)


@pytest.mark.slow
def test_optuna_maximizes_within_bounds(fresh_command: Command, tmp_path: Path) -> None:
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "experiment_name=lr_search", "-m")
    result = fresh_command(*LEAVES, *search)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    found = records(tmp_path / "outputs").values()
    rates = [one["config"]["optimizer"]["lr"] for one in found]
    assert len(rates) == 3
    assert all(1e-5 <= rate <= 1e-1 for rate in rates)
    (best,) = (tmp_path / "outputs/.state").rglob("optimization_results.yaml")
    highest = max(one["metrics"]["max_val_psnr"] for one in found)
    value = re.search(r"best_value: (\S+)", best.read_text())
    assert value is not None
    assert float(value[1]) == pytest.approx(highest)


@pytest.mark.parametrize(
    ("victim", "number", "status"),
    [
        ("main", signal.SIGTERM, 143),
        ("group", signal.SIGINT, 130),
        ("worker", signal.SIGKILL, 1),
    ],
)
@pytest.mark.slow
def test_end_of_a_sweep_leaves_no_orphans(
    victim: str, number: int, status: int, tmp_path: Path
) -> None:
    sweep = ("trainer.max_epochs=100000", "trainer.threads=1", "-m", "seed=0,1,2", *JOBLIB)
    process = subprocess.Popen(
        [sys.executable, "-m", "srcnn_lightning", *LEAVES, *sweep],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 90
        while len(list(tmp_path.rglob("last.ckpt"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        started = time.monotonic()
        if victim == "group":
            os.killpg(process.pid, number)
        else:
            workers = [pid for pid, words in session(process.pid) if "popen_loky" in words]
            os.kill(process.pid if victim == "main" else workers[0], number)
        _, stderr = process.communicate(timeout=30)
        assert process.returncode == status
        assert len(stderr.splitlines()) == 1, stderr
        while session(process.pid):
            assert time.monotonic() - started < 5, session(process.pid)
            time.sleep(0.1)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def session(number: int) -> list[tuple[int, str]]:
    """Processes of a session that are alive, with their commands."""
    columns = ["ps", "-A", "-ww", "-o", "pid=,pgid=,stat=,args="]
    listed = subprocess.run(columns, capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    return [(int(r[0]), r[3]) for r in rows if r[1] == str(number) and not r[2].startswith("Z")]


@pytest.mark.slow
def test_submitit_runs_the_grid(fresh_command: Command, tmp_path: Path) -> None:
    result = fresh_command(*LEAVES, "+experiment=lr_grid", "hydra/launcher=submitit_local", "-m")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "5 jobs: 5 finished" in result.stdout
    found = records(tmp_path / "outputs/lr_grid")
    assert len(found) == 5
    assert {one["config"]["trainer"]["threads"] for one in found.values()} == {1}
    assert list((tmp_path / "outputs/.state/submitit").rglob("*.out"))


@pytest.mark.slow
def test_job_of_submitit_that_is_told_to_stop_goes_on(tmp_path: Path) -> None:
    """As Slurm tells a job before its time limit."""
    arguments = ("trainer.max_epochs=400", "trainer.threads=1", "-m", "seed=0")
    sweep = (*LEAVES, "hydra/launcher=submitit_local", *arguments)
    process = start_fresh(tmp_path, *sweep)
    deadline = time.monotonic() + 90
    while not list(tmp_path.rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.1)
    jobs = ["pgrep", "--full", f"submitit.core._submit {tmp_path}"]
    listed = subprocess.run(jobs, capture_output=True, text=True, check=True).stdout
    os.kill(int(listed.split()[-1]), signal.SIGUSR2)
    stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 0, stdout + stderr
    assert stderr == ""
    assert stdout.splitlines()[-1] == "1 job: 1 finished"
    (found,) = records(tmp_path).values()
    assert 0 < found["resumed_after"] < 400


def test_gpus_are_dealt_round_robin(tmp_path: Path) -> None:
    """Two GPUs, two runs each: four processes hold one slot each, a fifth waits for one of them."""
    code = (
        "import sys, time\n"
        "from srcnn_lightning.runs import gpu_slots\n"
        "with gpu_slots.acquire_slot(['a', 'b'], 2, 'run') as index:\n"
        "    print('took', index, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    processes, taken = [], []
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        taken.append(process.stdout.readline().strip())
    assert taken == [
        "took 0",
        "took 1",
        "took 0",
        "took 1",
        "run: waiting for a GPU, trainer.jobs_per_gpu=2",
    ]
    processes[1].kill()  # the system frees what it held
    processes[1].wait()
    assert processes[4].stdout.readline().strip() == "took 1"
    for process in processes:
        process.kill()
        process.communicate()


def test_cpu_run_takes_no_gpu(tmp_path: Path) -> None:
    trainer = compose_plan(tmp_path, "data.count=10").config.trainer
    with gpu_slots.acquire_gpu(trainer, "run") as gpu:
        assert gpu is None
