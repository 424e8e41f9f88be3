"""The terms add up, frame by frame."""

import numpy as np
import pytest
import torch

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.objective import Objective, choose_terms, total
from videostyle.paint.tensors import to_tensor
from videostyle.paint.terms.range import range_loss
from videostyle.paint.terms.style import StyleTargets
from videostyle.paint.terms.temporal import temporal_loss
from videostyle.paint.terms.variation import variation_loss
from videostyle.presets import change
from videostyle.settings import RenderSettings


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("compact")


def pictures(seed: int, count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 1.2 - 0.1


HELD = [
    (pictures(5), torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(9))),
    (pictures(6), torch.ones(3, 1, 64, 64)),
]


def objective(backbone: Backbone, held: bool = True, **values: float) -> Objective:
    settings = change(RenderSettings(), {name.replace("__", "."): value for name, value in values.items()}, "test")
    art = to_tensor(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8), torch.device("cpu"))
    targets = StyleTargets([art], 64, 64, backbone, settings.style)
    return Objective(backbone, choose_terms(settings, backbone, targets, pictures(4), HELD if held else []))


def test_the_content_has_no_content_loss(backbone: Backbone) -> None:
    parts = objective(backbone).parts(pictures(4))
    assert parts["content"].abs().max() < 1e-9
    assert parts["style"].min() > 0


def test_terms_are_added_in_their_order(backbone: Backbone) -> None:
    made = objective(backbone)
    parts = made.parts(pictures(7))
    assert list(parts) == ["content", "style", "range", "temporal", "tv"]
    assert made.comparable == ("content", "style")
    torch.testing.assert_close(total(parts), sum(parts.values()))
    assert list(objective(backbone, held=False, tv__weight=0).parts(pictures(7))) == ["content", "style", "range"]


def test_terms_carry_their_weights(backbone: Backbone) -> None:
    x = pictures(7)
    once = objective(backbone, content__weight=1, style__weight=1, temporal__weight=1, tv__weight=1).parts(x)
    more = objective(backbone, content__weight=2, style__weight=3, temporal__weight=0.5, tv__weight=4).parts(x)
    for name, factor in {"content": 2, "style": 3, "tv": 4}.items():
        torch.testing.assert_close(more[name], factor * once[name])
    torch.testing.assert_close(once["tv"], variation_loss(x, "squared"))
    torch.testing.assert_close(once["range"], 10 * range_loss(x))


def test_temporal_targets_are_summed(backbone: Backbone) -> None:
    made = objective(backbone, temporal__weight=2.0)
    x = pictures(7)
    expected = sum(temporal_loss(x, target, weight) for target, weight in HELD)
    torch.testing.assert_close(made.parts(x)["temporal"], 2 * expected)
    assert "temporal" not in objective(backbone, held=False).parts(x)


def test_rows_that_are_kept_keep_their_own_targets(backbone: Backbone) -> None:
    made, x = objective(backbone), pictures(7)
    before = made.parts(x)
    made.keep(torch.tensor([2, 0]))
    for name, part in made.parts(x[[2, 0]]).items():
        torch.testing.assert_close(part, before[name][[2, 0]], rtol=1e-4, atol=1e-6)


def test_held_pixels_are_stiff(backbone: Backbone) -> None:
    stiffness = objective(backbone, temporal__weight=1000.0).stiffness()
    assert stiffness is not None
    torch.testing.assert_close(stiffness, 4 * sum(weight for _, weight in HELD))
    assert objective(backbone, held=False).stiffness() is None


def test_every_pixel_affects_the_loss_up_to_the_border(backbone: Backbone) -> None:
    x = pictures(8, count=1).requires_grad_()
    (gradient,) = torch.autograd.grad(objective(backbone, held=False).parts(x.expand(3, -1, -1, -1))["style"].sum(), x)
    size = gradient.abs().mean((0, 1))
    inner = size[16:-16, 16:-16].mean()
    for border in (size[0], size[-1], size[:, 0], size[:, -1]):
        assert 0.4 < border.mean() / inner < 2.5
