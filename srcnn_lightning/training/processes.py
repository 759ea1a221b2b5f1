"""The processes that train one run together: started, watched, and ended with the one that leads.

Lightning can start them too. But it starts no watch over a leading process that dies, kills that
process without a word when another one dies, and answers SIGTERM with a broadcast that waits for
processes which wait for something else.
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
SIGNAL_GRACE = 3.0  # seconds for the leading process to leave after a signal
DEATH_GRACE = 5.0  # and to notice that another process has ended
EXIT_GRACE = 30.0  # for the others to end after the training


class RestoreSignalHandlers(Callback):
    """Undo what Lightning makes of SIGTERM: a broadcast in the middle of another one hangs."""

    def __init__(self) -> None:
        # The command's own, or those of a launcher's worker, which answer Ctrl-C differently.
        self.handlers = {
            number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After Lightning has set its handlers."""
        if trainer.is_global_zero:
            for number, handler in self.handlers.items():
                signal.signal(number, handler)


@contextmanager
def launch(count: int, threads: int) -> Iterator[None]:
    """Train in `count` processes: the leading one starts the others with the same command.

    When it leaves, for whatever reason, the others have ended.

    Args:
        count: processes; with 1 nothing happens.
        threads: CPU threads of each.
    """
    if count == 1:
        yield
    elif hardware.process_rank() > 0:
        try:
            yield
        except Exception:
            # The cause may lie in the leading process: then it ends this one, without a word.
            time.sleep(2)
            raise
        _disconnect()
    else:
        others = _Others(count, threads)
        try:
            yield
            _disconnect()
        except BaseException:
            others.kill()
            raise
        finally:
            others.wait()


def watch_parent() -> None:
    """In a process that does not lead: end with the leading one, even if that was killed."""
    leader = int(os.environ.get(hardware.LEADER_VARIABLE, os.getppid()))

    def watch() -> None:
        while os.getppid() == leader:
            time.sleep(0.5)
        os._exit(errors.FAILED)

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":  # there a process keeps the parent that has ended
        threading.Thread(target=watch, daemon=True).start()


class _Others:
    """The processes beside the leading one."""

    def __init__(self, count: int, threads: int) -> None:
        self.is_leaving = False
        self.has_ended = threading.Event()
        os.environ |= {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(_free_port()),
            "WORLD_SIZE": str(count),
            "NODE_RANK": "0",
            "LOCAL_RANK": "0",
            "OMP_NUM_THREADS": str(threads),  # Lightning would choose another number
            hardware.LEADER_VARIABLE: str(os.getpid()),
        }
        # A terminal's Ctrl-C shall reach the leading process alone: a group of their own.
        apart = {} if sys.platform == "win32" else {"process_group": 0}
        self.processes = [
            subprocess.Popen(
                _command(),
                env=os.environ | {"LOCAL_RANK": str(number)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # one process tells the user
                **apart,  # type: ignore[call-overload]
            )
            for number in range(1, count)
        ]
        # Python's handlers wait while the main thread waits for other processes inside torch.
        self.signals, self.wakeup = socket.socketpair()
        self.wakeup.setblocking(False)
        self.wakeup_before = signal.set_wakeup_fd(self.wakeup.fileno(), warn_on_full_buffer=False)
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def kill(self) -> None:
        """SIGKILL: a process that waits inside torch hears nothing else."""
        self.is_leaving = True
        for process in self.processes:
            process.kill()

    def wait(self) -> None:
        """Until all have ended; one that hangs on its way out is killed."""
        self.is_leaving = True
        for process in self.processes:
            try:
                process.wait(timeout=EXIT_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.has_ended.set()
        self.watcher.join()
        signal.set_wakeup_fd(self.wakeup_before)
        self.signals.close()
        self.wakeup.close()
        for name in VARIABLES:
            os.environ.pop(name, None)

    def _watch(self) -> None:
        while not self.has_ended.is_set():
            heard, _, _ = select.select([self.signals], [], [], 0.2)
            if heard:
                number = self.signals.recv(1)[0]
                if number in (signal.SIGINT, signal.SIGTERM):
                    self._end(SIGNAL_GRACE, errors.signal_message(number), 128 + number)
            codes = [code for process in self.processes if (code := process.poll())]
            if codes and not self.is_leaving:
                words = f"A process of this run ended with status {codes[0]}; so do the others."
                self._end(DEATH_GRACE, words, codes[0] if codes[0] > 0 else errors.FAILED)

    def _end(self, grace: float, words: str, status: int) -> None:
        """Unless the main thread leaves by itself, end without it: it hangs inside torch."""
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if self.is_leaving:
                return
            time.sleep(0.1)
        errors.print_exit_message(words)
        self.kill()
        os._exit(status)


def _disconnect() -> None:
    """All processes have trained: from here on each is alone."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def _command() -> list[str]:
    import __main__

    if __main__.__spec__ is None:
        return [sys.executable, *sys.argv]
    name = __main__.__spec__.name.removesuffix(".__main__")
    return [sys.executable, "-m", name, *sys.argv[1:]]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
