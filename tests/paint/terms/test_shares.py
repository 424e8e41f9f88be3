import pytest

from videostyle.errors import SettingsError
from videostyle.paint.terms.shares import shares


def test_shares_are_divided_by_their_sum() -> None:
    assert shares((1, 3), 2, "a", "b") == (0.25, 0.75)
    assert shares((), 4, "a", "b") == (0.25,) * 4


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 1.0, 1.0), (0.0, 0.0)])
def test_weights_that_do_not_match_are_an_error(weights: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match=r"style\.mix = .*wanted 2 weights with a sum > 0, one for each of the art"):
        shares(weights, 2, "style.mix", "artworks")
