"""The windows of the training, cut and disturbed."""

from pathlib import Path

import pytest
import torch
from windows import as_tensor, cut_windows, disturbed


def test_windows_repeat(pictures: Path) -> None:
    windows = cut_windows(pictures, 7, 64, 3)
    assert windows.shape == (7, 64, 64, 3)
    assert (windows == cut_windows(pictures, 7, 64, 3)).all()
    assert (windows != cut_windows(pictures, 7, 64, 4)).any()


def test_a_share_is_disturbed_and_stays_in_range(pictures: Path) -> None:
    clean = as_tensor(cut_windows(pictures, 40, 64, 0))
    noisy = disturbed(clean, 0.5, 11)
    assert torch.equal(noisy, disturbed(clean, 0.5, 11))
    changed = (noisy != clean).flatten(1).any(1)
    assert 10 <= int(changed.sum()) <= 30
    assert float(noisy.min()) >= -0.1001
    assert float(noisy.max()) <= 1.1001
    assert torch.equal(disturbed(clean, 0.0, 11), clean)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no pictures"):
        cut_windows(tmp_path, 1, 64, 0)
