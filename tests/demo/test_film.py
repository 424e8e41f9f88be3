import itertools

import numpy as np

from videostyle.demo.film import make_clip, make_sound
from videostyle.frames import Pixels


def clip(seed: int = 0) -> list[Pixels]:
    return list(make_clip(96, 54, 8, 1.5, seed))


def test_the_same_seed_draws_the_same_film() -> None:
    first, again, other = clip(), clip(), clip(1)
    assert len(first) == 12
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_everything_moves_and_there_is_one_hard_cut() -> None:
    pictures = [picture.astype(int) for picture in clip()]
    changes = [np.abs(b - a).mean() for a, b in itertools.pairwise(pictures)]
    assert min(changes) > 0.5
    assert int(np.argmax(changes)) == 5
    assert changes[5] > 3 * sorted(changes)[-2]


def test_pictures_have_detail_and_colour() -> None:
    for picture in clip():
        assert (picture.dtype, picture.shape) == (np.uint8, (54, 96, 3))
        assert picture.std() > 30
        assert np.ptp(picture.mean((0, 1))) > 10


def test_sound_is_there_all_along_and_never_clips() -> None:
    sound = make_sound(2.0, 8000)
    assert (sound.shape, sound.dtype) == ((16000, 2), np.int16)
    for part in np.split(sound[:15000].astype(float), 5):
        assert part.std() > 200
    assert np.abs(sound.astype(int)).max() < 32767
    assert len(make_sound(0, 8000)) == 0
