"""The exact sequences: frames that their own flow explains."""

from pathlib import Path

import numpy as np
import pytest
import temporal_clips
from temporal_clips import MOVES, Sample, load

from tests.clips import moving_scenes
from videostyle.frames import FrameRange, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.motion.flow import warp

SHARED = Path(__file__).parents[2] / "../shared"


def test_clips_are_written_without_loss(tmp_path: Path) -> None:
    pictures = moving_scenes((3,))
    clip = probe(temporal_clips.write_clip(tmp_path / "clip.mkv", pictures))
    read = [frame.pixels for frame in decode(clip, FrameRange(0, 3))]
    np.testing.assert_array_equal(read, pictures)
    assert Sample("exact", tmp_path / "clip.mkv").name == "clip"


@pytest.mark.parametrize("name", ["fast", "zoom", "blur"])
def test_exact_flow_explains_the_frames(name: str) -> None:
    path = SHARED / "data" / "make_synthetic.py"
    if not path.exists():
        pytest.skip("the shared script that generates sequences with exact flow is missing")
    script = load(path)
    photo = script.load_photo(str(SHARED / "data" / "photos" / "kodim13.png"), 0.9)
    pictures, truth = temporal_clips._camera(script, photo, MOVES[name], 1)
    flow, valid = truth[-1]
    warped, _ = warp(to_picture(pictures[-2]), flow)
    error = np.abs(warped - to_picture(pictures[-1])).mean(-1)
    assert valid.mean() > 0.8
    assert 255 * error[valid].mean() < 2
    assert 255 * np.abs(to_picture(pictures[-2]) - to_picture(pictures[-1])).mean() > 8
