"""How many workers a job gets, and the memory that they take."""

from collections.abc import Sequence
from dataclasses import dataclass

from videostyle.errors import SettingsError
from videostyle.rendering.workers.machine import cores, free_bytes
from videostyle.rendering.workers.schedule import best_workers
from videostyle.settings import RenderSettings

PROCESS_BYTES = 500_000_000
"""of a worker process, in addition to what painting takes; the files of libraries are shared and counted once"""
MEMORY_SHARE = 0.9
"""share of the free memory that workers may fill"""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a job has to share with others."""

    workers: int = 0
    """that paint the others already; 0: there are none yet"""
    held: int = 0
    """bytes that workers hold already, which count as free"""
    others: tuple[float, ...] = ()
    """seconds of painting of each job that waits for the same workers"""


ALONE = Beside()


def gpus_for(workers: int, device: str, settings: RenderSettings) -> Sequence[str]:
    """A GPU for each of several workers; empty: they paint on the CPU.

    device: what the painter paints on. Raises SettingsError if there are too few.
    """
    if device == "cpu":
        return ()
    gpus = _gpus(settings)
    if len(gpus) < workers:
        wanted = f"each needs a GPU of its own, and --device {settings.backbone.device} means {max(1, len(gpus))}"
        raise SettingsError(f"--workers {workers}: {wanted}; use --workers auto")
    return gpus[:workers]


def choose_workers(
    asked: int,
    seconds: Sequence[float],
    painting: int,
    device: str,
    settings: RenderSettings,
    most: int = 0,
    beside: Beside = ALONE,
) -> int:
    """Number of workers. asked: 0: what is fastest, but never more than cores and memory, or GPUs, allow.

    seconds: of each chunk. painting: bytes that it takes in each worker. device: what the painter paints on. most: how
    many a cluster of machines allows; 0: this machine paints. beside: other jobs that wait for the same workers.
    """
    if asked:
        return min(asked, max(1, len(seconds) - list(seconds).count(0)))
    seconds = [*seconds, *beside.others]
    if most:
        return best_workers(seconds, most)
    if device != "cpu":
        return best_workers(seconds, len(_gpus(settings)))
    fitting = int(MEMORY_SHARE * (free_bytes() + beside.held) / (PROCESS_BYTES + painting))
    return best_workers(seconds, min(cores(), fitting))


def fits_beside(needed: int, held: int) -> bool:
    """Whether a job fits into this machine's memory beside others, with the workers that they have.

    needed: bytes that the job takes, those of all workers included. held: bytes that the workers hold already.
    """
    return needed <= MEMORY_SHARE * (free_bytes() + held)


def bytes_of(workers: int, painting: int, device: str) -> int:
    """Memory that all workers take, bytes: the device's. painting: what each takes.

    A single worker is this process, whose own memory does not count.
    """
    return workers * (painting + (PROCESS_BYTES if workers > 1 and device == "cpu" else 0))


def _gpus(settings: RenderSettings) -> tuple[str, ...]:
    """The GPUs that a job may be painted on at the same time."""
    from videostyle.paint.device import gpus_of  # torch takes seconds to import

    return gpus_of(settings.backbone.device)
