"""What every term inherits, and how the network sees a picture."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from videostyle.errors import SettingsError
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.terms.term import MARGIN, Term, observe, shares


class Darkness(Term):
    """Defines only what a term must define."""

    name = "darkness"
    weight = 1.0

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return 1 - pictures.flatten(1).mean(1)


def test_by_default_a_term_looks_at_pixels_only() -> None:
    term, pictures = Darkness(), torch.rand(2, 3, 4, 4)
    assert (term.layers, term.comparable, term.stiffness()) == ((), False, None)
    term.keep(torch.tensor([1]))
    assert term(pictures[[1]], {}) == term(pictures, {})[1]


def test_the_network_sees_a_mirrored_margin() -> None:
    backbone, pictures = load_backbone("compact"), torch.rand(2, 3, 32, 40)
    seen = observe(backbone, pictures, ["relu1_1"])["relu1_1"]
    assert seen.shape[2:] == (32 + 2 * MARGIN, 40 + 2 * MARGIN)
    inner = backbone(pictures, ["relu1_1"])["relu1_1"]
    torch.testing.assert_close(seen[..., MARGIN + 1 : -MARGIN - 1, MARGIN + 1 : -MARGIN - 1], inner[..., 1:-1, 1:-1])


def test_shares_are_divided_by_their_sum() -> None:
    assert shares((1, 3), 2, "a", "b") == (0.25, 0.75)
    assert shares((), 4, "a", "b") == (0.25,) * 4


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 1.0, 1.0), (0.0, 0.0)])
def test_weights_that_do_not_match_are_an_error(weights: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match=r"style\.mix = .*wanted 2 weights with a sum > 0, one for each of the art"):
        shares(weights, 2, "style.mix", "artworks")
