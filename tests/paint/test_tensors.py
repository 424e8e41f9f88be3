import numpy as np
import torch

from videostyle.paint.tensors import resize, stack, to_pictures, to_tensor

CPU = torch.device("cpu")


def test_sixteen_bit_pixels_have_the_same_colors() -> None:
    eight = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    sixteen = eight.astype(np.uint16) * 257
    torch.testing.assert_close(to_tensor(eight, CPU), to_tensor(sixteen, CPU))


def test_pictures_come_back_clipped() -> None:
    pictures = [np.random.default_rng(seed).random((4, 5, 3), dtype=np.float32) for seed in range(2)]
    pictures[1][0, 0] = -0.5, 0.5, 1.5
    tensor = stack(pictures, CPU)
    assert tensor.shape == (2, 3, 4, 5)
    back = to_pictures(tensor)
    np.testing.assert_array_equal(back[0], pictures[0])
    np.testing.assert_array_equal(back[1], pictures[1].clip(0, 1))


def test_resize_keeps_a_flat_picture_flat() -> None:
    torch.testing.assert_close(resize(torch.full((1, 3, 50, 40), 0.3), 21, 17), torch.full((1, 3, 21, 17), 0.3))


def test_resize_to_the_same_size_changes_nothing() -> None:
    picture = torch.rand(1, 3, 20, 30) * 2
    assert resize(picture, 20, 30) is picture
