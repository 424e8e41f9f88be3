"""What every term inherits, and what the network sees of a picture."""

from collections.abc import Mapping

import torch
from torch import Tensor

from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.terms.term import MARGIN, Term, observe


class Darkness(Term):
    """The least that a term has to define."""

    name = "darkness"
    weight = 1.0

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return 1 - pictures.flatten(1).mean(1)


def test_a_term_looks_at_pixels_only_unless_it_says_more() -> None:
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
