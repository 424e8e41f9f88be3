"""The stylizer: a frame alone and in company, resumed and retried."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from videostyle.errors import OutOfMemoryError, SettingsError
from videostyle.frames import FrameTask, Picture, TemporalTarget
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.optimizer import Stylizer
from videostyle.settings import RenderSettings, change

CPU = torch.device("cpu")


def settings(**values: object) -> RenderSettings:
    few = {
        "optimize.iterations": 6,
        "optimize.first_iterations": 12,
        "optimize.coarsest": 40,
        "optimize.tolerance": 0.0,
    }
    return change(
        RenderSettings(), {**few, **{name.replace("__", "."): value for name, value in values.items()}}, "test"
    )


def picture(seed: int, height: int = 64, width: int = 72) -> Picture:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rng = np.random.default_rng(seed)
    waves = [np.sin(x * rng.uniform(0.05, 0.4) + y * rng.uniform(0.05, 0.4) + rng.uniform(0, 6)) for _ in range(3)]
    return (0.5 + 0.4 * np.stack(waves, -1)).astype(np.float32)


def art() -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(9).integers(0, 256, (80, 80, 3), dtype=np.uint8)


def task(seed: int, first: bool = False) -> FrameTask:
    held = TemporalTarget(picture(seed + 50), np.ones((64, 72), np.float32))
    return FrameTask(picture(seed), picture(seed + 50), () if first else (held,), first=first)


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return Stylizer(load_backbone("compact"), [art()], settings(), CPU)


def test_gets_nearer_to_the_artwork(stylizer: Stylizer) -> None:
    (before,) = Stylizer(load_backbone("compact"), [art()], settings(optimize__iterations=1), CPU).stylize([task(0)])
    (after,) = stylizer.stylize([task(0)])
    assert after.losses["style"] < before.losses["style"]
    assert sum(after.losses.values()) < sum(before.losses.values())
    assert after.picture.shape == (64, 72, 3)
    assert after.picture.dtype == np.float32
    assert 0 <= after.picture.min() <= after.picture.max() <= 1
    assert set(after.losses) == {"content", "style", "temporal", "tv", "range"}
    assert not after.retried


def test_a_frame_is_the_same_in_any_company_bit_for_bit(stylizer: Stylizer) -> None:
    together = stylizer.stylize([task(0), task(1, first=True), task(2)])
    for row, alone in enumerate([task(0), task(1, first=True), task(2)]):
        np.testing.assert_array_equal(together[row].picture, stylizer.stylize([alone])[0].picture)


def test_a_batch_solved_together_agrees_with_solo(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU does, within the rounding of convolutions of another batch size."""
    tasks = [task(0), task(1, first=True), task(2)]
    alone = stylizer.stylize(tasks)
    monkeypatch.setattr(stylizer, "_together", True)
    for one, other in zip(stylizer.stylize(tasks), alone, strict=True):
        assert np.abs(one.picture - other.picture).max() < 4 / 255
        assert one.iterations == other.iterations


def test_few_iterations_paint_at_full_size_instead_of_blurring(stylizer: Stylizer) -> None:
    assert stylizer._scales(640, 720) == [(453, 509)], "of the 12 iterations each has 6"
    few = Stylizer(load_backbone("compact"), [art()], settings(optimize__first_iterations=6), CPU)
    assert few._scales(640, 720) == []
    first = replace(task(0, first=True), initial=picture(0))
    (painted,) = few.stylize([first])
    assert np.abs(painted.picture - picture(0)).mean() > 0.02
    assert painted.iterations == 6


def test_temporal_weight_holds_on_to_the_frame_before() -> None:
    distances = []
    for weight in (0.0, 1e8):
        made = Stylizer(load_backbone("compact"), [art()], settings(temporal__weight=weight), CPU).stylize([task(0)])
        distances.append(np.abs(made[0].picture - picture(50)).mean())
    assert distances[1] < 0.5 * distances[0]


def test_without_iterations_the_content_is_kept() -> None:
    made = Stylizer(load_backbone("compact"), [art()], settings(optimize__iterations=0), CPU).stylize([task(0)])
    np.testing.assert_array_equal(made[0].picture, picture(0))


