"""The optimizer: frames alone and in batches, and what they are optimized toward."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.paint.tasks import CPU, HEIGHT, WIDTH, art, frame, optimizer, picture, settings, target, task
from videostyle.errors import OutOfMemoryError, SettingsError
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.optimizer import LITTLE, MUCH, Optimizer, per_scale, scales
from videostyle.paint.optimize.solve import Steps

TERMS = ["content", "style", "range", "temporal", "tv"]


@pytest.fixture(scope="module")
def painter() -> Optimizer:
    return optimizer()


def test_pictures_get_closer_to_the_artwork(painter: Optimizer) -> None:
    (before,) = optimizer(optimize__iterations=1).paint([task(0)])
    (after,) = painter.paint([task(0)])
    assert after.losses["style"] < before.losses["style"]
    assert sum(after.losses.values()) < sum(before.losses.values())
    assert list(after.losses) == TERMS
    assert not after.retried


@pytest.mark.parametrize("together", [False, True], ids=["cpu", "as on a gpu"])
def test_losses_have_the_same_terms_in_any_batch(
    together: bool, painter: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter, "_together", together)
    held, first = painter.paint([task(0), task(1, first=True)])
    assert list(held.losses) == TERMS
    assert list(first.losses) == [name for name in TERMS if name != "temporal"]


def test_batches_agree_with_frames_solved_alone(painter: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paints as a GPU does, up to the rounding of convolutions for another batch size."""
    tasks = [task(0), task(1, first=True), task(2)]
    alone = painter.paint(tasks)
    monkeypatch.setattr(painter, "_together", True)
    for one, other in zip(painter.paint(tasks), alone, strict=True):
        assert np.abs(one.picture - other.picture).max() < 4 / 255
        assert one.iterations == other.iterations
        assert list(one.losses) == list(other.losses)


def test_work_follows_need(painter: Optimizer) -> None:
    one = painter.paint([task(0)])[0].iterations
    needs = {need: painter.paint([replace(task(0), need=need)])[0].iterations for need in (LITTLE, MUCH, 1.0)}
    first = painter.paint([task(0, first=True)])[0].iterations
    assert needs == {LITTLE: one, MUCH: first, 1.0: first}
    more = optimizer(optimize__first_iterations=60)
    assert more.paint([replace(task(0), need=(LITTLE + MUCH) / 2)])[0].iterations == (6 + 30) / 2
    assert more.progress(0, HEIGHT, WIDTH) == 6 / 30
    assert more.progress(1, HEIGHT, WIDTH) == 1
    assert painter.progress(0, HEIGHT, WIDTH) == 1, "a first frame has as many iterations at full size"


def test_passes_share_the_iterations_of_later_frames() -> None:
    thrice = optimizer(temporal__passes=4)
    assert [thrice.paint([task(0, first)])[0].iterations for first in (False, True)] == [2, 6]
    assert thrice.progress(0, HEIGHT, WIDTH) == 2 / 6
    assert thrice.fingerprint != optimizer().fingerprint


