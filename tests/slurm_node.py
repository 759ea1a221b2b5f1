"""A Slurm of one node on loopback, whose files lie in one folder: real daemons, no accounting."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "mungekey", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "sinfo")
CPUS = 2
# What a sweep needs to run there.
LAUNCHER = (
    "hydra/launcher=submitit_slurm",
    "hydra.launcher.partition=low",
    "hydra.launcher.gpus_per_node=0",
    "hydra.launcher.mem_gb=2",
    "hydra.launcher.cpus_per_task=1",
)
# `low` can be preempted by `high`: its job is told, and requeued after the grace time.
CONFIGURATION = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=1,sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
EnforcePartLimits=ALL
MaxArraySize=6
ReturnToService=2
SlurmdTimeout=5
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 GraceTime=3 MaxTime=INFINITE
PartitionName=high Nodes=ALL PriorityTier=10 MaxTime=INFINITE
PartitionName=closed Nodes=ALL AllowAccounts=physics MaxTime=60
"""


def why_not() -> str | None:
    """Why no Slurm can be started here; None where it can."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"Slurm is not installed: no {', '.join(missing)} (apt-get install slurm-wlm munge)"
    if os.geteuid() != 0:
        return "Slurm's daemons are started as root here"
    return None


@contextmanager
def start() -> Iterator["Slurm"]:
    """A Slurm that ends with the context."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # munged wants its socket's folder to be open to all
        slurm = Slurm(folder)
        try:
            slurm.start()
            yield slurm
        finally:
            slurm.end()


class Slurm:
    """One node with two partitions, `low` (the default) and `high`, which preempts `low`.

    Attributes:
        folder: folder of all files of the daemons.
        environment: what commands need in their environment to find this Slurm.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._processes: dict[str, subprocess.Popen] = {}

    def jobs(self, state: str) -> list[str]:
        """Ids of the jobs in a state that Slurm remembers, in the order of the sweeps and jobs."""
        return self.ask("squeue", "-h", "-r", "-t", state, "-S", "i", "-o", "%i").splitlines()

    def start(self) -> None:
        """Start the daemons and wait until the node is idle."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        ports = _free_ports(2)
        configuration = CONFIGURATION.format(
            host=socket.gethostname(),
            folder=self.folder,
            controller_port=ports[0],
            node_port=ports[1],
            cpus=CPUS,
        )
        (self.folder / "slurm.conf").write_text(configuration)
        key = self.folder / "munge.key"
        subprocess.run(["mungekey", "--create", f"--keyfile={key}"], check=True)
        self._start(
            "munged",
            "--foreground",
            f"--key-file={key}",
            f"--socket={self.folder}/munge.socket",
            f"--pid-file={self.folder}/munged.pid",
            f"--seed-file={self.folder}/munge.seed",
            f"--log-file={self.folder}/munged.log",
        )
        self.wait((self.folder / "munge.socket").exists, "munged listens")
        self._start("slurmctld", "-D")
        self.start_node()
        self.wait_for_node()

    def start_node(self) -> None:
        """Start the node's daemon."""
        self._start("slurmd", "-D")

    def kill_node(self) -> None:
        """Kill the node's daemon, as a crash would; what it has started goes on."""
        process = self._processes.pop("slurmd")
        process.kill()
        process.wait()

    def ask(self, *command: str) -> str:
        """The output of one of Slurm's commands."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def cancel_jobs(self) -> None:
        """Cancel all jobs and wait until the node is idle."""
        self.ask("scancel", "--user=root")
        self.wait(lambda: self.ask("squeue", "-h") == "", "no job is left")
        self.wait_for_node()

    def wait_for_node(self) -> None:
        """Wait until the node takes jobs and has none."""
        self.wait(lambda: self.ask("sinfo", "-h", "-o", "%T", "-p", "low") == "idle", "it is idle")

    def wait(self, is_so: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Wait for a condition; after `seconds` the test fails with the daemons' last lines."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                logs = [path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log"))]
                raise TimeoutError(
                    f"after {seconds} s it is not so that {what}\n" + "\n".join(logs)
                )
            time.sleep(0.1)

    def end(self) -> None:
        """End all jobs, then the daemons."""
        self.ask("scancel", "--user=root")
        for name in reversed(list(self._processes)):
            process = self._processes.pop(name)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("a") as output:
            self._processes[command[0]] = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
