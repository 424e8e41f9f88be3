"""The law on a GPU: a batch has the same bits every time, another batch nearly the same, and full memory halves it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.clips import known, moving_scenes, write_clip
from tests.paint.tasks import art, picture, settings, target, task
from videostyle.errors import OutOfMemoryError
from videostyle.events import Event, Notice
from videostyle.frames import FrameTask, Painted, TemporalTarget
from videostyle.media.read.probe import probe
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.device import prepare_process
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.rendering.api import render
from videostyle.rendering.plan.plan import Artwork, make_plan
from videostyle.selection import Selection

pytestmark = pytest.mark.gpu

CUDA = torch.device("cuda", 0)
HIGH, WIDE = 256, 320
"""px; frames of this size take enough memory to run out of it"""
SCENES = (3, 3, 3, 3)


@pytest.fixture(params=["float32", "bfloat16"])
def painter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Optimizer:
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    prepare_process(CUDA)
    chosen = settings(optimize__precision=request.param, backbone__device="cuda")
    return Optimizer(load_backbone("compact"), [art()], chosen, CUDA)


@pytest.fixture
def limit() -> Iterator[None]:
    """Undo limits on memory after each test."""
    yield
    torch.cuda.set_per_process_memory_fraction(1.0, CUDA)
    torch.cuda.empty_cache()


def allow_about_two(painter: Optimizer, tasks: list[FrameTask]) -> None:
    """Limit the process to the memory of more than one of these tasks, and far less than all."""
    peaks = []
    for count in (1, len(tasks)):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(CUDA)
        painter.paint(tasks[:count])
        peaks.append(torch.cuda.max_memory_reserved(CUDA))
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(CUDA).total_memory
    torch.cuda.set_per_process_memory_fraction((peaks[0] + (peaks[1] - peaks[0]) / 3) / total, CUDA)


def large(seed: int) -> FrameTask:
    held = TemporalTarget(picture(seed + 50, HIGH, WIDE), np.ones((HIGH, WIDE), np.float32))
    return FrameTask(picture(seed, HIGH, WIDE), held.picture, (held,))


def levels(one: Painted, other: Painted) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Difference of pictures, in levels of 255."""
    return np.abs(one.picture - other.picture) * 255


def test_the_same_batch_twice_is_the_same_bit_for_bit(painter: Optimizer) -> None:
    tasks = [task(0), task(1, first=True), task(2)]
    for one, other in zip(painter.paint(tasks), painter.paint(tasks), strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
        assert (one.losses, one.iterations, one.retried) == (other.losses, other.iterations, other.retried)


def test_a_frame_in_a_batch_is_within_a_level_of_the_frame_alone(painter: Optimizer) -> None:
    """Largest difference of a pixel in float32, or of the average pixel in bfloat16."""
    tasks = [task(0), *(task(seed, first=seed % 3 == 1) for seed in range(1, 8))]
    (alone,) = painter.paint(tasks[:1])
    for company in (tasks[:2], tasks[:4], tasks):
        off = levels(painter.paint(company)[0], alone)
        assert (off.max() if "float32" in painter.fingerprint else off.mean()) <= 1
        off = levels(painter.paint(company[::-1])[-1], alone)
        assert (off.max() if "float32" in painter.fingerprint else off.mean()) <= 1


def test_a_gpu_paints_nearly_the_same_as_a_cpu(painter: Optimizer) -> None:
    cpu = Optimizer(load_backbone("compact"), [art()], settings(), torch.device("cpu"))
    (here,), (there,) = painter.paint([task(0)]), cpu.paint([task(0)])
    assert levels(here, there).mean() < 4
    assert list(here.losses) == list(there.losses)


@pytest.mark.usefixtures("limit")
def test_painting_continues_after_running_out_of_memory(painter: Optimizer) -> None:
    tasks = [large(seed) for seed in range(8)]
    (before,) = painter.paint(tasks[:1])
    allow_about_two(painter, tasks)
    with pytest.raises(OutOfMemoryError, match=r"8 frame\(s\) of 320x256 do not fit .* cuda:0; .*--size"):
        painter.paint(tasks)
    assert levels(painter.paint(tasks[:1])[0], before).mean() <= 1


@pytest.mark.usefixtures("limit")
def test_full_memory_halves_the_slots(painter: Optimizer, tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes(SCENES, WIDE, HIGH)))
    chosen = settings(optimize__precision="auto", backbone__device="cuda")
    plan = make_plan(clip, [Artwork("art.png", art())], chosen, known(*SCENES), Selection.whole(clip))
    alone = {frame.index: frame.pixels for frame in render(plan, tmp_path / "alone", painter=painter, slots=1)}
    allow_about_two(painter, [large(seed) for seed in range(4)])
    events: list[Event] = []
    halved = render(plan, tmp_path / "halved", painter=painter, slots=4, on_event=events.append)
    frames = {frame.index: frame.pixels for frame in halved}
    assert any(isinstance(event, Notice) and "do not fit in the device" in event.text for event in events)
    assert frames.keys() == alone.keys() == set(range(12))
    for index, pixels in frames.items():
        assert np.abs(pixels.astype(int) - alone[index]).mean() <= 1


def test_the_measured_cost_is_the_memory_of_the_gpu(painter: Optimizer) -> None:
    cost = painter.cost(HIGH, WIDE)
    torch.cuda.reset_peak_memory_stats(CUDA)
    painter.paint([large(0)])
    used = torch.cuda.max_memory_allocated(CUDA)
    assert 0.5 * used < cost.bytes_per_slot < 2 * used
    assert 1 < cost.usual_slots <= cost.most_slots
    assert cost.seconds_later > 0


def test_held_targets_of_later_frames_work_on_a_gpu(painter: Optimizer) -> None:
    """A frame without a target, in a batch with others that have one."""
    first = FrameTask(picture(0), picture(0), first=True)
    held, free = painter.paint([FrameTask(picture(1), picture(1), (target(1),)), first])
    assert "temporal" in held.losses
    assert "temporal" not in free.losses
