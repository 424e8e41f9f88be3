import numpy as np

from tests.paint.tasks import frame, picture
from videostyle.paint.keep import KeepPainter
from videostyle.paint.painter import Cost


def test_frames_are_kept_as_they_are_and_cost_nothing() -> None:
    painter = KeepPainter()
    tasks = [painter.task(frame(0, first=True)), painter.task(frame(1))]
    for seed, painted in enumerate(painter.paint(tasks)):
        np.testing.assert_array_equal(painted.picture, picture(seed))
        assert painted.losses == {}
        assert painted.iterations == 0
    assert painter.reach == ()
    assert painter.cost(2160, 3840) == Cost()
