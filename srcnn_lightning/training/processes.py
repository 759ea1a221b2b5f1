"""The processes that train one run together: the leading one starts, watches and ends the others.

Lightning can start them too. But its processes outlive a leading process that dies, it kills the
leading process without a message when another one dies, and it answers SIGTERM with a broadcast
that can wait for ever.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.pytorch import Callback, LightningModule, Trainer

from srcnn_lightning import errors, hardware

VARIABLES = (
    "MASTER_ADDR",
    "MASTER_PORT",
    "WORLD_SIZE",
    "NODE_RANK",
    "LOCAL_RANK",
    hardware.LEADER_VARIABLE,
)
SIGNAL_GRACE_S = 3.0  # for the leading process to exit after a signal
DEATH_GRACE_S = 5.0  # for the leading process to notice that another one has ended
EXIT_GRACE_S = 30.0  # for the other processes to end after the training
POLL_S = 0.5  # between two checks of whether the leading process lives


class RestoreSignalHandlers(Callback):
    """Undo Lightning's handler of SIGTERM: its broadcast in the middle of another one hangs."""

    def __init__(self) -> None:
        # The handlers of the command, or of a launcher's worker, which answers Ctrl-C differently.
        self.handlers = {
            number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the handlers again, after Lightning has set its own."""
        if trainer.is_global_zero:
            for number, handler in self.handlers.items():
                signal.signal(number, handler)


@contextmanager
def launch(count: int, threads: int) -> Iterator[None]:
    """Train in several processes: the leading one starts the others with the same command.

    When the leading process exits, for whatever reason, the others have ended.

    Args:
        count: number of processes; with 1 nothing happens.
        threads: CPU threads of each process.
    """
    if count == 1:
        yield
    elif hardware.process_rank() > 0:
        try:
            yield
        except Exception:
            # If the cause lies in the leading process, that ends this one before its traceback.
            time.sleep(2)
            raise
        _disconnect()
    else:
        workers = WorkerProcesses(count, threads)
        try:
            yield
            _disconnect()
        except BaseException:
            workers.kill()
            raise
        finally:
            workers.wait()


def watch_parent() -> None:
    """End this process as soon as the leading one has ended, even if that was killed."""
    leader = int(os.environ.get(hardware.LEADER_VARIABLE, os.getppid()))

    def watch() -> None:
        while os.getppid() == leader:
            time.sleep(POLL_S)
        os._exit(errors.FAILED)

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":  # on Windows a process keeps the id of a parent that has ended
        threading.Thread(target=watch, daemon=True).start()


class WorkerProcesses:
    """The processes beside the leading one, as the leading one sees them."""

    def __init__(self, count: int, threads: int) -> None:
        """Start the processes, and a thread that watches them.

        Args:
            count: number of processes, the leading one included.
            threads: CPU threads of each process.
        """
        self.is_exiting = False
        self.have_ended = threading.Event()
        os.environ |= {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(_free_port()),
            "WORLD_SIZE": str(count),
            "NODE_RANK": "0",
            "LOCAL_RANK": "0",
            "OMP_NUM_THREADS": str(threads),  # Lightning would choose another number
            hardware.LEADER_VARIABLE: str(os.getpid()),
        }
        # In a group of their own, so that a terminal's Ctrl-C reaches the leading process alone.
        group = {} if sys.platform == "win32" else {"process_group": 0}
        self.processes = [
            subprocess.Popen(
                _command(),
                env=os.environ | {"LOCAL_RANK": str(number)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the leading process alone prints
                **group,  # type: ignore[call-overload]
            )
            for number in range(1, count)
        ]
        # While the main thread waits inside torch, Python runs no handler. The watching thread
        # reads the numbers of the signals from a socket.
        self.signals, self.wakeup = socket.socketpair()
        self.wakeup.setblocking(False)
        self.wakeup_before = signal.set_wakeup_fd(self.wakeup.fileno(), warn_on_full_buffer=False)
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def kill(self) -> None:
        """Send SIGKILL, since a process that waits inside torch reacts to no other signal."""
        self.is_exiting = True
        for process in self.processes:
            process.kill()

    def wait(self) -> None:
        """Wait until all processes have ended, and kill one that hangs."""
        self.is_exiting = True
        for process in self.processes:
            try:
                process.wait(timeout=EXIT_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.have_ended.set()
        self.watcher.join()
        signal.set_wakeup_fd(self.wakeup_before)
        self.signals.close()
        self.wakeup.close()
        for name in VARIABLES:
            os.environ.pop(name, None)

    def _watch(self) -> None:
        """End the run when a signal has arrived or a process has ended with an error."""
        while not self.have_ended.is_set():
            readable, _, _ = select.select([self.signals], [], [], 0.2)
            if readable:
                number = self.signals.recv(1)[0]
                if number in (signal.SIGINT, signal.SIGTERM):
                    self._end(SIGNAL_GRACE_S, errors.signal_message(number), 128 + number)
            statuses = [status for process in self.processes if (status := process.poll())]
            if statuses and not self.is_exiting:
                message = (
                    f"A process of this run ended with status {statuses[0]}; so do the others."
                )
                self._end(DEATH_GRACE_S, message, max(statuses[0], errors.FAILED))

    def _end(self, grace_s: float, message: str, status: int) -> None:
        """End the process unless the main thread exits in time: then it hangs inside torch.

        Args:
            grace_s: seconds that the main thread has.
            message: last sentence of the process.
            status: exit status.
        """
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline:
            if self.is_exiting:
                return
            time.sleep(0.1)
        errors.print_exit_message(message)
        self.kill()
        os._exit(status)


def _disconnect() -> None:
    """Leave the process group after the training; from then on no process waits for another."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def _command() -> list[str]:
    """The command that started this process."""
    import __main__

    if __main__.__spec__ is None:
        return [sys.executable, *sys.argv]
    name = __main__.__spec__.name.removesuffix(".__main__")
    return [sys.executable, "-m", name, *sys.argv[1:]]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
