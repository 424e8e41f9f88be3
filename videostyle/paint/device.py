"""Device, dtype, and memory: everything that differs between CPUs, CUDA, and Apple's GPUs (MPS).

The code for MPS follows torch's documentation and has never been run.
"""

import ctypes
import os
import re
from collections.abc import Callable
from typing import TypeVar

import torch

from videostyle.errors import DeviceError, OutOfMemoryError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""from glibc's malloc.h"""
BFLOAT16_SINCE = 8, 0
"""compute capability; older GPUs convolve in bfloat16 without cuDNN, slowly"""
OUT_OF_MEMORY = "can't allocate memory", "MPS backend out of memory"
"""text of the plain RuntimeError that torch raises if memory runs out on a CPU or on MPS"""

T = TypeVar("T")


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps`` -> device. Raises DeviceError if it is not available.

    ``auto`` never chooses MPS, which is untested.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("--device mps: this build of torch does not support Apple GPUs; use --device cpu")
    if name in ("cpu", "mps"):
        return torch.device(name)
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if not match:
        raise DeviceError(f"--device {name}: unknown device; choose auto, cpu, cuda, cuda:N, or mps")
    if not torch.cuda.is_available():
        raise DeviceError(f"--device {name}: no CUDA device found; use --device cpu or check the driver")
    number, count = int(match[1] or 0), torch.cuda.device_count()
    if number >= count:
        raise DeviceError(f"--device {name}: the last CUDA device is cuda:{count - 1}; choose one up to that")
    return torch.device("cuda", number)


def gpus_of(name: str) -> tuple[str, ...]:
    """The GPUs that ``backbone.device`` means, named as in CUDA_VISIBLE_DEVICES; ``auto``, ``cuda``: all visible.

    Empty if it means one certain device, or none. More than one GPU has never been tried.
    """
    if name not in ("auto", "cuda"):
        return ()
    count, named = torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return tuple(named.split(",")[:count]) if named else tuple(map(str, range(count)))


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Dtype of the convolutions. ``auto``: bfloat16 on CUDA devices with native support, otherwise float32.

    Raises DeviceError for bfloat16 on MPS.
    """
    if name == "auto":
        native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= BFLOAT16_SINCE
        return torch.bfloat16 if native else torch.float32
    if name == "bfloat16" and device.type == "mps":
        raise DeviceError("optimize.precision = bfloat16: not supported with --device mps; use float32")
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def exact_dtype(device: torch.device) -> torch.dtype:
    """Dtype in which losses and inner products are compared: float64, except on MPS, which does not support it."""
    return torch.float32 if device.type == "mps" else torch.float64


def prepare_process(device: torch.device) -> None:
    """Configure the whole process so that painting on the device is fast and repeatable.

    On a CPU, torch computes with one thread from now on, and glibc's malloc keeps freed memory instead of returning it
    to the system. On CUDA, cuDNN uses only deterministic kernels from now on. None of this is undone.
    """
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
    if device.type != "cpu":
        return
    torch.set_num_threads(1)  # sums are rounded differently by every number of threads; further cores are for workers
    if os.name != "posix":
        return
    # Otherwise every block of more than 32 MiB returns to the system, which clears it page by page when the next
    # iteration allocates it again: a third of the time at 1080p, two thirds at 4K (scripts/LOG.md).
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # glibc before 2.35 refuses more than 32 MiB; without the first option, the second would make things slower
    if mallopt and any(mallopt(M_MMAP_THRESHOLD, size) for size in (2**31 - 1, 2**25)):
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def free_bytes(device: torch.device) -> int:
    """Free memory on the device, bytes."""
    if device.type == "cuda":
        torch.cuda.empty_cache()  # memory that torch keeps for itself is free for its next batch
        free, _ = torch.cuda.mem_get_info(device)
        return free
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 2**62


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished all of its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def within_memory(work: Callable[[], T], frames: int, height: int, width: int, device: torch.device) -> T:
    """Do work on frames of this size. Raises OutOfMemoryError, which suggests a smaller size, if memory runs out."""
    try:
        return work()
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and not any(text in str(error) for text in OUT_OF_MEMORY):
            raise
    # not in the except block: there, the traceback keeps the tensors of the batch alive
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    raise OutOfMemoryError(
        f"{frames} frame(s) of {width}x{height} do not fit in the memory of {device}; "
        f"choose a smaller size with --size {max(64, min(height, width) * 2 // 3)}",
        frames,
        (width, height),
    )
