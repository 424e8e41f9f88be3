"""What a finish is; how films use it is in tests/rendering/test_finish.py."""

import numpy as np
import pytest

from videostyle.paint.finish import Finish, Finished, FinishInput


def test_a_finish_must_say_how() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Finish()  # type: ignore[abstract]


def test_the_first_frame_of_a_chunk_has_nothing_to_carry_on() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    assert FinishInput(7, pixels, (3, 2)).carry == Finished(pixels).carry == b""
