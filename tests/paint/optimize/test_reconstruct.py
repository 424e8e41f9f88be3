"""Content alone, or style alone, of any layers: the other term has a weight of 0."""

import numpy as np
import pytest

from tests.paint.tasks import CPU, art, picture, settings
from videostyle.frames import FrameInput, Painted
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.presets import preset_values

LAYERS = load_backbone("compact").layers


def painted(preset: str, **values: object) -> Painted:
    chosen = {**preset_values(preset), "optimize.first_iterations": 12, **values}
    painter = Optimizer(load_backbone("compact"), [art()], settings(**chosen), CPU)
    (result,) = painter.paint([painter.task(FrameInput(0, picture(0), first=True))])
    return result


def apart(result: Painted) -> float:
    return float(np.abs(result.picture - picture(0)).mean())


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("convention", ["relative", "gatys"])
def test_content_comes_back_from_every_layer(layer: str, convention: str) -> None:
    values = {"content.layers": [layer], "content.convention": convention, "style.convention": convention}
    if convention == "gatys":
        values["optimize.range_weight"] = 1e7
    result = painted("reconstruct_content", **values)
    noise = painted("reconstruct_content", **values, **{"optimize.first_iterations": 1})
    assert result.losses["style"] == 0
    assert result.losses["content"] < 0.5 * noise.losses["content"]
    if layer != LAYERS[-1]:  # which knows hardly any colors
        assert apart(result) < apart(noise)
    assert not result.retried


@pytest.mark.parametrize("layers", [LAYERS[:number] for number in range(1, 7)] + [(layer,) for layer in LAYERS[1:]])
def test_style_comes_back_from_all_layers(layers: tuple[str, ...]) -> None:
    result = painted("reconstruct_style", **{"style.layers": list(layers)})
    noise = painted("reconstruct_style", **{"style.layers": list(layers), "optimize.first_iterations": 1})
    assert result.losses["content"] == 0
    assert result.losses["style"] < 0.7 * noise.losses["style"]
    assert not result.retried


def test_what_is_reconstructed_already_stays() -> None:
    result = painted("reconstruct_content", **{"optimize.initial": "content"})
    np.testing.assert_allclose(result.picture, picture(0), atol=1e-5)
    assert np.isfinite(list(result.losses.values())).all()