def test_a_frame_far_above_its_neighbour_is_rendered_again(stylizer: Stylizer) -> None:
    usual = stylizer.stylize([task(0)])[0]
    seen = usual.losses["content"] + usual.losses["style"]
    again = stylizer.stylize([replace(task(0), neighbor_loss=seen / 10)])[0]
    assert "times that of the frame before" in again.retried
    assert again.iterations == 2 * usual.iterations
    assert sum(again.losses.values()) <= sum(usual.losses.values()) * (1 + 1e-6)
    assert not stylizer.stylize([replace(task(0), neighbor_loss=seen)])[0].retried


def test_a_frame_without_a_finite_loss_is_rendered_again_and_never_nan(stylizer: Stylizer) -> None:
    broken = replace(task(0), initial=np.full((64, 72, 3), np.nan, np.float32))
    (made,) = stylizer.stylize([broken])
    assert made.retried == "its loss was no finite number"
    assert np.isfinite(made.picture).all()
    assert np.isfinite(sum(made.losses.values()))


def test_unknown_layers_are_told_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"relu9_9.*choose style\.layers"):
        Stylizer(load_backbone("compact"), [art()], settings(style__layers=["relu9_9"]), CPU)


CPU_IS_FULL = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), CPU_IS_FULL], ids=["gpu", "cpu"])
def test_running_out_of_memory_names_a_smaller_size(
    error: Exception, stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("videostyle.paint.optimize.optimizer.solve", full)
    with pytest.raises(OutOfMemoryError, match=r"1 frame.* 72x64 .*--size"):
        stylizer.stylize([task(0)])
    with pytest.raises(OutOfMemoryError, match=r"1 frame.* 72x64 .*--size"):
        stylizer.calibrate(64, 72)


def test_torch_says_what_we_listen_for_when_a_cpu_is_full(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.optimize.optimizer.solve", lambda *_: torch.empty(2**60, dtype=torch.uint8))
    with pytest.raises(OutOfMemoryError, match="--size"):
        stylizer.stylize([task(0)])


def test_other_errors_of_torch_stay_what_they_are(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.optimize.optimizer.solve", lambda *_: torch.zeros(2) @ torch.zeros(3))
    with pytest.raises(RuntimeError, match="size"):
        stylizer.stylize([task(0)])


def test_frames_that_are_kept_cost_nothing() -> None:
    kept = Stylizer(load_backbone("compact"), [art()], settings(optimize__iterations=0), CPU)
    assert kept.calibrate(64, 72).seconds_per_iteration == 0


def test_calibration_tells_time_and_memory(stylizer: Stylizer) -> None:
    small, large = stylizer.calibrate(64, 72), stylizer.calibrate(128, 144)
    assert small.seconds_per_iteration > 0
    assert large.bytes_per_slot == pytest.approx(4 * small.bytes_per_slot, rel=0.01)


PEAK = """
import numpy as np, torch
from videostyle.frames import FrameTask, TemporalTarget
from videostyle.settings import compose
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.optimizer import Stylizer

def peak():  # unlike getrusage's, it does not begin with what the process that started this one held
    return 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])

noise = np.random.default_rng(0).random((540, 960, 3), dtype=np.float32)
task = FrameTask(noise, noise, (TemporalTarget(noise, np.ones((540, 960), np.float32)),))
artwork = (255 * noise[:64, :64]).astype(np.uint8)
stylizer = Stylizer(load_backbone("compact"), [artwork], compose("draft"), torch.device("cpu"))
before = peak()
stylizer.stylize([task])
grown = peak() - before
print(stylizer.calibrate(540, 960).bytes_per_slot / grown)
"""
"""prints the memory that is told for a frame over what rendering one takes"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_the_memory_that_is_told_is_what_it_takes() -> None:
    told = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True).stdout
    assert 0.8 < float(told) < 1.3


def test_two_artworks_and_bfloat16() -> None:
    several = settings(style__blend="gram", style__mix=[1, 2], optimize__precision="bfloat16", tv__weight=1.0)
    (made,) = Stylizer(load_backbone("compact"), [art(), art()[::-1]], several, CPU).stylize([task(0)])
    assert np.isfinite(made.picture).all()
    assert "tv" in made.losses
