"""The interface of finishes; tests/rendering/test_finish.py tests how films use them."""

import numpy as np
import pytest

from videostyle.frames import Pixels
from videostyle.paint.finish import Finish, FinishInput
from videostyle.paint.painter import Cost, OnStep


def test_a_finish_must_define_its_picture() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Finish()  # type: ignore[abstract]


def test_the_first_frame_of_a_chunk_carries_nothing() -> None:
    assert FinishInput(7, np.zeros((2, 3, 3), np.uint8)).carry == b""


def test_a_finish_carries_nothing_wants_no_motion_and_costs_nothing_unless_it_says_so() -> None:
    class Same(Finish):
        def picture(
            self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None
        ) -> Pixels:
            return painted

    assert not Same().carries((640, 360), (1280, 720))
    assert Same().carry(FinishInput(7, np.zeros((2, 3, 3), np.uint8))) == b""
    assert Same().sees((640, 360)) is None
    assert Same().cost((640, 360), (1280, 720)) == Cost()
