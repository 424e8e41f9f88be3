"""Scores as JSON and as a table."""

import json
import math

from videostyle.scores import Scores

SCORES = Scores(
    flicker=3.21, flicker_source=1.5, style_distance={"relu1_1": 0.01, "relu2_1": 0.2},
    style_distance_half={"relu1_1": 0.02, "relu2_1": 0.1}, patch_distance=0.41, patch_distance_half=0.32,
    content_distance=0.3, content_distance_half=0.25, sharpness=12.5, sharpness_source=8.0, drift_mean=-4.5,
    drift_spread=0.25, seam=math.nan, light=7.5, frames=48,
)  # fmt: skip


def test_table_has_a_line_per_score() -> None:
    lines = SCORES.table().splitlines()
    assert lines[0].split() == ["frames", "48"]
    assert sum("relu2_1" in line for line in lines) == 2, "at the film's size and at half of it"
    assert [line.split()[2] for line in lines if line.startswith("patch distance")] == ["0.41"]
    assert next(line for line in lines if line.startswith("sharpness ")).split()[1] == "12.5"
    assert lines[-2].split()[:2] == ["seam", "-"]
    assert lines[-1].split()[:2] == ["light", "7.5"]


def test_json_has_null_for_what_was_not_measured() -> None:
    stored = json.loads(json.dumps(SCORES.as_dict(), allow_nan=False))
    assert stored["seam"] is None
    assert stored["style_distance_half"] == {"relu1_1": 0.02, "relu2_1": 0.1}
    assert stored["patch_distance_half"] == 0.32