def test_what_comes_into_view_is_painted_coarse_to_fine_and_the_rest_is_held() -> None:
    painter = optimizer(optimize__first_iterations=80)
    held = target(50)
    held.weight[:, WIDTH // 2 :] = 0
    some = replace(task(0), initial=picture(50), held=(held,))
    with_scales, without = (painter.paint([replace(some, need=need)])[0].picture for need in (MUCH, LITTLE))
    old, new = np.s_[:, : WIDTH // 2 - 8], np.s_[:, WIDTH // 2 + 8 :]
    changes = {
        name: float(np.abs(with_scales - other)[part].mean())
        for name, other, part in (
            ("held", held.picture, old),
            ("new", held.picture, new),
            ("scales, held", without, old),
            ("scales, new", without, new),
        )
    }
    assert changes["held"] < 0.7 * changes["new"], changes
    assert changes["scales, held"] < 0.7 * changes["scales, new"], changes


@pytest.mark.parametrize(("together", "total"), [(False, 6 + 12 + 6), (True, 6 + 6)], ids=["cpu", "as on a gpu"])
def test_steps_increase_to_their_total(
    together: bool, total: int, painter: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter, "_together", together)
    seen: list[tuple[int, int]] = []
    painter.paint([task(0), task(1, first=True), task(2)], lambda *step: seen.append(step))
    done = [step for step, _ in seen]
    assert done == sorted(done)
    assert len(seen) > 2
    assert {of for _, of in seen} == {total}
    assert done[-1] == total


def test_scales_are_a_factor_of_sqrt_2_apart() -> None:
    many = settings(optimize__first_iterations=300, optimize__coarsest=96).optimize
    assert scales(400, 500, 32, many) == [(100, 125), (141, 177), (200, 250), (283, 354)]
    assert scales(400, 500, 250, many) == [(283, 354)], "the backbone sees nothing smaller"
    assert scales(100, 500, 32, many) == []
    assert per_scale(scales(400, 500, 32, many), many) == 60


@pytest.mark.parametrize(("iterations", "sizes"), [(12, [(453, 509)]), (6, []), (1, [])])
def test_few_iterations_are_spent_at_full_size(iterations: int, sizes: list[tuple[int, int]]) -> None:
    few = settings(optimize__first_iterations=iterations).optimize
    assert scales(640, 720, 32, few) == sizes


def test_first_frames_start_from_a_smaller_painting_of_themselves() -> None:
    chosen = settings(optimize__first_iterations=24)
    sizes = scales(64, 72, 32, chosen.optimize)
    assert sizes == [(45, 51)]
    painter = Optimizer(load_backbone("compact"), [art()], chosen, CPU)
    seen: list[tuple[int, int]] = []
    steps = Steps(24, lambda done, total: seen.append((done, total)))
    starts = painter._coarse_to_fine([task(0, first=True), task(1, first=True)], sizes, [12, 12], steps)
    assert [start.shape for start in starts] == [(64, 72, 3)] * 2
    assert np.abs(starts[0] - picture(50)).mean() > 0.02
    assert seen[-1] == (12, 24)
    assert not np.array_equal(starts[0], starts[1])


def test_few_iterations_paint_at_full_size_instead_of_blurring() -> None:
    first = replace(task(0, first=True), initial=picture(0))
    (painted,) = optimizer(optimize__first_iterations=6).paint([first])
    assert np.abs(painted.picture - picture(0)).mean() > 0.02
    assert painted.iterations == 6


def test_the_temporal_weight_holds_on_to_the_previous_frame() -> None:
    distances = []
    for weight in (0.0, 1e8):
        (painted,) = optimizer(temporal__weight=weight).paint([task(0)])
        distances.append(np.abs(painted.picture - picture(50)).mean())
    assert distances[1] < 0.5 * distances[0]


def test_the_optimizer_describes_itself() -> None:
    net = load_backbone("compact")
    chosen = settings(temporal__long_term=[4, 2], optimize__precision="bfloat16")
    painter = Optimizer(net, [art()], chosen, CPU, "compact, as asked.")
    assert (painter.name, painter.reason, painter.device) == ("compact", "compact, as asked.", "cpu")
    assert painter.fingerprint != optimizer(temporal__long_term=[4, 2], optimize__precision="float32").fingerprint
    assert painter.smallest == net.smallest
    assert painter.reach == (1, 2, 4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"style__layers": ["relu9_9"]}, r"relu9_9.*choose style\.layers"),
        ({"content__layers": ["relu9_9"]}, r"relu9_9.*choose style\.layers and content\.layers"),
        (
            {"content__layers": ["relu3_1", "relu3_1"]},
            r"content\.layers = .*: a layer is repeated; name each layer once",
        ),
        ({"style__layer_weights": [1.0]}, r"style\.layer_weights = \[1\.0\]: wanted 5 weights"),
        ({"content__layer_weights": [1.0, 2.0]}, r"content\.layer_weights = .*: wanted 1 weights"),
        ({"style__mix": [1.0, 2.0]}, r"style\.mix = .*: wanted 1 weights .*artworks \(--style\)"),
    ],
)
def test_layers_and_weights_are_checked_without_running_the_network(
    values: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = load_backbone("compact")
    monkeypatch.setattr(net, "forward", None)
    Optimizer(net, [art()], settings(), CPU)
    with pytest.raises(SettingsError, match=message):
        Optimizer(net, [art()], settings(**values), CPU)


CPU_IS_FULL = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), CPU_IS_FULL], ids=["gpu", "cpu"])
def test_running_out_of_memory_names_a_smaller_size(
    error: Exception, painter: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("videostyle.paint.optimize.optimizer.solve", full)
    with pytest.raises(OutOfMemoryError, match=r"1 frame.* 72x64 .*--size") as caught:
        painter.paint([task(0)])
    assert (caught.value.frames, caught.value.size) == (1, (72, 64))


def test_a_full_cpu_is_recognized(painter: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.optimize.optimizer.solve", lambda *_: torch.empty(2**60, dtype=torch.uint8))
    with pytest.raises(OutOfMemoryError, match="--size"):
        painter.paint([task(0)])


def test_other_errors_of_torch_are_not_changed(painter: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.optimize.optimizer.solve", lambda *_: torch.zeros(2) @ torch.zeros(3))
    with pytest.raises(RuntimeError, match="size"):
        painter.paint([task(0)])


def test_two_artworks_and_bfloat16() -> None:
    several = settings(style__blend="gram", style__mix=[1, 2], optimize__precision="bfloat16", tv__weight=1.0)
    painter = Optimizer(load_backbone("compact"), [art(), art()[::-1]], several, CPU)
    (painted,) = painter.paint([painter.task(frame(0))])
    assert painted.picture.shape == (HEIGHT, WIDTH, 3)
    assert np.isfinite(painted.picture).all()
    assert "tv" in painted.losses
