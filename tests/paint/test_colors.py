"""Palettes and the map between them, against distributions that are known."""

import numpy as np
import pytest

from tests.paint.tasks import picture
from videostyle.frames import Picture, to_picture, to_pixels
from videostyle.paint.colors import LUMA, STRIP, Palette, Recoloring, match, mixed, palette_of, with_colors_of

DEEP = np.dtype(np.uint16)


def colored(mean: tuple[float, float, float], spread: object, seed: int = 0) -> Picture:
    """Normal colors (100, 100, 3) of a mean and a matrix that mixes independent channels."""
    noise = np.random.default_rng(seed).standard_normal((100, 100, 3)).clip(-3, 3)
    return (np.array(mean) + noise @ np.array(spread).T).astype(np.float32)


def palette(picture: Picture) -> Palette:
    return palette_of(to_pixels(picture, DEEP))


SCENE = colored((0.5, 0.45, 0.4), [[0.1, 0.02, 0], [0.05, 0.05, 0], [0.02, 0, 0.08]])
ART = colored((0.4, 0.5, 0.6), [[0.06, 0, 0.04], [0, 0.08, 0.02], [0.01, 0, 0.09]], 1)


def test_a_palette_is_the_mean_and_covariance() -> None:
    pixels = to_pixels(SCENE, DEEP)
    values = pixels.reshape(-1, 3) / 65535
    made = palette_of(pixels)
    np.testing.assert_allclose(made.mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(made.covariance, np.cov(values.T, bias=True), rtol=1e-8)
    assert made.contrast == pytest.approx((values @ LUMA).std(), rel=1e-6)
    eight = to_pixels(SCENE, np.dtype(np.uint8))
    assert palette_of(eight) == palette_of(eight[::-1]), "sums of levels are exact in any order"


def test_a_palette_in_brighter_light() -> None:
    dark = palette(0.4 * SCENE)
    np.testing.assert_allclose(dark.brighter(2.5).mean, palette(SCENE).mean, atol=1e-4)
    np.testing.assert_allclose(dark.brighter(2.5).covariance, palette(SCENE).covariance, atol=1e-4)


def test_pictures_together_have_the_colors_of_all_their_pixels() -> None:
    joined = palette(np.concatenate([SCENE, ART, ART, ART]))
    one = mixed([palette(SCENE), palette(ART)], [0.25, 0.75])
    np.testing.assert_allclose(one.mean, joined.mean, rtol=1e-9)
    np.testing.assert_allclose(one.covariance, joined.covariance, rtol=1e-9)
    assert mixed([palette(SCENE)] * 2) == mixed([palette(SCENE)] * 2, [0.5, 0.5])


def test_a_scene_gets_the_mean_and_covariance_of_the_artwork() -> None:
    matched = palette(match(palette(SCENE), palette(ART))(SCENE))
    np.testing.assert_allclose(matched.mean, palette(ART).mean, atol=0.002)
    np.testing.assert_allclose(matched.covariance, palette(ART).covariance, atol=4e-4)


def test_a_scene_in_the_artworks_colors_stays_as_it_is() -> None:
    np.testing.assert_allclose(match(palette(ART), palette(ART))(ART), ART, atol=1e-4)


def test_normal_colors_move_by_the_optimal_transport() -> None:
    """For diagonal covariances it scales each channel by the ratio of the standard deviations."""
    scene, art = (
        Palette((0.5,) * 3, tuple(map(tuple, np.diag(np.square(s)).tolist()))) for s in ([0.1] * 3, [0.05, 0.1, 0.2])
    )
    np.testing.assert_allclose(match(scene, art).matrix, np.diag([0.5, 1, 2]), atol=0.01)


def test_gray_clips_get_the_artworks_colors_by_brightness() -> None:
    """Bright is yellow and dark is blue in the artwork: the least-squares line of its colors over brightness."""
    steps = np.linspace(0, 1, 100, dtype=np.float32)[:, None, None]
    art = (1 - steps) * np.array([0.05, 0.05, 0.3], np.float32) + steps * np.array([0.9, 0.8, 0.3], np.float32)
    gray = np.repeat(np.repeat(steps, 3, 2), 20, 1)
    duotone = match(palette(gray), palette(np.repeat(art, 20, 1)))(gray)
    np.testing.assert_allclose(duotone[30:], np.repeat(art, 20, 1)[30:], atol=0.06)


@pytest.mark.parametrize("level", [0.0, 0.02, 0.5])
def test_flat_frames_stay_as_they_are(level: float) -> None:
    flat = np.full((20, 20, 3), level, np.float32)
    np.testing.assert_allclose(match(palette(flat), palette(ART))(flat), flat, atol=0.002)


def test_dark_scenes_become_neither_fog_nor_noise() -> None:
    night = np.abs(np.random.default_rng(0).normal(0, 0.01, (90, 90, 3))).astype(np.float32)
    night[40:50, 40:50] = 0.8
    art = colored((0.5, 0.5, 0.4), np.diag([0.2] * 3), 3)
    painted = match(palette(night), palette(art))(night)
    dark = LUMA @ np.array(palette(art).mean) - 2 * palette(art).contrast
    assert painted[:30].mean() < dark + 0.02 < 0.25, "black is as dark as what is dark in the artwork"
    assert (painted[:30].std((0, 1)) < 3.5 * night[:30].std((0, 1))).all()
    assert painted[44, 44].min() > 0.8


def test_an_artwork_of_one_color_does_not_hide_the_scene() -> None:
    red = np.full((10, 10, 3), (0.6, 0.1, 0.1), np.float32)
    tinted = match(palette(SCENE), palette(red))(SCENE)
    before, after = SCENE @ LUMA, tinted @ LUMA
    assert 0.4 < after.std() / before.std() < 0.6
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.95
    chroma = tinted - after[..., None]
    assert (chroma[..., 0] > 0.1).mean() > 0.9


def test_colors_out_of_range_keep_their_hue_and_bright_detail_stays() -> None:
    strong = Recoloring(2.0 * np.eye(3), np.zeros(3))
    orange = np.array([[[0.6, 0.4, 0.2]]], np.float32)
    mapped = strong(orange)[0, 0]
    assert 0 <= mapped.min() < mapped.max() <= 1
    gray = mapped @ LUMA
    np.testing.assert_allclose(
        *(d / np.linalg.norm(d) for d in (mapped - gray, orange[0, 0] - orange[0, 0] @ LUMA)), atol=1e-3
    )
    ramp = np.repeat(np.linspace(0, 1, 200, dtype=np.float32)[None, :, None], 3, 2)
    bright = strong(ramp)[0, :, 0]
    assert np.diff(bright).min() > 0, "nothing is burnt out"
    assert bright[-1] == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(bright[:70], 2 * ramp[0, :70, 0], atol=1e-5)


def test_the_clips_colors_come_back_with_the_painted_strokes() -> None:
    clip = picture(1) * 0.5 + 0.2
    strokes = picture(2)[..., :1] * np.float32(0.2)
    gray = (clip @ LUMA).astype(np.float32)[..., None]
    painted = np.repeat(0.1 + 0.5 * (gray + strokes), 3, 2)
    deep = [to_pixels(one, np.dtype(np.uint16)) for one in (clip, painted)]
    clip, painted = map(to_picture, deep)
    gray = (clip @ LUMA).astype(np.float32)[..., None]
    restored = to_picture(with_colors_of(*deep))
    lumas = [(p @ LUMA).astype(np.float64) for p in (restored, clip, painted)]
    assert lumas[0].mean() == pytest.approx(lumas[1].mean(), abs=1e-3)
    assert lumas[0].std() == pytest.approx(lumas[1].std(), rel=0.01)
    assert np.corrcoef(lumas[0].ravel(), lumas[2].ravel())[0, 1] > 0.9999
    np.testing.assert_allclose(restored - lumas[0][..., None], clip - gray, atol=3e-5)
    np.testing.assert_array_equal(with_colors_of(*deep, 0), deep[1])
    part = to_picture(with_colors_of(*deep, 0.25))
    np.testing.assert_allclose(part, 0.75 * painted + 0.25 * restored, atol=3e-5)
    tall = [np.tile(one, (12, 1, 1)) for one in deep]
    assert len(tall[0]) > STRIP
    np.testing.assert_allclose(with_colors_of(*tall)[-len(deep[0]) :], with_colors_of(*deep), atol=1)
