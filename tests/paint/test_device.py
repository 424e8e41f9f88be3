import ctypes
import platform
import subprocess
import sys

import pytest
import torch

from videostyle.errors import DeviceError
from videostyle.paint.device import Cost, choose_device, choose_precision, choose_slots, free_bytes, keep_freed_memory

FAULTS = """
import resource, sys, torch
from videostyle.paint.device import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(40):
    torch.zeros(16 * 2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""counts the pages that the system hands out for forty tensors of 64 MiB, one after the other"""


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "mps", ""])
def test_unknown_devices_are_named(name: str) -> None:
    with pytest.raises(DeviceError, match="choose auto, cpu, cuda"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_an_absent_gpu_is_an_error_and_no_fallback() -> None:
    with pytest.raises(DeviceError, match="no CUDA device"):
        choose_device("cuda")


@pytest.mark.gpu
def test_a_gpu_too_far_is_an_error() -> None:
    with pytest.raises(DeviceError, match="only cuda:0"):
        choose_device("cuda:99")


def test_precision() -> None:
    assert choose_precision("auto", torch.device("cpu")) is torch.float32
    assert choose_precision("bfloat16", torch.device("cpu")) is torch.bfloat16


@pytest.mark.parametrize(("capability", "precision"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16)])
def test_old_gpus_keep_to_float32(
    capability: tuple[int, int], precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert choose_precision("auto", torch.device("cuda")) is precision


def test_slots_fill_a_gpu_and_not_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(seconds_per_iteration=1, bytes_per_slot=2**30, most_slots=50)
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert choose_slots(0, cpu, cost) == 1
    assert choose_slots(3, cpu, cost) == 3
    monkeypatch.setattr("videostyle.paint.device.free_bytes", lambda _: 10 * 2**30)
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    assert choose_slots(0, cuda, cost) == 9
    assert choose_slots(0, cuda, Cost(1, 2**40, 50)) == 1
    assert choose_slots(12, cuda, cost) == 12
    # a batch that the GPU cannot count, whatever is asked for; threads and open files that the machine cannot hold
    assert choose_slots(80, cuda, cost) == 50
    assert choose_slots(0, cuda, Cost(1, 2**20, 5000)) == 64
    assert choose_slots(0, cuda, Cost(1, 2**30, 0)) == 1


def test_free_memory_of_the_cpu_is_plausible() -> None:
    assert free_bytes(torch.device("cpu")) > 2**26


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is asked to keep memory")
def test_freed_memory_serves_the_next_tensor() -> None:
    given, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], check=True, capture_output=True, text=True).stdout)
        for how in ("given back", "kept")
    )
    assert kept < given / 2


def test_an_old_glibc_is_asked_for_what_it_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class OldGlibc:
        @staticmethod
        def mallopt(option: int, size: int) -> bool:
            asked.append((option, size))
            return option != -3 or size <= limit

    monkeypatch.setattr(ctypes, "CDLL", lambda _: OldGlibc)
    limit = 2**25
    keep_freed_memory()
    assert asked == [(-3, 2**31 - 1), (-3, 2**25), (-1, 2**31 - 1)]
    asked.clear()
    limit = 0  # without the first, the second would only switch off malloc's own adjustment
    keep_freed_memory()
    assert all(option == -3 for option, _ in asked)
