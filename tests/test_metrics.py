"""Scores of films whose flicker, drift and seams are known."""

import json
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from videostyle.errors import SettingsError
from videostyle.frames import Frame, Motion, Picture, Pixels, to_picture
from videostyle.metrics import JUDGED_EVERY, halved, over_time, score, sharpness_of
from videostyle.motion.flow import estimate
from videostyle.scores import Scores
from videostyle.settings import FlowSettings

DIS = FlowSettings(method="dis")
HEIGHT, WIDTH = 96, 128


class Colors:
    """Judges by mean color, and counts how often it is called."""

    def __init__(self) -> None:
        self.asked = 0

    def style_distance(self, picture: Picture) -> dict[str, float]:
        self.asked += 1
        return {"red": float(picture[..., 0].mean()), "blue": float(picture[..., 2].mean())}

    def content_distance(self, picture: Picture, content: Picture) -> float:
        assert picture.shape == content.shape
        return float(np.abs(picture - content).mean())

    def patch_distance(self, picture: Picture) -> float:
        return float(picture[..., 1].mean())


def texture(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)), (0, 0), 1.5)
    noise = (noise - noise.min()) / (noise.max() - noise.min())
    return np.rint(60 + 130 * noise).astype(np.uint8)


def frames(pictures: Sequence[Pixels]) -> Iterator[Frame]:
    for number, pixels in enumerate(pictures):
        yield Frame(number, Fraction(number, 25), pixels)


def noisy(pictures: Sequence[Pixels], sigma: float | Sequence[float]) -> list[Pixels]:
    rng = np.random.default_rng(7)
    each = np.broadcast_to(np.asarray(sigma, float), len(pictures))
    return [
        np.clip(np.rint(p + rng.normal(0, s, p.shape)), 0, 255).astype(np.uint8)
        for p, s in zip(pictures, each, strict=True)
    ]


def measured(source: Sequence[Pixels], film: Sequence[Pixels], cuts: Sequence[int] = ()) -> Scores:
    return score(frames(source), frames(film), Colors(), cuts, DIS)


def pan(length: int, step: int = 3) -> list[Pixels]:
    world = texture(width=WIDTH + step * length)
    return [world[:, step * i : step * i + WIDTH].copy() for i in range(length)]


def test_noise_on_a_static_clip_flickers_by_sqrt_2_sigma() -> None:
    still = [texture()] * 9
    scores = measured(still, noisy(still, 6.0))
    assert scores.flicker == pytest.approx(6 * math.sqrt(2), rel=0.03)
    assert scores.flicker_source == 0
    assert scores.frames == 9


def test_noise_is_measured_along_the_motion() -> None:
    source = pan(8)
    scores = measured(source, noisy(source, 6.0))
    assert scores.flicker == pytest.approx(6 * math.sqrt(2), rel=0.1)
    assert scores.flicker_source < 1


def test_a_frozen_film_flickers_where_the_source_moves() -> None:
    source = pan(8)
    frozen = measured(source, [source[0]] * 8)
    assert frozen.flicker > 5
    assert measured([source[0]] * 8, [texture(1)] * 8).flicker == 0


def test_pairs_across_cuts_are_skipped() -> None:
    film = [texture(0)] * 5 + [texture(1)] * 5
    source = [texture(2)] * 10
    assert measured(source, film).flicker > 1
    assert measured(source, film, cuts=(5,)).flicker == 0


@pytest.mark.parametrize("per_frame", [0.5, -1.0])
def test_drift_is_the_slope_of_a_brightening_film(per_frame: float) -> None:
    source = [texture()] * 21
    film = [np.clip(np.rint(p + per_frame * i), 0, 255).astype(np.uint8) for i, p in enumerate(source)]
    scores = measured(source, film)
    assert scores.drift_mean == pytest.approx(100 * per_frame, rel=0.03)
    assert scores.drift_spread == pytest.approx(0, abs=0.5)


