"""Which device, which dtype, how many slots fit."""

import ctypes
import os
import re
from dataclasses import dataclass

import torch

from videostyle.errors import DeviceError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""of glibc's malloc.h"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one frame costs on a device, measured by a short run."""

    seconds_per_iteration: float
    """of one slot"""
    bytes_per_slot: int


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
    """Dtype of the convolutions: bfloat16 on a GPU, float32 on a CPU, unless asked for by name."""
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def keep_freed_memory() -> None:
    """Have this process's malloc keep the memory of freed tensors for the next ones, where malloc is glibc's.

    Else every block of more than 32 MiB goes back to the system, which clears it page by page when the next iteration
    asks for it again: a third of the time at 1080p, two thirds at 4K (scripts/LOG.md).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 2**31 - 1)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def free_bytes(device: torch.device) -> int:
    """Memory that is free for us on the device, bytes."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 2**62


def fitting_slots(device: torch.device, cost: Cost) -> int:
    """How many slots to fill by default: one on a CPU (batches gain nothing there), else what nine tenths hold."""
    if device.type == "cpu":
        return 1
    return max(1, int(0.9 * free_bytes(device) / max(cost.bytes_per_slot, 1)))
