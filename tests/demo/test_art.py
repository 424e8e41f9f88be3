import numpy as np

from videostyle.demo.art import make_art


def test_the_same_seed_paints_the_same_picture() -> None:
    art = make_art(96)
    assert (art.shape, art.dtype) == ((96, 96, 3), np.uint8)
    np.testing.assert_array_equal(art, make_art(96))
    assert (art != make_art(96, seed=1)).any()


def test_strokes_of_several_sizes_can_be_seen() -> None:
    gray = make_art(192).mean(-1)
    for step in (1, 4, 16):  # px
        assert np.abs(gray[:, step:] - gray[:, :-step]).mean() > 4


def test_the_palette_is_rich() -> None:
    art = make_art(128).reshape(-1, 3).astype(int)
    blue, yellow = art[:, 2] - art[:, 0] > 40, art[:, 0] - art[:, 2] > 40
    assert blue.mean() > 0.2
    assert yellow.mean() > 0.03
