"""Which device, which dtype, how many slots fit."""

import ctypes
import os
import re
from dataclasses import dataclass

import torch

from videostyle.errors import DeviceError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""of glibc's malloc.h"""
BFLOAT16_SINCE = 8, 0
"""compute capability: older GPUs convolve in bfloat16 without cuDNN, slowly"""
SLOTS_PER_CORE = 4
"""each holds a decoder, its file and a few threads"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one frame costs on a device, measured by a short run."""

    seconds_per_iteration: float
    """of one slot"""
    bytes_per_slot: int
    most_slots: int
    """of one batch, however much memory there is"""


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N`` -> device; raises DeviceError where it is absent."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if not match:
        raise DeviceError(f"--device {name}: no such device; choose auto, cpu, cuda or cuda:N")
    if not torch.cuda.is_available():
        raise DeviceError(f"--device {name}: no CUDA device is to be seen here; use --device cpu, or mend the driver")
    number = int(match[1] or 0)
    if number >= torch.cuda.device_count():
        raise DeviceError(f"--device {name}: there are only cuda:0 to cuda:{torch.cuda.device_count() - 1}; choose one")
    return torch.device("cuda", number)


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Dtype of the convolutions: bfloat16 on a GPU that computes in it, else float32, unless asked for by name."""
    if name == "auto":
        able = device.type == "cuda" and torch.cuda.get_device_capability(device) >= BFLOAT16_SINCE
        return torch.bfloat16 if able else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def keep_freed_memory() -> None:
    """Have this process's malloc keep the memory of freed tensors for the next ones, where malloc is glibc's.

    Else every block of more than 32 MiB goes back to the system, which clears it page by page when the next iteration
    asks for it again: a third of the time at 1080p, two thirds at 4K (scripts/LOG.md).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    # glibc before 2.35 refuses what is above 32 MiB; without the first, the second would make things slower
    if mallopt and any(mallopt(M_MMAP_THRESHOLD, size) for size in (2**31 - 1, 2**25)):
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def free_bytes(device: torch.device) -> int:
    """Memory that is free for us on the device, bytes."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 2**62


def choose_slots(asked: int, device: torch.device, cost: Cost) -> int:
    """How many slots to fill; asked: 0 for as many as nine tenths of the memory hold, or one on a CPU.

    A batch gains nothing on a CPU. On a GPU every slot has threads that decode and estimate motion for it.
    """
    if device.type == "cpu":
        return asked or 1
    fitting = int(0.9 * free_bytes(device) / max(cost.bytes_per_slot, 1))
    wanted = asked or min(fitting, SLOTS_PER_CORE * (os.cpu_count() or 1))
    return max(1, min(wanted, cost.most_slots))