def test_drift_of_the_spread() -> None:
    source = [texture()] * 21
    middle = source[0].mean((0, 1))
    film = [
        np.clip(np.rint(middle + (p - middle) * (1 + i / 40)), 0, 255).astype(np.uint8) for i, p in enumerate(source)
    ]
    scores = measured(source, film)
    luma = source[0] @ [0.2126, 0.7152, 0.0722]
    assert scores.drift_spread == pytest.approx(100 * luma.std() / 40, rel=0.05)
    assert scores.drift_mean == pytest.approx(0, abs=3)


def test_drift_restarts_in_every_scene() -> None:
    source = [texture()] * 10 + [texture(1)] * 10
    film = [(p + i % 10).astype(np.uint8) for i, p in enumerate(source)]
    assert measured(source, film, cuts=(10,)).drift_mean == pytest.approx(100, rel=0.01)


def test_changes_of_the_source_itself_are_not_drift() -> None:
    source = [(texture() + i).astype(np.uint8) for i in range(12)]
    assert measured(source, source).drift_mean == 0


def test_drift_is_not_measured_if_everything_moves() -> None:
    source = pan(6)
    assert math.isnan(measured(source, source).drift_mean)


def test_light_is_how_the_films_brightness_follows_the_clips() -> None:
    gains = np.array([1, 0.75, 0.5, 0.25])
    source = [np.full((HEIGHT, WIDTH, 3), 200 * gain).astype(np.uint8) for gain in gains]
    night = [np.full((HEIGHT, WIDTH, 3), 10, np.uint8)] * 4
    assert measured(source, [picture // 2 for picture in source]).light == pytest.approx(0, abs=0.5)
    assert measured(source, [source[0]] * 4).light == pytest.approx(np.abs(200 - 320 * gains).mean(), abs=1)
    assert measured(night, [source[0]] * 4).light == pytest.approx(200 - 2 * 10, abs=1)


def test_a_jump_after_the_first_frame_of_a_scene_is_a_seam() -> None:
    source = [texture()] * 16
    steady = noisy(source, 4.0)
    assert measured(source, steady, cuts=(8,)).seam == pytest.approx(1, abs=0.1)
    rough = noisy(source, [16.0 if i in (0, 8) else 4.0 for i in range(16)])
    expected = math.sqrt((16**2 + 4**2) / (2 * 4**2))
    assert measured(source, rough, cuts=(8,)).seam == pytest.approx(expected, rel=0.1)


def test_the_network_sees_every_eighth_frame() -> None:
    film = [np.full((HEIGHT, WIDTH, 3), 10 * (i // JUDGED_EVERY), np.uint8) for i in range(2 * JUDGED_EVERY + 1)]
    judge = Colors()
    scores = score(frames(film), frames(film), judge, (), DIS)
    assert judge.asked == 2 * 3, "at its size and at half of it"
    assert scores.style_distance == pytest.approx({"red": 10 / 255, "blue": 10 / 255})
    assert scores.content_distance == 0


def test_the_source_is_converted_to_the_size_and_depth_of_the_film() -> None:
    source = [texture(height=2 * HEIGHT, width=2 * WIDTH)] * 3
    film: list[Pixels] = [cv2.resize(p, (WIDTH, HEIGHT)).astype(np.uint16) * 257 for p in source]
    scores = measured(source, film)
    assert scores.flicker == 0
    assert scores.content_distance < 0.05


def test_plain_areas_are_not_assumed_to_move_with_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[bool]()

    def spy(*arguments: Any, plain: bool) -> Motion:
        asked.append(plain)
        return estimate(*arguments, plain=plain)

    monkeypatch.setattr("videostyle.metrics.estimate", spy)
    measured([texture()] * 2, [texture()] * 2)
    assert asked == [False]


def test_different_lengths_are_refused() -> None:
    for lengths in ((4, 3), (3, 4)):
        with pytest.raises(SettingsError, match="different numbers of frames"):
            measured([texture()] * lengths[0], [texture()] * lengths[1])
    with pytest.raises(SettingsError, match="no frames"):
        measured([], [])


def test_one_frame_has_no_flicker_and_no_nan_in_json() -> None:
    scores = measured([texture()], [texture(1)])
    figures = json.loads(json.dumps(scores.as_dict(), allow_nan=False))
    assert figures["flicker"] is None
    assert figures["seam"] is None
    assert figures["frames"] == 1
    assert figures["style_distance"].keys() == {"red", "blue"}
    assert figures["content_distance"] > 0


def test_sharpness_falls_with_a_blur_as_its_transfer_function_says() -> None:
    """A wave is blurred by exp(-(w s)^2 / 2); its Laplacian is linear, so the sharpness falls by the same factor."""
    wave = np.sin(0.8 * np.arange(256))[None, :, None] * np.full((64, 1, 3), 0.4) + 0.5
    blurred = np.stack(
        [cv2.GaussianBlur(wave[..., c], (0, 0), 1.5, borderType=cv2.BORDER_REFLECT) for c in range(3)], -1
    )
    sharp, soft = (sharpness_of(p[:, 16:-16].astype(np.float32)) for p in (wave, blurred))
    assert sharp == pytest.approx(255 * 0.4 * (2 - 2 * math.cos(0.8)) * 2 / math.pi, rel=0.03)
    assert soft / sharp == pytest.approx(math.exp(-((0.8 * 1.5) ** 2) / 2), rel=0.03)


def test_the_sharpness_of_film_and_source_is_measured() -> None:
    sharp, soft = texture(), cv2.GaussianBlur(texture(), (0, 0), 2.0)
    scores = measured([sharp] * 2, [np.asarray(soft, np.uint8)] * 2)
    assert scores.sharpness_source == pytest.approx(sharpness_of(to_picture(sharp)))
    assert scores.sharpness == pytest.approx(sharpness_of(to_picture(np.asarray(soft, np.uint8))))
    assert scores.sharpness < 0.5 * scores.sharpness_source


def test_half_the_size_is_the_mean_of_four_pixels() -> None:
    picture = to_picture(texture(height=7, width=9))
    expected = cv2.resize(picture[:6, :8], (4, 3), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(halved(picture), expected, atol=1e-6)
    assert halved(picture[:1, :1]).shape == (1, 1, 3)


def test_the_judge_sees_both_sizes() -> None:
    seen = list[tuple[int, ...]]()

    class Sizes(Colors):
        def patch_distance(self, picture: Picture) -> float:
            seen.append(picture.shape)
            return float(picture.shape[0])

    scores = score(frames([texture()] * 2), frames([texture()] * 2), Sizes(), (), DIS)
    assert seen == [(HEIGHT, WIDTH, 3), (HEIGHT // 2, WIDTH // 2, 3)]
    assert (scores.patch_distance, scores.patch_distance_half) == (HEIGHT, HEIGHT // 2)


def test_flicker_and_light_frame_by_frame_agree_with_the_scores() -> None:
    clip = noisy([texture()] * 4 + [texture(1)] * 4, 1)
    film = noisy([pixels + np.uint8(20) for pixels in clip], 4)
    moments = list(over_time(frames(clip), frames(film), [4], DIS))
    scores = score(frames(clip), frames(film), Colors(), [4], DIS)
    assert [moment.frame for moment in moments] == list(range(8))
    assert [moment.frame for moment in moments if math.isnan(moment.flicker)] == [0, 4]
    assert np.nanmean([moment.flicker for moment in moments]) == pytest.approx(scores.flicker)
    assert np.nanmean([moment.flicker_source for moment in moments]) == pytest.approx(scores.flicker_source)
    assert all(moment.light - moment.light_source == pytest.approx(20, abs=0.5) for moment in moments)
