"""The interface of finishes; tests/rendering/test_finish.py tests how films use them."""

import numpy as np
import pytest

from videostyle.paint.finish import Finish, Finished, FinishInput
from videostyle.paint.painter import Cost


def test_a_finish_must_define_finish() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Finish()  # type: ignore[abstract]


def test_the_first_frame_of_a_chunk_carries_nothing() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    assert FinishInput(7, pixels, (3, 2)).carry == Finished(pixels).carry == b""


def test_a_finish_wants_no_motion_and_costs_nothing_unless_it_says_so() -> None:
    class Same(Finish):
        def finish(self, frame: FinishInput) -> Finished:
            return Finished(frame.painted)

    assert Same().sees((640, 360)) is None
    assert Same().cost((640, 360), (1280, 720)) == Cost()
