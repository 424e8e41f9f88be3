"""What the tests of the scripts share."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.scripts.training import write_teacher


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Random pictures repeat."""
    torch.manual_seed(0)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three pictures, one of them smaller than a window, and a file that is not a picture."""
    folder, rng = tmp_path / "pictures", np.random.default_rng(0)
    folder.mkdir()
    for name, size in (("a.png", (8, 9)), ("b.jpg", (12, 7)), ("c.png", (3, 3))):
        picture = Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        picture.resize((size[1] * 16, size[0] * 16)).save(folder / name)
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A file with VGG-19's convolutions up to conv3_1."""
    return write_teacher(tmp_path / "teacher.safetensors")
