import numpy as np
import pytest

from videostyle.frames import Pixels, to_picture
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.judge import Judge
from videostyle.settings import StyleSettings


@pytest.fixture(scope="module")
def art() -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (80, 96, 3), dtype=np.uint8)


def test_the_artwork_has_distance_zero_from_itself(art: Pixels) -> None:
    judge = Judge(load_backbone("compact"), [art], StyleSettings())
    near = judge.style_distance(to_picture(art))
    far = judge.style_distance(np.full((80, 96, 3), 0.5, np.float32))
    assert set(near) == set(far) == set(load_backbone("compact").default_style)
    assert max(near.values()) < 1e-9
    assert min(far.values()) > 1e-2


def test_content_distance_grows_with_the_change(art: Pixels) -> None:
    judge = Judge(load_backbone("compact"), [art], StyleSettings())
    content = to_picture(art)
    noise = np.random.default_rng(4).normal(0, 1, content.shape).astype(np.float32)
    distances = [judge.content_distance(np.clip(content + size * noise, 0, 1), content) for size in (0, 0.02, 0.2)]
    assert distances[0] == 0
    assert distances[0] < distances[1] < distances[2]


def test_pictures_below_the_smallest_size_are_enlarged_and_judged(art: Pixels) -> None:
    small = art[:6, :6]
    judge = Judge(load_backbone("compact"), [small], StyleSettings())
    near, far = (judge.style_distance(to_picture(picture)) for picture in (small, np.zeros_like(small)))
    assert all(near[layer] < far[layer] for layer in near)


def test_patches_are_compared_at_the_size_of_the_picture(art: Pixels) -> None:
    judge = Judge(load_backbone("compact"), [art], StyleSettings())
    assert judge.patch_distance(to_picture(art)) == 0
    assert judge.patch_distance(np.full((80, 96, 3), 0.5, np.float32)) > 0.5
