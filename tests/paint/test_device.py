import ctypes
import platform
import subprocess
import sys

import pytest
import torch

from videostyle.errors import DeviceError, OutOfMemoryError
from videostyle.paint.device import (
    choose_device,
    choose_precision,
    exact_dtype,
    free_bytes,
    prepare_process,
    synchronize,
    within_memory,
)

FAULTS = """
import resource, sys, torch
from videostyle.paint.device import (
    choose_device,
    choose_precision,
    exact_dtype,
    free_bytes,
    prepare_process,
    synchronize,
    within_memory,
)
if sys.argv[1] == "kept":
    prepare_process(torch.device("cpu"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(40):
    torch.zeros(16 * 2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""counts the pages that the system provides for forty tensors of 64 MiB, one after another"""


def test_auto_is_a_gpu_if_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "mps:1", ""])
def test_an_unknown_device_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(DeviceError, match="unknown device; choose auto, cpu, cuda, cuda:N, or mps"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_an_error_and_not_a_fallback() -> None:
    with pytest.raises(DeviceError, match="--device cuda: no CUDA device found; use --device cpu or check the driver"):
        choose_device("cuda")


@pytest.mark.gpu
def test_a_number_that_is_too_high_is_an_error() -> None:
    with pytest.raises(DeviceError, match="--device cuda:99: the last CUDA device is cuda:"):
        choose_device("cuda:99")


def test_precision() -> None:
    assert choose_precision("auto", torch.device("cpu")) is torch.float32
    assert choose_precision("bfloat16", torch.device("cpu")) is torch.bfloat16


@pytest.mark.parametrize(("capability", "precision"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16)])
def test_old_gpus_use_float32(
    capability: tuple[int, int], precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert choose_precision("auto", torch.device("cuda")) is precision


def test_mps_is_used_if_it_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    message = "--device mps: this build of torch does not support Apple GPUs; use --device cpu"
    with pytest.raises(DeviceError, match=message):
        choose_device("mps")
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    mps = choose_device("mps")
    assert mps.type == "mps"
    assert choose_device("auto").type != "mps", "untested, so only by name"
    assert choose_precision("auto", mps) is choose_precision("float32", mps) is torch.float32
    with pytest.raises(DeviceError, match=r"optimize\.precision = bfloat16: .*--device mps; use float32"):
        choose_precision("bfloat16", mps)
    assert exact_dtype(mps) is torch.float32
    assert exact_dtype(torch.device("cpu")) is exact_dtype(torch.device("cuda")) is torch.float64


def test_mps_uses_its_own_memory_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr("torch.mps.synchronize", lambda: called.append("synchronize"))
    monkeypatch.setattr("torch.mps.empty_cache", lambda: called.append("empty_cache"))
    monkeypatch.setattr("torch.mps.recommended_max_memory", lambda: 9)
    monkeypatch.setattr("torch.mps.driver_allocated_memory", lambda: 2)
    mps = torch.device("mps")

    def full() -> None:
        raise RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)")

    prepare_process(mps)
    synchronize(mps)
    assert free_bytes(mps) == 7
    with pytest.raises(OutOfMemoryError, match=r"2 frame\(s\) of 30x20 do not fit in the memory of mps; .*--size 64"):
        within_memory(full, 2, 20, 30, mps)
    assert called == ["synchronize", "empty_cache"]


def test_only_a_lack_of_memory_is_reported_as_one() -> None:
    def wrong() -> None:
        raise RuntimeError("shapes differ")

    assert within_memory(lambda: 3, 1, 20, 30, torch.device("cpu")) == 3
    with pytest.raises(RuntimeError, match="shapes differ"):
        within_memory(wrong, 1, 20, 30, torch.device("cpu"))


def test_cuda_is_deterministic_after_preparing_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    prepare_process(torch.device("cpu"))
    assert not torch.backends.cudnn.deterministic
    prepare_process(torch.device("cuda"))
    assert torch.backends.cudnn.deterministic


def test_free_memory_of_the_cpu_is_plausible() -> None:
    assert free_bytes(torch.device("cpu")) > 2**26


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc can be asked to keep memory")
def test_freed_memory_is_reused_for_the_next_tensor() -> None:
    given, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], check=True, capture_output=True, text=True).stdout)
        for how in ("given back", "kept")
    )
    assert kept < given / 2


def test_an_old_glibc_gets_the_largest_threshold_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class OldGlibc:
        @staticmethod
        def mallopt(option: int, size: int) -> bool:
            asked.append((option, size))
            return option != -3 or size <= limit

    monkeypatch.setattr(ctypes, "CDLL", lambda _: OldGlibc)
    limit = 2**25
    prepare_process(torch.device("cpu"))
    assert asked == [(-3, 2**31 - 1), (-3, 2**25), (-1, 2**31 - 1)]
    asked.clear()
    limit = 0  # without the first, the second would only switch off malloc's own adjustment
    prepare_process(torch.device("cpu"))
    assert all(option == -3 for option, _ in asked)
