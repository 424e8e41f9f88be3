"""Shared by the tests of plans."""

import pytest

from tests.clips import moving_scenes, write_clip
from videostyle.frames import Clip
from videostyle.media.read.probe import probe


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A clip of two scenes, of 14 and 12 frames."""
    return probe(write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", moving_scenes((14, 12))))
