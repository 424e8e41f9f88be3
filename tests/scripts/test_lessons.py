"""What the teacher sees, kept on disk."""

from pathlib import Path

import pytest
import torch
from lessons import BLOCK, Lessons


class Interrupted(Exception):
    """Stops the writing."""


def test_an_interrupted_writing_continues_and_another_key_begins_again(tmp_path: Path) -> None:
    count, seen = 3 * BLOCK - 5, list[int]()

    def pictures(start: int, stop: int) -> torch.Tensor:
        return torch.arange(start, stop).float()[:, None, None, None].expand(-1, 3, 4, 4)

    def look(start: int, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        if start == 2 * BLOCK and start not in seen:
            seen.append(start)
            raise Interrupted
        seen.append(start)
        return {"relu2_1": batch[:, :2, ::2, ::2] * 0.5}

    lessons = Lessons(tmp_path, count)
    with pytest.raises(Interrupted):
        lessons.write("one", pictures, look)
    assert lessons.done("one") == 2 * BLOCK
    lessons.write("one", pictures, look)
    assert seen == [0, BLOCK, 2 * BLOCK, 2 * BLOCK]
    chosen = torch.tensor([count - 1, 0, 17])
    assert lessons.read("pictures", chosen)[:, 0, 0, 0].tolist() == [count - 1, 0, 17]
    assert lessons.read("relu2_1", chosen).shape == (3, 2, 2, 2)
    assert lessons.read("relu2_1", chosen)[:, 0, 0, 0].tolist() == [(count - 1) / 2, 0, 8.5]
    assert lessons.done("two") == 0
    lessons.write("two", pictures, look)
    assert lessons.done("two") == count
