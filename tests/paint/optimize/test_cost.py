"""The cost of frames, measured once and scaled."""

import subprocess
import sys

import pytest
import torch

from tests.paint.tasks import CPU, optimizer, settings
from videostyle.errors import OutOfMemoryError
from videostyle.paint.optimize import optimizer as module
from videostyle.paint.optimize.cost import Measured, cost_of
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.paint.painter import Cost
from videostyle.presets import compose

FOUR_SCALES = (1 + 1 / 2 + 1 / 4 + 1 / 8) / 4
"""time of a first frame relative to as many iterations at full size"""


@pytest.fixture(scope="module")
def painter() -> Optimizer:
    return optimizer()


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes that are measured, each as 2 seconds per iteration and 10 bytes per pixel."""
    measured: list[tuple[int, int]] = []

    def measure(height: int, width: int, *_: object) -> Measured:
        measured.append((height, width))
        return Measured(2.0, 10 * height * width)

    monkeypatch.setattr(module, "measure", measure)
    monkeypatch.setattr(module, "MEASURED", {})
    return measured


def test_memory_grows_with_the_area(painter: Optimizer) -> None:
    small, large = painter.cost(64, 72), painter.cost(128, 144)
    assert small.seconds_later > 0
    assert small.seconds_first == pytest.approx(small.seconds_later * 12 / 6 * 3 / 4), "two scales"
    assert large.bytes_per_slot == pytest.approx(4 * small.bytes_per_slot, rel=0.01)
    assert small.usual_slots == 1
    assert small.most_slots == Cost().most_slots, "frames are painted one by one"


def test_a_size_is_measured_once(sizes: list[tuple[int, int]]) -> None:
    painter = optimizer()
    assert painter.cost(64, 72) == painter.cost(64, 72)
    painter.cost(96, 72)
    assert sizes == [(64, 72), (96, 72)]


def test_an_estimate_for_other_settings_is_scaled_from_what_was_measured(sizes: list[tuple[int, int]]) -> None:
    painter = optimizer()
    painter.cost(64, 72)
    other = settings(optimize__iterations=100, optimize__first_iterations=600)
    estimate = painter.cost(128, 144, other)
    assert estimate.seconds_later == pytest.approx(4 * 2 * 100)
    assert estimate.seconds_first == pytest.approx(4 * 2 * 600 * FOUR_SCALES)
    assert estimate.bytes_per_slot == 10 * 128 * 144
    assert painter.cost(64, 72, other).seconds_later == pytest.approx(2 * 100)
    assert painter.cost(64, 72, settings(optimize__iterations=0)) == Cost()
    assert sizes == [(64, 72)]
    optimizer(optimize__history=3).cost(96, 72, other)
    assert sizes == [(64, 72), (96, 72)], "with nothing to scale from"


def test_painters_of_the_same_network_and_loss_measure_once(sizes: list[tuple[int, int]]) -> None:
    for _ in range(2):
        optimizer().cost(64, 72)
    optimizer(style__weight=3).cost(64, 72)
    assert sizes == [(64, 72)]
    optimizer(optimize__method="adam").cost(64, 72)
    assert len(sizes) == 2, "other work"


@pytest.mark.usefixtures("sizes")
def test_an_estimate_is_scaled_from_the_nearest_size() -> None:
    painter = optimizer()
    painter.cost(64, 72)
    painter.cost(640, 720)
    assert painter.cost(320, 720, settings()).seconds_later == 2 * 6 / 2


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize(("coarsest", "share"), [(16384, 1), (90, 3 / 4), (64, 7 / 12)])
def test_a_first_frame_costs_what_its_scales_do(coarsest: int, share: float) -> None:
    painter = optimizer(optimize__first_iterations=60, optimize__coarsest=coarsest)
    assert painter.cost(128, 144).seconds_first == pytest.approx(2 * 60 * share)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("preset", ["gatys2016", "ruder2016"])
def test_presets_with_one_scale_cost_their_iterations_at_full_size(preset: str) -> None:
    chosen = compose(preset)
    cost = optimizer().cost(400, 500, chosen)
    assert cost.seconds_first == pytest.approx(2 * chosen.optimize.first_iterations)


def test_slots_fill_a_gpu_but_not_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.optimize.cost.free_bytes", lambda _: 10 * 2**30)
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    chosen, cuda = settings().optimize, torch.device("cuda")

    def slots(peak: int, widest: int = 16, device: torch.device = cuda) -> tuple[int, int]:
        cost = cost_of(Measured(1.0, peak), 1080 * 1920, chosen, 5, widest, device)
        return cost.usual_slots, cost.most_slots

    assert slots(2**30, device=CPU) == (1, Cost().most_slots)
    assert slots(2**30) == (9, 64)
    assert slots(2**40) == (1, 64)
    assert slots(2**20) == (64, 64)
    # threads and open files that the machine cannot hold; a batch that the GPU cannot count
    assert slots(2**20, widest=1) == (64, 1035)
    assert slots(2**20, widest=128) == (8, 8)
    assert slots(2**20, widest=2000) == (1, 1)


def test_running_out_of_memory_while_measuring_names_a_smaller_size(
    painter: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("videostyle.paint.optimize.cost.solve", full)
    with pytest.raises(OutOfMemoryError, match=r"1 frame.* 72x80 .*--size"):
        painter.cost(80, 72)


PEAK = """
import numpy as np, torch
from videostyle.frames import FrameTask, TemporalTarget
from videostyle.presets import compose
from videostyle.paint.load import load_painter

def peak():  # unlike getrusage's, it does not begin with the memory of the process that started this one
    return 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])

noise = np.random.default_rng(0).random((540, 960, 3), dtype=np.float32)
task = FrameTask(noise, noise, (TemporalTarget(noise, np.ones((540, 960), np.float32)),))
flags = {"backbone.name": "compact", "backbone.device": "cpu"}
painter = load_painter([(255 * noise[:64, :64]).astype(np.uint8)], compose("draft", flags))
painter.paint([FrameTask(noise[:64, :64], noise[:64, :64])])
before = peak()
painter.paint([task])
grown = peak() - before
print(painter.cost(540, 960).bytes_per_slot / grown)
"""
"""prints the memory estimated for a frame, divided by what painting one takes"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_estimated_memory_matches_what_painting_takes() -> None:
    printed = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True).stdout
    assert 0.8 < float(printed) < 1.3
