"""Shared by the tests of engines."""

import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend
from tests.rendering.jobs import frames_in, plan_of, rendered
from tests.rendering.workers.engines import SCENES
from videostyle.frames import Clip
from videostyle.media.read.probe import probe


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", moving_scenes(SCENES)))


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The frames of the clip, painted in one process."""
    job = tmp_path_factory.mktemp("whole") / "job"
    rendered(plan_of(clip, SCENES), job, Blend())
    return frames_in(job)
