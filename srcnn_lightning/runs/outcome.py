"""What became of a job: kept by its sweep, and shown at the sweep's end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        status: finished, copied (from another experiment), skipped, diverged or failed; stopped
            from the job's beginning until it is one of these. `check=true` gives skipped, checked
            where something is left to do, or would fail.
        label: name of the run with experiment and data, `lr_grid/DIV2K-antialiased-x2/lr=0.001`.
        folder: folder of the run.
        val_psnr: the run's `max_val_psnr` in dB; None without one.
        note: short addition, such as the error of a failed run.
        seconds: time that the job took, or will take where it was checked.
    """

    status: str
    label: str
    folder: str
    val_psnr: float | None = None
    note: str = ""
    seconds: float = 0.0
