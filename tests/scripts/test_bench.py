"""The pieces of the benchmark, which takes a minute as a whole, even with --quick."""

import argparse
import math

import bench
import numpy as np
import pytest
import torch
from timed import Timed

from tests.paint.tasks import CPU, HEIGHT, WIDTH, art, frame, optimizer, picture, settings
from videostyle.errors import SettingsError
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.objective import Objective, choose_terms, total
from videostyle.paint.tensors import stack, to_tensor
from videostyle.paint.terms.style import StyleTargets


@pytest.fixture
def objective() -> Objective:
    backbone, content = load_backbone("compact"), stack([picture(0)], CPU)
    style = StyleTargets([to_tensor(art(), CPU)], HEIGHT, WIDTH, backbone, settings().style)
    return Objective(backbone, choose_terms(settings(), backbone, style, content))


def test_a_timed_painter_paints_like_the_painter_inside_it() -> None:
    plain = optimizer()
    timed = Timed(plain)
    for name in ("name", "reason", "device", "fingerprint", "smallest", "reach"):
        assert getattr(timed, name) == getattr(plain, name)
    assert timed.cost(HEIGHT, WIDTH) == plain.cost(HEIGHT, WIDTH)
    steps: list[tuple[int, int]] = []
    (one,) = timed.paint([timed.task(frame(0))], lambda *step: steps.append(step))
    (other,) = plain.paint([plain.task(frame(0))])
    np.testing.assert_array_equal(one.picture, other.picture)
    assert steps
    ((begin, end),) = timed.spans
    assert timed.seconds == end - begin > 0


def test_a_timed_painter_includes_the_time_of_failures() -> None:
    timed = Timed(optimizer())
    with pytest.raises(IndexError):
        timed.paint([])
    assert len(timed.spans) == 1


def test_plain_gatys_stops_at_the_loss(objective: Objective, monkeypatch: pytest.MonkeyPatch) -> None:
    start = stack([picture(0)], CPU)
    loss = float(total(objective.parts(start)))
    assert 0 < bench.plain_gatys(objective, start, 0.9 * loss) < 60
    monkeypatch.setattr(bench, "MOST", 3)
    assert math.isinf(bench.plain_gatys(objective, start, 0.0))
    assert torch.equal(start, stack([picture(0)], CPU))


def test_flags_become_settings() -> None:
    options = argparse.Namespace(preset="draft", backbone="compact", device="cpu", weights="")
    chosen = bench.recipe_of(options).settings("draft")
    assert (chosen.backbone.name, chosen.backbone.device, chosen.backbone.weights) == ("compact", "cpu", "")
    options.weights = "here.safetensors"
    assert bench.recipe_of(options).settings("draft").backbone.weights == "here.safetensors"
    options.preset = "unknown"
    with pytest.raises(SettingsError, match="unknown"):
        bench.recipe_of(options)
